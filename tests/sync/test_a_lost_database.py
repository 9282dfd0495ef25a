"""A database that goes away in the middle of a page costs a retry, never a row or a request."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from domain.sources import Page, Query
from infra.database import transaction
from tests.saying import hearing
from tests.sync.book import TOMORROW, Book, Desk, Killed, wait
from tests.sync.practice import Practice
from tests.sync.test_interrupted import a_day, is_shown, run_of

pytestmark = pytest.mark.integration

ROWS = "INSERT INTO run_sheet_appointments"
CHECKPOINT = "UPDATE jobs SET checkpoint"
ODD = "status:odd"


class OddBook(Book):
    """Every page shows something that nobody knows."""

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        for page in super().pages(query, resume=resume):
            yield replace(page, drift={ODD: 1})


@contextmanager
def lost_at(db: Engine, statement: str, *, time: int) -> Iterator[None]:
    """The session that is about to say this for that time is killed first."""
    times = count(1)

    def kill(one: psycopg.Connection[Any], said: str) -> None:
        if statement in said and next(times) == time:
            with transaction(db) as other:
                killed = text("SELECT pg_terminate_backend(:pid, 5000)")
                assert other.execute(killed, {"pid": one.info.backend_pid}).scalar_one()

    with hearing(db, kill):
        yield
    assert next(times) > time


def drift(desk: Desk) -> dict[str, int]:
    query = text("SELECT what, times FROM pms_drift WHERE pms_connection_id = :id")
    with transaction(desk.engine, account_id=desk.account) as db:
        rows = db.execute(query, {"id": desk.connection_id})
        return {row.what: row.times for row in rows}


def to_the_end(desk: Desk, job: int) -> None:
    while desk.carry(job) not in {"done", "dead"}:
        pass


@pytest.mark.parametrize("statement", [ROWS, CHECKPOINT])
@pytest.mark.parametrize("time", [2, 3, 4])
def test_a_page_that_could_not_be_stored_is_read_again(
    db: Engine, statement: str, time: int
) -> None:
    desk = Desk(db, OddBook(visits=a_day()))
    job = desk.ask(last=TOMORROW)

    with lost_at(db, statement, time=time):
        to_the_end(desk, job)

    run = run_of(desk, job)
    assert all(is_shown(desk, who, visit) for who, visit in desk.book.visits.items())
    assert (run.status, run.fetched, run.created) == ("success", 4, 4)
    assert drift(desk) == {ODD: 4}


def test_of_pages_that_changed_nothing_none_is_passed_over(db: Engine) -> None:
    desk = Desk(db, OddBook(visits=a_day()))
    to_the_end(desk, desk.ask(last=TOMORROW))
    gone = desk.book.visits.pop("d")
    job = desk.ask(last=TOMORROW)

    with lost_at(db, CHECKPOINT, time=3):
        to_the_end(desk, job)

    run = run_of(desk, job)
    assert (run.status, run.fetched, run.unchanged, run.removed) == ("success", 3, 3, 1)
    assert not is_shown(desk, "d", gone)


def test_the_lines_of_a_preview_are_told_once(db: Engine) -> None:
    desk = Desk(db, OddBook())
    to_the_end(desk, desk.ask(last=TOMORROW))
    desk.book.visits.update(a_day())
    job = desk.ask(last=TOMORROW, dry_run=True)

    with lost_at(db, CHECKPOINT, time=4):
        to_the_end(desk, job)

    run = run_of(desk, job)
    lines = desk.seal.open_document(run.id, "diff", run.diff, table="pms_sync_log")
    assert len(lines) == len({line["id"] for line in lines}) == 4


def test_drift_is_counted_once_however_often_a_listing_is_taken_up(db: Engine) -> None:
    desk = Desk(db, OddBook(visits=a_day()))
    desk.book.pages_left, desk.book.then = 2, wait()

    to_the_end(desk, desk.ask(last=TOMORROW))

    assert drift(desk) == {ODD: 4}


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_what_the_pages_before_a_kill_showed_is_counted_too(db: Engine, pages: int) -> None:
    desk = Desk(db, OddBook(visits=a_day()))
    desk.book.pages_left, desk.book.then = pages, Killed()

    to_the_end(desk, desk.ask(last=TOMORROW))

    assert drift(desk) == {ODD: 4}


def test_the_requests_of_a_page_that_could_not_be_stored_are_kept(long_day: Practice) -> None:
    with lost_at(long_day.engine, ROWS, time=2):
        long_day.sync()

    assert long_day.spent_rows() == len(long_day.control("requests")["requests"])
