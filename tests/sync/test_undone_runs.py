"""A run that is taken back leaves alone what a person did while it was under way."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.by_hand.run_undoing import Undone, undo_run
from domain.sources import Page, Query
from infra.database import engine, transaction
from tests.sync.book import NINE, TOMORROW, Book, Desk, Killed, appointment

pytestmark = pytest.mark.integration


class Forgetful(Book):
    """A PMS whose pages cannot be found again: a killed run lists from the first."""

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        for page in super().pages(query, resume=None):
            yield replace(page, resume=None, onward=None)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    db = engine(database_url, application_name="tests", pool_size=5)
    book = Forgetful()
    for number, who in enumerate("ab"):
        book.visits[who] = {
            "is_telehealth": True,
            "patient_name": f"Ann {who}",
            "patient_phone": "(03) 9555 0101",
            "start": NINE.replace(minute=20 * number),
            "duration_minutes": 15,
            "status": "booked",
            "notes": None,
        }
    yield Desk(db, book)
    db.dispose()


def row_of(desk: Desk, who: str) -> UUID:
    return desk.row_of(appointment(who, desk.book.visits[who]))


def killed_behind_the_first_page(desk: Desk) -> int:
    desk.book.pages_left, desk.book.then = 1, Killed()
    job = desk.ask(last=TOMORROW)
    assert desk.carry(job) == "running"
    return job


def undo(desk: Desk, job: int) -> Undone:
    with transaction(desk.engine, account_id=desk.account) as db:
        query = text("SELECT id FROM pms_sync_log WHERE job_id = :id")
        run_id = db.execute(query, {"id": job}).scalar_one()
        return undo_run(db, desk.seal, run_id, hand=desk.hand())


def test_what_was_typed_between_two_writes_of_a_run_is_not_undone_with_it(desk: Desk) -> None:
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    row = row_of(desk, "a")
    desk.book.visits["a"]["status"] = "arrived"
    job = killed_behind_the_first_page(desk)
    desk.types(row, "notes", "wheelchair", version=None)
    desk.book.visits["a"]["status"] = "completed"
    assert desk.carry(job) == "done"

    assert undo(desk, job) == Undone(left_alone=1)

    held = desk.rows()[row].values
    assert (held["notes"], held["status"]) == ("wheelchair", "completed")


def test_what_was_typed_into_a_new_row_while_its_run_went_on_keeps_it(desk: Desk) -> None:
    job = killed_behind_the_first_page(desk)
    row = row_of(desk, "a")
    desk.types(row, "notes", "wheelchair", version=None)
    desk.book.visits["a"]["status"] = "completed"
    assert desk.carry(job) == "done"

    assert undo(desk, job) == Undone(taken_off=1, left_alone=1)

    assert not desk.rows()[row].removed
    assert desk.rows()[row_of(desk, "b")].removed


def test_two_writes_of_a_run_go_back_to_what_was_before_the_first(desk: Desk) -> None:
    assert desk.carry(desk.ask(last=TOMORROW)) == "done"
    desk.book.visits["a"]["status"] = "arrived"
    job = killed_behind_the_first_page(desk)
    desk.book.visits["a"]["status"] = "completed"
    assert desk.carry(job) == "done"

    assert undo(desk, job) == Undone(changed_back=1)

    assert desk.rows()[row_of(desk, "a")].values["status"] == "booked"
