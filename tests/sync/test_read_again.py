"""What an attempt, another sync or a preview has said of a row does not outlive what is true."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from domain.errors import Transient
from domain.sources import Capabilities, Page, Query
from infra.database import dispatch
from tests.sync.book import NINE, TODAY, TOMORROW, Book, Desk, wait
from tests.sync.test_interrupted import a_day, is_shown, run_of, visit

pytestmark = pytest.mark.integration


@dataclass
class Forgetful(Book):
    """No place in its listing is worth keeping: whoever fails begins anew."""

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        assert resume is None
        for page in super().pages(query):
            yield replace(page, resume=None, onward=None)


def failing_after(book: Book, pages: int) -> None:
    book.pages_left, book.then = pages, Transient("the book is shut")


def lines_of(desk: Desk, job: int) -> list[dict[str, Any]]:
    run = run_of(desk, job)
    return list(desk.seal.open_document(run.id, "diff", run.diff, table="pms_sync_log"))


def ask_by_hand(desk: Desk) -> int:
    """A person's own sync of today, which need not wait for what has begun."""
    job = desk.ask(last=TODAY)
    urgent = text("UPDATE jobs SET priority = 100 WHERE id = :id")
    with dispatch(desk.engine) as session:
        session.execute(urgent, {"id": job})
    return job


def test_a_row_that_belongs_again_when_it_is_read_again_stays(db: Engine) -> None:
    desk = Desk(db, Forgetful(visits=a_day()))
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    desk.book.visits["b"]["is_telehealth"] = False
    failing_after(desk.book, 3)
    job = desk.ask(last=TOMORROW)
    assert desk.carry(job) == "ready"
    desk.book.visits["b"]["is_telehealth"] = True

    assert desk.carry(job) == "done"

    assert run_of(desk, job).removed == 0
    assert is_shown(desk, "b", desk.book.visits["b"])


def test_a_row_that_still_does_not_belong_when_it_is_read_again_leaves(db: Engine) -> None:
    desk = Desk(db, Forgetful(visits=a_day()))
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    desk.book.visits["b"]["is_telehealth"] = False
    failing_after(desk.book, 3)
    job = desk.ask(last=TOMORROW)
    assert desk.carry(job) == "ready"

    assert desk.carry(job) == "done"

    assert run_of(desk, job).removed == 1
    assert not is_shown(desk, "b", desk.book.visits["b"])


def test_a_row_that_does_not_belong_leaves_although_the_attempt_that_said_so_had_to_wait(
    db: Engine,
) -> None:
    desk = Desk(db, Book(visits=a_day()))
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    desk.book.visits["b"]["is_telehealth"] = False
    desk.book.pages_left, desk.book.then = 3, wait()
    job = desk.ask(last=TOMORROW)
    assert desk.carry(job) == "ready"

    assert desk.carry(job) == "done"

    assert run_of(desk, job).removed == 1


def test_what_another_sync_brought_while_one_waited_is_not_taken_off_unasked(db: Engine) -> None:
    """A PMS that cannot be asked by id: only its days tell what has gone."""
    desk = Desk(db, Book(visits=a_day(), capabilities=Capabilities()))
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    gone = desk.book.visits.pop("d")
    desk.book.pages_left, desk.book.then = 2, wait()
    waiting = desk.ask(last=TOMORROW)
    assert desk.carry(waiting) == "ready"
    desk.book.visits["aa"] = visit(NINE + timedelta(minutes=20), "aa")
    assert desk.carry(ask_by_hand(desk)) == "done"
    assert is_shown(desk, "aa", desk.book.visits["aa"])

    assert desk.carry(waiting) == "done"

    assert run_of(desk, waiting).status == "success"
    assert is_shown(desk, "aa", desk.book.visits["aa"])
    assert not is_shown(desk, "d", gone)


def test_a_preview_tells_of_each_row_once_however_often_it_was_read(db: Engine) -> None:
    desk = Desk(db, Forgetful())
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    desk.book.visits = a_day()
    failing_after(desk.book, 3)
    job = desk.ask(last=TOMORROW, dry_run=True)
    assert desk.carry(job) == "ready"

    assert desk.carry(job) == "done"

    told = [line["id"] for line in lines_of(desk, job)]
    assert len(told) == len(set(told)) == run_of(desk, job).created == 4
