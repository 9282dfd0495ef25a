"""What becomes of what is to be told when sending goes wrong, or is held up by a person."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import Throttled
from domain.jobs import JobState
from tests.outgoing.office import PATIENT, Office, office, receiver
from tests.producers.conftest import engine, make_site, site
from tests.producers.seeding import NOW

__all__ = ["engine", "make_site", "office", "receiver", "site"]

pytestmark = pytest.mark.integration


def test_an_address_that_was_taken_before_and_is_none_is_a_try_that_failed(office: Office) -> None:
    with office.site.everything() as db:
        db.execute(text("UPDATE webhook_endpoints SET url = 'https://hooks..example.com/x'"))
    office.change(PATIENT)

    assert isinstance(office.tell(), Throttled)
    (one,) = office.messages()
    assert "no name" in one["reason"]


def test_a_name_of_other_letters_is_asked_for_as_it_is_spelt(office: Office) -> None:
    office.done("DELETE", f"/{office.endpoint}")
    url = "https://xn--mnchen-3ya.invalid/hook"
    office.endpoint = office.done("POST", json={"url": url})["id"]
    office.change(PATIENT)

    assert isinstance(office.tell(), Throttled)
    (one,) = office.messages()
    assert "cannot be reached" in one["reason"]


def test_a_crash_in_sending_is_a_try_that_failed_and_no_job_at_each_tick(office: Office) -> None:
    with office.site.everything() as db:
        ref = db.execute(text("SELECT secret_ref FROM webhook_endpoints")).scalar_one()
    office.site.ports.secrets.replace(ref, {"secret": "whsec_A"})
    office.change(PATIENT)
    office.ripe()
    assert office.work() is JobState.DEAD
    (one,) = office.messages()
    assert (one["attempts"], one["reason"]) == (1, "It could not be sent through a fault of ours.")
    assert office.shown()["failing_since"] is not None

    office.site.clock.now = NOW + timedelta(minutes=6)
    assert office.ripe() == 1
    assert office.work() is JobState.DEAD

    assert office.ripe() == 0
