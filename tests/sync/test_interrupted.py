"""A run that was interrupted in the middle of a listing, and one whose listing never ends."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from domain.errors import BrokenContract, EndlessListing, Transient
from domain.sources import Page, Query
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.stopping import HandBack
from tests.sync.book import NINE, TOMORROW, ZONE, Book, Desk, Killed, appointment, wait

pytestmark = pytest.mark.integration

MOST = 6


def visit(start: datetime, who: str) -> dict[str, Any]:
    return {
        "is_telehealth": True,
        "patient_name": f"Ann {who}",
        "patient_phone": "(03) 9555 0101",
        "start": start,
        "duration_minutes": 15,
        "status": "booked",
        "notes": None,
    }


def a_day(start: datetime = NINE) -> dict[str, dict[str, Any]]:
    return {who: visit(start + timedelta(hours=n), who) for n, who in enumerate("abcd")}


def run_of(desk: Desk, job: int) -> Any:
    query = text("SELECT * FROM pms_sync_log WHERE job_id = :id")
    with transaction(desk.engine, account_id=desk.account) as session:
        return session.execute(query, {"id": job}).one()


def connection_of(desk: Desk) -> Any:
    query = text("SELECT * FROM pms_connections WHERE id = :id")
    with transaction(desk.engine, account_id=desk.account) as session:
        return session.execute(query, {"id": desk.connection_id}).one()


def job_of(desk: Desk, job: int) -> Any:
    with dispatch(desk.engine) as session:
        return session.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job}).one()


def is_shown(desk: Desk, who: str, held: dict[str, Any]) -> bool:
    return not desk.rows()[desk.row_of(appointment(who, held))].removed


def synced_today(db: Engine) -> Desk:
    """A day of today's that is on the sheet, of which a page changes and one visit is deleted."""
    today = datetime.now(ZONE).date()
    nine = datetime(today.year, today.month, today.day, 9, tzinfo=ZONE)
    desk = Desk(db, Book(visits=a_day(nine)))
    assert desk.carry(desk.ask(first=today, last=today)) == "done"
    change = text(
        "UPDATE pms_connections SET last_sync_at = :then, last_full_at = :then,"
        " next_sync_at = now() + interval '1 hour', sync_enabled = true WHERE id = :id"
    )
    then = system_clock() - timedelta(hours=3)
    with transaction(db, account_id=desk.account) as session:
        session.execute(change, {"id": desk.connection_id, "then": then})
    desk.book.visits["a"]["status"] = desk.book.visits["b"]["status"] = "arrived"
    return desk


def test_a_killed_run_that_went_on_in_the_middle_says_that_nothing_was_looked_for(
    db: Engine,
) -> None:
    desk = synced_today(db)
    before = connection_of(desk)
    gone = desk.book.visits["d"]
    today = gone["start"].date()
    desk.book.pages_left, desk.book.then = 2, Killed()
    job = desk.ask(first=today, last=today)
    assert desk.carry(job) == "running"
    del desk.book.visits["d"]
    assert desk.carry(job) == "done"

    run, after = run_of(desk, job), connection_of(desk)

    assert run.status == "partial"
    assert "interrupted" in run.error_message
    assert is_shown(desk, "d", gone)
    assert (after.last_sync_at, after.last_sync_status) == (before.last_sync_at, "partial")
    assert after.last_full_at is None
    assert after.next_sync_at <= system_clock()


def test_the_whole_pass_after_an_interrupted_run_looks_for_what_has_gone(db: Engine) -> None:
    desk = synced_today(db)
    before = connection_of(desk)
    gone = desk.book.visits.pop("d")
    today = gone["start"].date()
    desk.book.pages_left, desk.book.then = 2, Killed()
    job = desk.ask(first=today, last=today)
    while desk.carry(job) != "done":
        pass

    again = desk.ask(first=today, last=today)
    assert desk.carry(again) == "done"

    assert run_of(desk, again).status == "success"
    assert not is_shown(desk, "d", gone)
    assert connection_of(desk).last_sync_at > before.last_sync_at


@pytest.mark.parametrize(
    "trouble",
    [
        wait,
        lambda: HandBack("the worker is stopping"),
        lambda: Transient("answered 503"),
        lambda: BrokenContract("answered nonsense"),
    ],
    ids=["a wait", "a stop", "a failure", "nonsense"],
)
def test_what_was_listed_before_an_orderly_end_of_an_attempt_is_not_forgotten(
    db: Engine, trouble: Callable[[], BaseException]
) -> None:
    desk = Desk(db, Book(visits=a_day()))
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    gone = desk.book.visits.pop("d")
    desk.book.visits["a"]["status"] = "arrived"
    desk.book.pages_left, desk.book.then = 2, trouble()
    job = desk.ask(last=TOMORROW)
    assert desk.carry(job) == "ready"

    assert desk.carry(job) == "done"

    assert run_of(desk, job).status == "success"
    assert run_of(desk, job).removed == 1
    assert not is_shown(desk, "d", gone)


class Endless(Book):
    """Each page leads to another under a new mark, whatever came before."""

    def __init__(self, *, pauses: bool, guarded_at: int | None = None) -> None:
        super().__init__(visits=a_day())
        self.pauses, self.guarded_at = pauses, guarded_at
        self.resumed: list[str | None] = []
        self.asked = 0
        self.ends = False

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        self.resumed.append(resume)
        first, listed = int(resume or 0), sorted(self.visits)
        for number in range(first, first + 1000):
            if self.pauses and number == first + 2:
                raise wait()
            if self.guarded_at is not None and number - first == self.guarded_at:
                raise EndlessListing("Example: GET /book answered the same page twice")
            self.asked += 1
            who = listed[number % len(listed)]
            is_last = self.ends and number >= len(listed)
            mark = None if is_last else str(number + 1)
            found = appointment(who, self.visits[who])
            yield Page(records=[found], resume=mark, onward=mark, is_last=is_last)
            if is_last:
                return


def to_the_end(desk: Desk, job: int) -> int:
    """How often it was tried."""
    for _ in range(50):
        if desk.carry(job) in {"done", "dead"}:
            break
    return int(job_of(desk, job).failures)


@pytest.mark.parametrize("pauses", [False, True], ids=["in one go", "with waits between"])
def test_a_listing_that_never_ends_parks_its_job_after_three_tries(
    db: Engine, *, pauses: bool
) -> None:
    desk = Desk(db, Endless(pauses=pauses), most_pages=MOST)
    job = desk.ask(last=TOMORROW)

    failures = to_the_end(desk, job)

    held, run = job_of(desk, job), run_of(desk, job)
    assert (held.state, failures, held.error_kind) == ("dead", 3, "EndlessListing")
    assert run.status == "failed"
    assert (
        run.error_message == held.error_text == f"The PMS's listing did not end after {MOST} pages."
    )
    assert len([row for row in desk.rows().values() if row.is_visible]) == 4


def test_a_listing_that_goes_round_is_walked_from_its_start_and_parked(db: Engine) -> None:
    book = Endless(pauses=False, guarded_at=5)
    desk = Desk(db, book)
    job = desk.ask(last=TOMORROW)

    failures = to_the_end(desk, job)

    assert (job_of(desk, job).state, failures) == ("dead", 3)
    assert book.resumed == [None, None, None]
    assert "the same page twice" in run_of(desk, job).error_message


def test_a_listing_that_was_endless_once_is_whole_the_next_time(db: Engine) -> None:
    book = Endless(pauses=False, guarded_at=5)
    desk = Desk(db, book)
    job = desk.ask(last=TOMORROW)
    assert desk.carry(job) == "ready"
    book.guarded_at, book.ends = None, True

    assert desk.carry(job) == "done"

    assert run_of(desk, job).status == "success"
    assert job_of(desk, job).failures == 0
