"""Dates of birth as callers say them."""

from datetime import UTC, date, datetime

import pytest

from domain.birthdays import heard_birthday
from domain.instants import Place

PLACE = Place(timezone="America/New_York", now=datetime(2026, 11, 23, 15, tzinfo=UTC))
BORN = date(1942, 6, 19)


@pytest.mark.parametrize(
    "said",
    [
        "1942-06-19",
        "June 19th nineteen forty-two",
        "June nineteenth, nineteen forty two",
        "the nineteenth of June 1942",
        "19th of June nineteen forty-two",
        "June the nineteenth, forty-two",
        "June 19 42",
        "19 June '42",
        "06191942",
        "6 19 1942",
        "six nineteen forty-two",
        "6/19/42",
        "the 19th of the 6th 1942",
    ],
)
def test_the_year_may_be_said_in_halves_or_by_its_last_two_figures(said: str) -> None:
    assert heard_birthday(said, PLACE) == BORN


@pytest.mark.parametrize(
    ("said", "born"),
    [
        ("March 2nd nineteen eighty-five", date(1985, 3, 2)),
        ("the second of March, eighty five", date(1985, 3, 2)),
        ("May first nineteen oh five", date(1905, 5, 1)),
        ("May 1st two thousand and five", date(2005, 5, 1)),
        ("May 1st two thousand", date(2000, 5, 1)),
        ("May 1st twenty eleven", date(2011, 5, 1)),
        ("March nineteenth sixty", date(1960, 3, 19)),
    ],
)
def test_of_any_century(said: str, born: date) -> None:
    assert heard_birthday(said, PLACE) == born


@pytest.mark.parametrize(
    "said", ["June 1942", "1942", "June 19", "nineteen forty-two", "19th", "2027-01-01", "soon"]
)
def test_what_names_no_day_that_was_is_asked_about(said: str) -> None:
    assert heard_birthday(said, PLACE) is None
