"""A row that a person moved into today, which the PMS has on another day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from infra.database import engine
from tests.sync.book import CAPABILITIES, NINE, TODAY, Book, Desk, appointment
from tests.sync.test_interrupted import run_of, visit

pytestmark = pytest.mark.integration

LATER = TODAY + timedelta(days=5)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    db = engine(database_url, application_name="tests", pool_size=5)
    visits = {"a": visit(NINE, "a"), "b": visit(NINE + timedelta(days=5), "b")}
    yield Desk(db, Book(visits=visits))
    db.dispose()


def moved_into_today(desk: Desk) -> UUID:
    assert desk.carry(desk.ask(first=LATER, last=LATER)) == "done"
    assert desk.carry(desk.ask(last=TODAY)) == "done"
    row = desk.row_of(appointment("b", desk.book.visits["b"]))
    at = NINE + timedelta(hours=1)
    desk.types(row, "start", at.isoformat(), version=None)
    return row


def test_it_leaves_once_the_pms_has_deleted_it(desk: Desk) -> None:
    row = moved_into_today(desk)
    del desk.book.visits["b"]

    job = desk.ask(last=TODAY)
    assert desk.carry(job) == "done"

    assert desk.rows()[row].removed
    assert (run_of(desk, job).status, run_of(desk, job).removed) == ("success", 1)


def test_it_stays_where_it_was_moved_for_as_long_as_the_pms_has_it(desk: Desk) -> None:
    row = moved_into_today(desk)
    before = desk.rows()[row]

    assert desk.carry(desk.ask(last=TODAY)) == "done"

    assert desk.rows()[row] == before


def test_what_became_of_it_on_its_own_day_is_shown_today(desk: Desk) -> None:
    row = moved_into_today(desk)
    desk.book.visits["b"]["status"] = "cancelled"

    assert desk.carry(desk.ask(last=TODAY)) == "done"

    held = desk.rows()[row]
    assert (held.removed, held.values["status"]) == (False, "cancelled")
    assert held.values["start"] == NINE + timedelta(hours=1)


def test_many_of_them_never_look_as_if_the_day_had_emptied(desk: Desk) -> None:
    visits = {f"m{n}": visit(NINE + timedelta(days=5, hours=n), f"m{n}") for n in range(8)}
    desk.book.visits.update(visits)
    assert desk.carry(desk.ask(first=LATER, last=LATER)) == "done"
    for n, (who, held) in enumerate(visits.items()):
        row, at = desk.row_of(appointment(who, held)), NINE + timedelta(hours=n)
        desk.types(row, "start", at.isoformat(), version=None)

    job = desk.ask(last=TODAY, allow_removals=False)
    assert desk.carry(job) == "done"

    assert run_of(desk, job).status == "success"
    assert not any(row.removed for row in desk.rows().values())


def test_where_the_pms_cannot_be_asked_for_one_it_stays(desk: Desk) -> None:
    row = moved_into_today(desk)
    desk.book.capabilities = replace(CAPABILITIES, probe_by_id=False)
    del desk.book.visits["b"]

    assert desk.carry(desk.ask(last=TODAY)) == "done"

    assert not desk.rows()[row].removed
