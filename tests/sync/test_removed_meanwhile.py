"""A connection that is removed while it is read: nothing comes back, and its sync just ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Engine, text

from adapters.storage.jobs.parked import close_left_open
from adapters.storage.practices import left_rows
from adapters.storage.practices.still_connected import REMOVED
from adapters.storage.sheet import linking
from domain.errors import NeedsReconnect
from domain.sources import Page, Query
from infra.clock import system_clock
from infra.database import dispatch, transaction
from tests.sync.book import SEALER, TOMORROW, Book, Desk, wait
from tests.sync.test_interrupted import a_day, run_of

pytestmark = pytest.mark.integration


def nothing() -> None:
    return


@dataclass
class Leaving(Book):
    """A book in which something happens while it is being asked for its first page."""

    meanwhile: Callable[[], None] = nothing

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        self.meanwhile()
        yield from super().pages(query, resume=resume)


def remove(desk: Desk) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        left_rows.leave(db, desk.seal, desk.connection_id, "take_off_all", hand=desk.hand())


def left(db: Engine) -> tuple[Desk, Leaving]:
    """A practice whose rows stand, which has news of each, and is removed as they are asked for."""
    book = Leaving(visits=a_day())
    desk = Desk(db, book)
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    for visit in book.visits.values():
        visit["status"] = "arrived"
    book.meanwhile = lambda: remove(desk)
    return desk, book


def result_of(desk: Desk, job: int) -> Any:
    with dispatch(desk.engine) as db:
        query = text("SELECT result, error_kind FROM jobs WHERE id = :id")
        return db.execute(query, {"id": job}).one()


def test_a_page_that_was_asked_for_before_the_removal_brings_nothing_back(db: Engine) -> None:
    desk, _ = left(db)
    job = desk.ask(last=TOMORROW)

    assert desk.carry(job) == "cancelled"

    assert [row for row in desk.rows().values() if row.is_visible] == []
    assert tuple(result_of(desk, job)) == ({"discarded": REMOVED}, None)


def test_the_run_of_a_removed_connection_says_why_it_ended(db: Engine) -> None:
    desk, _ = left(db)
    job = desk.ask(last=TOMORROW)
    desk.carry(job)

    close_left_open(db, SEALER, [job], clock=system_clock)

    assert (run_of(desk, job).status, run_of(desk, job).error_message) == ("failed", REMOVED)


@pytest.mark.parametrize(
    "trouble",
    [lambda: NeedsReconnect("its secrets are gone"), wait],
    ids=["its secrets are gone", "a wait"],
)
def test_what_fails_because_of_the_removal_is_no_failure(
    db: Engine, trouble: Callable[[], BaseException]
) -> None:
    desk, book = left(db)
    book.pages_left, book.then = 0, trouble()
    job = desk.ask(last=TOMORROW)

    assert desk.carry(job) == "cancelled"

    assert result_of(desk, job).error_kind is None


def test_a_sync_that_begins_as_its_connection_is_removed_ends_at_once(db: Engine) -> None:
    desk, book = left(db)
    remove(desk)
    told = len(book.told)
    job = desk.ask(last=TOMORROW)

    assert desk.carry(job) == "cancelled"

    assert len(book.told) == told
