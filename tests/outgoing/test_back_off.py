"""What goes wrong for one endpoint is tried less and less often, is told, and holds up no other."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import text

from adapters.storage.jobs.parked import fail_tellings
from domain.errors import FenceLost, Throttled
from domain.jobs import JobState
from infra.database import dispatch
from scheduler.sweep import sweep
from tests.outgoing.office import PATIENT, Office, office, receiver
from tests.producers.conftest import engine, make_site, site
from tests.producers.seeding import NOW

__all__ = ["engine", "make_site", "office", "receiver", "site"]

pytestmark = pytest.mark.integration

OUR_FAULT = "It could not be sent through a fault of ours."


def run(office: Office, statement: str) -> None:
    with office.site.everything() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text(statement))


def unwritable(office: Office) -> None:
    """Something is changed of which no message can be made."""
    office.change(PATIENT)
    run(office, "UPDATE run_sheet_appointments SET timezone = 'Nowhere/Else'")


def dies(office: Office) -> None:
    """The job is put, and every worker that takes it is killed."""
    assert office.ripe() == 1
    run(
        office,
        """
        UPDATE jobs SET state = 'running', crashes = 3, lease_until = now() - interval '1 minute'
        WHERE kind = 'tell_endpoint' AND state = 'ready'
        """,
    )
    database = office.site.ports.database
    sweep(database, gave_up=lambda ids: fail_tellings(database, ids, clock=office.site.clock))


def test_what_cannot_be_put_together_is_tried_less_and_less_and_told(office: Office) -> None:
    unwritable(office)
    assert office.ripe() == 1
    assert office.work() is JobState.DEAD

    (one,) = office.messages()
    assert (one["state"], one["attempts"], one["reason"]) == ("due", 1, OUR_FAULT)
    assert office.shown()["failing_since"] is not None
    office.site.clock.now += timedelta(seconds=2)
    assert office.ripe() == 0  # nor at any tick that follows
    for tries in (2, 3, 4):
        office.pass_time(hours=1)
        assert office.ripe() == 1
        assert office.work() is JobState.DEAD
        assert [one["attempts"] for one in office.messages()] == [tries]
    office.pass_time(minutes=10)
    assert office.ripe() == 0  # by now half an hour is waited

    run(office, "UPDATE run_sheet_appointments SET timezone = 'Australia/Melbourne'")
    office.pass_time(hours=1)
    assert office.ripe() == 1
    assert office.work() is JobState.DONE

    (body,) = office.receiver.bodies
    assert body["data"]["ids"] == [str(office.site.ids[PATIENT])]
    (told,) = office.messages()
    assert (told["id"], told["state"]) == (one["id"], "delivered")
    assert office.shown()["failing_since"] is None


def test_what_could_not_be_put_together_is_told_after_a_pause(office: Office) -> None:
    unwritable(office)
    office.ripe()
    office.work()
    office.act("pause")
    run(office, "UPDATE run_sheet_appointments SET timezone = 'Australia/Melbourne'")
    office.act("resume")
    office.pass_time(minutes=6)

    assert office.tell() == {"told": 1}


def test_what_kills_each_worker_is_a_try_that_failed_and_no_job_at_each_tick(
    office: Office,
) -> None:
    office.change(PATIENT)
    dies(office)

    (one,) = office.messages()
    assert (one["attempts"], one["reason"]) == (1, OUR_FAULT)
    assert office.ripe() == 0
    office.pass_time(minutes=6)
    assert office.tell() == {"told": 1}


def test_a_fault_of_ours_disables_nobody_and_shortens_nobodys_days(office: Office) -> None:
    office.change(PATIENT)
    dies(office)
    office.pass_time(days=6)
    dies(office)
    assert office.shown()["state"] == "active"
    office.pass_time(days=1)
    office.receiver.statuses = [500]

    assert isinstance(office.tell(), Throttled)

    assert office.shown()["state"] == "active"


def test_an_endpoint_that_somebody_holds_keeps_no_other_waiting(office: Office) -> None:
    other = office.done("POST", json={"url": office.receiver.address})["id"]
    office.change(PATIENT)

    with dispatch(office.site.ports.database) as db:
        db.execute(text("SELECT FROM webhook_endpoints WHERE id = :id FOR UPDATE"), {"id": other})
        assert office.ripe() == 1


def test_a_test_that_is_refused_is_tried_once_and_holds_up_no_change(office: Office) -> None:
    office.receiver.statuses = [400]
    office.act("test")
    assert isinstance(office.carry(), Throttled)

    assert office.carry() == {"told": 0}

    (one,) = office.messages()
    assert (one["state"], one["attempts"]) == ("failed", 1)
    assert office.shown()["failing_since"] is None
    office.change(PATIENT)
    assert office.tell() == {"told": 1}


def test_what_was_taken_before_and_is_now_refused_holds_up_no_change(office: Office) -> None:
    office.change(PATIENT)
    office.tell()
    (one,) = office.messages()
    office.receiver.statuses = [409]
    office.done("POST", f"/messages/{one['id']}/redeliver")
    office.carry()

    office.change("Bao Placeholder")

    assert office.tell() == {"told": 1}
    assert office.shown()["failing_since"] is None


def test_what_is_sent_again_after_many_tries_begins_with_short_pauses(office: Office) -> None:
    office.receiver.statuses = [410, 500]
    office.change(PATIENT)
    office.tell()
    run(office, "UPDATE webhook_messages SET attempts = 14")
    office.act("resume")
    (one,) = office.messages()
    office.done("POST", f"/messages/{one['id']}/redeliver")

    wait = office.carry()

    assert isinstance(wait, Throttled)
    assert wait.until == NOW + timedelta(seconds=5)


def test_a_test_hurries_nothing_whose_turn_is_later(office: Office) -> None:
    office.receiver.statuses = [500, 500]
    office.change(PATIENT)
    office.tell()
    office.site.clock.now = NOW + timedelta(seconds=5)
    assert isinstance(office.carry(), Throttled)
    office.act("test")

    wait = office.carry()

    assert isinstance(wait, Throttled)
    assert wait.until == NOW + timedelta(seconds=65)
    assert [one["type"] for one in office.receiver.bodies] == [*["run_sheet.changed"] * 2, "test"]


@pytest.mark.parametrize("status", [204, 500])
def test_a_worker_whose_job_is_anothers_by_now_writes_nothing(office: Office, status: int) -> None:
    office.receiver.statuses = [status]
    office.receiver.meanwhile = lambda: run(office, "UPDATE jobs SET fence = fence + 1")
    office.change(PATIENT)

    with pytest.raises(FenceLost):
        office.tell()

    (one,) = office.messages()
    assert (one["state"], one["attempts"]) == ("due", 0)
    assert office.shown()["failing_since"] is None


@pytest.mark.parametrize(
    ("says", "headers"),
    [
        (b"x" * 300_000, {}),
        (b"packed", {"Content-Encoding": "br"}),
        (b"torn", {"Content-Length": "4000"}),
        (b"", {"Content-Type": "nothing/of=interest;"}),
    ],
    ids=["long", "packed", "broken off", "odd"],
)
def test_whatever_comes_with_a_success_it_is_one(
    office: Office, says: bytes, headers: dict[str, str]
) -> None:
    office.receiver.statuses = [200]
    office.receiver.says, office.receiver.headers = says, headers
    office.change(PATIENT)

    assert office.tell() == {"told": 1}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("told", "pause"),
    [
        ("600", timedelta(minutes=10)),
        (format_datetime(NOW + timedelta(minutes=10), usegmt=True), timedelta(minutes=10)),
        ("9" * 30, timedelta(hours=12)),
        ("1", timedelta(seconds=5)),
        ("soon", timedelta(seconds=5)),
    ],
    ids=["seconds", "a date", "beyond reason", "sooner than we would", "unreadable"],
)
def test_an_endpoint_is_left_alone_for_as_long_as_it_asks(
    office: Office, status: int, told: str, pause: timedelta
) -> None:
    office.receiver.statuses, office.receiver.headers = [status], {"Retry-After": told}
    office.receiver.clock = NOW.timestamp
    office.change(PATIENT)

    wait = office.tell()

    assert isinstance(wait, Throttled)
    assert wait.until == NOW + pause
    office.site.clock.now = wait.until
    assert office.carry() == {"told": 1}


def test_a_fault_that_names_a_time_is_tried_again_as_any_other(office: Office) -> None:
    office.receiver.statuses, office.receiver.headers = [500], {"Retry-After": "600"}
    office.change(PATIENT)

    wait = office.tell()

    assert isinstance(wait, Throttled)
    assert wait.until == NOW + timedelta(seconds=5)
