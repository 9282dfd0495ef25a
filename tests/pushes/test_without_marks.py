"""A PMS whose rows bear no mark of their version is not written over either."""

import pytest
from sqlalchemy import Engine

from tests.pushes.book import NINE
from tests.pushes.office import Office

pytestmark = pytest.mark.integration


@pytest.fixture
def office(db: Engine) -> Office:
    made = Office(db)
    made.book.has_marks = False
    made.book.books("a-1")
    made.sync()
    return made


def test_a_change_there_of_the_same_is_a_conflict(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", status="no_show")

    office.push()

    assert office.row("a-1")["pms_version"] is None
    assert (office.book.visits["a-1"].status, office.book.writes) == ("no_show", [])
    assert [one["field"] for one in office.conflicts()] == ["status"]


def test_a_change_there_of_something_else_is_taken_in_first(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", minutes=60)

    office.push()

    visit, row = office.book.visits["a-1"], office.row("a-1")
    assert (visit.status, visit.minutes, row["duration_minutes"]) == ("arrived", 60, 60)
    assert office.stands("a-1") == ("synced", None)


def test_one_write_after_another_goes_by_what_the_one_before_left(office: Office) -> None:
    office.types("a-1", start="11:00", duration_minutes=45, status="arrived")

    office.push()

    visit = office.book.visits["a-1"]
    assert (visit.minutes, visit.status) == (45, "arrived")
    assert visit.start > NINE
    assert office.stands("a-1") == ("synced", None)
