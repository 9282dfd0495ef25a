"""A visit that the practice's system neither shows nor calls gone stays on the sheet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from domain.errors import BadRecord
from domain.sources import Sighting
from tests.pushes.book import DAY, Book
from tests.pushes.office import Office

pytestmark = pytest.mark.integration


@dataclass
class Vague(Book):
    """A book that cannot be asked for one visit; it keeps the days it was to look on."""

    looked_on: list[Sequence[date]] = field(default_factory=list)
    is_unreadable: bool = False

    def look_again(self, pms_id: str, *, days: Sequence[date]) -> Sighting:
        self.looked_on.append(days)
        if self.is_unreadable:
            raise BadRecord("not a time", path="startdatetime")
        return Sighting()


@pytest.fixture
def book() -> Vague:
    return Vague()


@pytest.fixture
def office(db: Engine, book: Vague) -> Office:
    book.books("a-1")
    office = Office(db, book)
    office.sync()
    return office


@pytest.mark.parametrize("is_unreadable", [False, True])
def test_a_row_that_was_sent_stays_where_nobody_can_say_where_it_is(
    office: Office, book: Vague, is_unreadable: bool
) -> None:
    book.is_unreadable = is_unreadable
    office.types("a-1", status="arrived")

    office.push()

    assert book.visits["a-1"].status == "arrived"
    assert office.row("a-1")["removed_at"] is None
    assert office.stands("a-1") == ("synced", None)


def test_a_visit_that_was_moved_is_looked_for_where_it_stood_and_where_it_went(
    office: Office, book: Vague
) -> None:
    start = office.row("a-1")["start"] + timedelta(days=1)
    office.types("a-1", start=start.isoformat())

    office.push()

    assert set(book.looked_on[-1]) == {DAY, DAY + timedelta(days=1)}
