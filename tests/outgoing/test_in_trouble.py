"""What becomes of what is to be told when sending goes wrong, or is held up by a person."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.errors import Throttled
from domain.jobs import JobState
from tests.outgoing.office import ENDPOINTS, PATIENT, Office, office, receiver
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

    office.pass_time(minutes=6)
    assert office.ripe() == 1
    assert office.work() is JobState.DEAD

    assert office.ripe() == 0


def test_what_was_held_back_by_a_pause_is_told_after_it(office: Office) -> None:
    office.receiver.statuses = [500]
    office.change(PATIENT)
    office.tell()
    office.act("pause")
    office.change("Bao Placeholder")
    office.act("resume")

    assert office.tell() == {"told": 1}

    ids = {str(office.site.ids[one]) for one in (PATIENT, "Bao Placeholder")}
    assert set(office.receiver.bodies[-1]["data"]["ids"]) == ids


def test_whoever_mended_a_program_has_it_told_at_once(office: Office) -> None:
    office.receiver.statuses = [500]
    office.change(PATIENT)
    assert isinstance(office.tell(), Throttled)

    office.act("resume")

    assert office.carry() == {"told": 1}


def test_what_a_disabled_endpoint_did_not_take_is_told_once_it_is_resumed(office: Office) -> None:
    office.receiver.statuses = [410]
    office.change(PATIENT)
    office.tell()
    office.act("resume")

    assert office.tell() == {"told": 1}

    assert office.receiver.bodies[-1]["data"]["ids"] == [str(office.site.ids[PATIENT])]


def test_what_was_taken_once_and_is_dropped_when_sent_again_is_not_news(office: Office) -> None:
    office.change(PATIENT)
    office.tell()
    (one,) = office.messages()
    office.done("POST", f"/messages/{one['id']}/redeliver")
    office.act("pause")
    office.act("resume")

    assert office.ripe() == 0


@pytest.mark.parametrize("status", [500, 410])
def test_a_pause_while_a_try_is_under_way_holds(office: Office, status: int) -> None:
    office.receiver.statuses = [status]
    office.receiver.meanwhile = lambda: office.act("pause")
    office.change(PATIENT)

    assert office.tell() == {"told": 0, "stopped": True}

    shown, (one,) = office.shown(), office.messages()
    assert (shown["state"], shown["failing_since"]) == ("paused", None)
    assert (one["state"], one["reason"]) == ("failed", "The endpoint was paused.")


def test_days_of_failing_are_counted_from_a_resumption(office: Office) -> None:
    def anew() -> None:
        office.act("pause")
        office.act("resume")

    office.receiver.statuses = [500, 500]
    office.change(PATIENT)
    office.tell()
    office.site.clock.now = NOW + timedelta(days=5)
    office.receiver.meanwhile = anew

    assert isinstance(office.carry(), Throttled)

    assert office.shown()["state"] == "active"


def test_a_secret_holds_for_its_day_however_often_it_is_changed_within(office: Office) -> None:
    second = office.act("rotate")["secret"]
    office.site.clock.now = NOW + timedelta(hours=1)
    third = office.act("rotate")["secret"]
    office.change(PATIENT)
    office.tell()
    assert all(office.receiver.is_genuine(one) for one in (office.secret, second, third))

    office.site.clock.now = NOW + timedelta(hours=24)
    office.change(PATIENT)
    office.tell()
    assert not office.receiver.is_genuine(office.secret)
    assert all(office.receiver.is_genuine(one) for one in (second, third))


def test_a_secret_that_is_changed_all_day_long_is_refused_in_a_sentence(office: Office) -> None:
    for _ in range(8):
        office.act("rotate")

    answer = office.ask("POST", f"/{office.endpoint}/rotate")

    assert answer.status_code == 422
    assert "tomorrow" in answer.json()["detail"]


def test_a_request_whose_answer_was_lost_is_told_the_same_secret(office: Office) -> None:
    keyed = {**office.site.bearer(), "Idempotency-Key": "one"}
    wanted, client = {"url": office.receiver.address}, office.site.client

    added = [client.post(ENDPOINTS, headers=keyed, json=wanted).json() for _ in range(2)]
    changed = [
        client.post(f"{ENDPOINTS}/{office.endpoint}/rotate", headers=keyed).json() for _ in range(2)
    ]

    assert added[0] == added[1]
    assert changed[0] == changed[1]
    assert len(office.done("GET")["endpoints"]) == 2


def test_an_endpoint_that_is_one_too_many_leaves_no_secret(office: Office) -> None:
    for _ in range(19):
        office.done("POST", json={"url": office.receiver.address})

    assert office.ask("POST", json={"url": office.receiver.address}).status_code == 422

    assert len(office.site.ports.secrets.kept) == 20  # type: ignore[attr-defined]
