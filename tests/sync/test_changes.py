"""Between whole passes only what changed is asked for, and nothing is lost by it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import redis

from domain.connections import Connection
from domain.errors import Refused
from domain.sources import AppointmentSource, Page, Query
from tests.sync.following import Followed, followed

pytestmark = pytest.mark.integration


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Followed]:
    """Read whole once, twenty minutes ago."""
    with followed(database_url, redis_client) as made:
        assert made.scheduled()["sync_type"] == "full"
        made.let_pass(20)
        yield made


@dataclass
class Refusing:
    """A PMS that takes no mark."""

    source: AppointmentSource

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        if not query.complete:
            raise Refused("Halaxy: GET /main/Appointment answered 422")
        return self.source.pages(query, resume=resume)


@dataclass
class Barred(Refusing):
    """A PMS that does not let us read its book."""

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        raise Refused("Halaxy: GET /main/Appointment answered 422")


@dataclass
class Unfinished(Refusing):
    """A PMS that says that it has not told all, and leaves one out."""

    hidden: str = ""

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        for page in self.source.pages(query, resume=resume):
            told = [one for one in page.records if one.pms_id != self.hidden]
            yield replace(page, records=told, is_partial=True)


def change(clinic: Followed, pms_id: str, **action: Any) -> None:
    clinic.control(f"appointments/{pms_id}", **action)


def test_after_a_whole_pass_only_what_changed_is_fetched(clinic: Followed) -> None:
    pms_id = clinic.somebody()
    change(clinic, pms_id, action="cancel")

    run = clinic.scheduled()

    assert (run["status"], run["sync_type"], run["updated"]) == ("success", "incremental", 1)
    # The change, and those whose time is now or soon: these may change by the clock alone.
    assert run["fetched"] < len(clinic.truth()) / 2
    assert clinic.shown()[pms_id]["status"] == "cancelled"
    assert any("_lastUpdated" in one for one in clinic.asked()[-2:])


def test_a_success_with_changes_only_keeps_the_promise_of_freshness(clinic: Followed) -> None:
    before = clinic.connection()

    clinic.scheduled()

    after = clinic.connection()
    assert after["last_sync_at"] > before["last_sync_at"] + timedelta(minutes=19)
    assert after["last_full_at"] == before["last_full_at"]


def test_after_an_hour_the_days_are_read_whole_again(clinic: Followed) -> None:
    assert clinic.scheduled()["sync_type"] == "incremental"
    clinic.let_pass(40)

    run = clinic.scheduled()

    assert run["sync_type"] == "full"
    clinic.let_pass(10)
    assert clinic.scheduled()["sync_type"] == "incremental"


def test_a_deletion_is_found_by_the_next_whole_pass_and_by_no_other(clinic: Followed) -> None:
    pms_id = clinic.somebody()
    change(clinic, pms_id, action="delete")

    changes = clinic.scheduled()
    assert (changes["removed"], pms_id in clinic.shown()) == (0, True)

    clinic.let_pass(60)
    whole = clinic.scheduled()
    assert (whole["removed"], pms_id in clinic.shown()) == (1, False)


def test_an_appointment_that_left_the_days_is_never_lost(clinic: Followed) -> None:
    pms_id = clinic.somebody()
    start = clinic.shown()[pms_id]["start"] + timedelta(days=8)
    change(clinic, pms_id, action="reschedule", start_utc=start.isoformat())

    assert clinic.scheduled()["removed"] == 0
    clinic.let_pass(60)
    assert clinic.scheduled()["removed"] == 0

    assert clinic.shown()[pms_id]["start"] == start


def test_a_patients_new_name_comes_with_the_next_whole_pass(clinic: Followed) -> None:
    pms_id = clinic.somebody()
    change(clinic, pms_id, action="rename", last="Sample-Example")

    clinic.scheduled()
    clinic.let_pass(60)
    clinic.scheduled()

    assert clinic.shown()[pms_id]["patient_last_name"] == "Sample-Example"


@pytest.mark.parametrize("skew", [timedelta(hours=-3), timedelta(hours=3)], ids=str)
def test_it_is_the_vendors_clock_that_counts(
    database_url: str, redis_client: redis.Redis, skew: timedelta
) -> None:
    with followed(database_url, redis_client) as clinic:
        clinic.skew = skew
        clinic.let_pass(0)
        clinic.scheduled()
        for _ in range(3):
            clinic.let_pass(12)
            pms_id = clinic.somebody()
            change(clinic, pms_id, action="cancel")
            clinic.let_pass(3)

            run = clinic.scheduled()

            assert (run["sync_type"], run["updated"]) == ("incremental", 1)
            assert clinic.shown()[pms_id]["status"] == "cancelled"


def test_what_changes_while_a_run_reads_is_asked_for_by_the_next(clinic: Followed) -> None:
    mark = clinic.connection()["changes_mark"]
    pms_id = clinic.somebody()
    clinic.control("faults", scripts=[{"fault": "500", "path": "/main/Appointment", "times": 1}])

    clinic.scheduled()
    change(clinic, pms_id, action="cancel")
    clinic.let_pass(15)
    run = clinic.scheduled()

    assert clinic.connection()["changes_mark"] != mark
    assert run["updated"] == 1


def test_a_refused_mark_falls_back_to_a_whole_pass_in_the_same_run(clinic: Followed) -> None:
    pms_id = clinic.somebody()
    change(clinic, pms_id, action="delete")

    run = clinic.scheduled(open_source=lambda made: Refusing(clinic.parts.opener(made)))

    assert (run["status"], run["sync_type"], run["removed"]) == ("success", "full", 1)
    assert run["fetched"] >= len(clinic.shown())
    clinic.let_pass(10)
    assert clinic.scheduled()["sync_type"] == "incremental"


@pytest.mark.parametrize("ended", ["dry", "partial", "failed"])
def test_no_other_end_moves_the_mark(clinic: Followed, ended: str) -> None:
    before = clinic.connection()["changes_mark"]
    if ended == "dry":
        assert clinic.by_hand(dry_run=True)["status"] == "success"
    elif ended == "partial":
        for pms_id in list(clinic.shown())[3:]:
            change(clinic, pms_id, action="delete")
        assert clinic.by_hand()["status"] == "partial"
    else:
        script = {"fault": "500", "path": "/main/Appointment", "times": 500}
        clinic.control("faults", scripts=[script])
        assert clinic.by_hand()["status"] == "failed"

    assert clinic.connection()["changes_mark"] == before


def test_a_book_that_is_told_at_once_is_not_counted_by_practitioners(clinic: Followed) -> None:
    clinic.let_pass(60)

    run = clinic.scheduled(open_source=lambda made: Barred(clinic.parts.opener(made)))

    assert run["status"] == "failed"
    assert run["error_message"].startswith("The appointments could not be read: Halaxy")


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_was_not_told_is_asked_for_by_the_next_run(clinic: Followed, is_whole: bool) -> None:
    """Were it asked what changed since, it would be told of nothing for an hour."""
    pms_id = clinic.somebody()
    change(clinic, pms_id, action="cancel")
    before = clinic.connection()["changes_mark"]
    if is_whole:
        clinic.let_pass(60)

    def unfinished(connection: Connection) -> AppointmentSource:
        return Unfinished(clinic.parts.opener(connection), hidden=pms_id)

    cut = clinic.scheduled(open_source=unfinished)
    missed = clinic.shown()[pms_id]["status"]
    mark = clinic.connection()["changes_mark"]
    clinic.let_pass(10)
    clinic.scheduled()

    assert cut["status"] == "success" and cut["removed"] == 0
    assert (missed, mark) == ("booked", before)
    assert clinic.shown()[pms_id]["status"] == "cancelled"


def test_a_sync_of_other_days_leaves_the_mark_and_the_freshness_of_today(
    clinic: Followed,
) -> None:
    before = clinic.connection()
    other = clinic.day + timedelta(days=8)

    assert clinic.by_hand(first=other, last=other)["status"] == "success"

    after = clinic.connection()
    kept = ("changes_mark", "changes_from", "changes_to", "last_sync_at", "last_full_at")
    assert [after[name] for name in kept] == [before[name] for name in kept]


@pytest.mark.parametrize(
    "columns",
    [
        {"sync_telehealth_only": True},
        {"sync_days_ahead": 1},
        {"settings": '{"default_minutes": 10}'},
    ],
    ids=str,
)
def test_what_changes_the_rows_without_a_change_at_the_pms_asks_for_a_whole_pass(
    clinic: Followed, columns: dict[str, Any]
) -> None:
    clinic.set(**columns)

    assert clinic.scheduled()["sync_type"] == "full"


def test_the_days_ahead_come_with_today(clinic: Followed) -> None:
    clinic.set(sync_days_ahead=1)

    run = clinic.scheduled()

    tomorrow = clinic.day + timedelta(days=1)
    assert (run["day_from"], run["day_to"]) == (clinic.day, tomorrow)
    starts = {row["start"].astimezone().date() for row in clinic.shown().values()}
    assert len(starts) > 1
