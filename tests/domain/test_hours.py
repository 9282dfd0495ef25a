"""Opening hours as people write them down."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from domain.errors import BadInput
from domain.hours import OpeningHours, bookable_hours, check_hours, read_hours
from domain.rhythm import USUAL
from domain.window import Window

ZONE = "Australia/Perth"


def test_written_hours_are_shifts_by_weekday() -> None:
    found = read_hours({"mon": [["08:00", "12:00"], ["13:00", "17:30"]], "tue": []}, timezone=ZONE)

    morning, afternoon = (time(8), time(12)), (time(13), time(17, 30))
    assert found == OpeningHours(ZONE, {0: (morning, afternoon), 1: ()})


def test_a_day_that_is_not_named_is_closed() -> None:
    found = read_hours({"sun": [["08:00", "17:00"]]}, timezone=ZONE)

    monday_noon = datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert found is not None
    assert found.opening(monday_noon) is None


def test_nothing_written_means_always_open() -> None:
    assert read_hours({}, timezone=ZONE) is None


@pytest.mark.parametrize(
    "written",
    [
        [],
        "08:00",
        {"monday": []},
        {"mon": None},
        {"mon": "08:00"},
        {"mon": [["08:00"]]},
        {"mon": [["08:00", "25:00"]]},
        {"mon": [[8, 17]]},
    ],
)
def test_what_cannot_be_read_is_answered_with_an_example(written: Any) -> None:
    with pytest.raises(BadInput, match="mon"):
        read_hours(written, timezone=ZONE)


def test_a_shift_of_no_length_is_refused_when_it_is_written_down() -> None:
    with pytest.raises(BadInput, match=r"same time \(tue 18:00\); a whole day is"):
        check_hours({"mon": [["08:00", "12:00"]], "tue": [["18:00", "18:00"]]}, timezone=ZONE)

    check_hours({"mon": [["00:00", "12:00"], ["12:00", "00:00"]]}, timezone=ZONE)


def test_what_was_stored_before_is_still_read() -> None:
    found = read_hours({"tue": [["18:00", "18:00"]]}, timezone=ZONE)

    assert found == OpeningHours(ZONE, {1: ((time(18), time(18)),)})


MONDAY = datetime(2026, 5, 31, 16, tzinfo=UTC)
"""Midnight in Perth."""


def open_on_monday(told: Any, shown: Any, *, usual: Any = USUAL) -> list[tuple[int, int]] | None:
    """From which hour to which, where anybody may be booked."""
    hours = bookable_hours(told, shown, usual=usual, timezone=ZONE)
    if hours is None:
        return None
    spans = hours.during(Window(MONDAY, MONDAY + timedelta(days=1)))
    ends = [(one.start - MONDAY, one.end - MONDAY) for one in spans if one.end > MONDAY]
    return [(start // timedelta(hours=1), end // timedelta(hours=1)) for start, end in ends][:1]


@pytest.mark.parametrize(
    ("told", "shown", "hours"),
    [
        ({"mon": [["09:00", "17:00"]]}, {"mon": [["06:00", "22:00"]]}, [(9, 17)]),
        ({}, {}, [(7, 20)]),
        ({}, {"mon": [["06:00", "22:00"]]}, [(6, 22)]),
        ({}, {"mon": [["10:00", "15:00"]]}, [(7, 20)]),
        ({}, {"tue": [["06:00", "22:00"]]}, [(7, 20)]),
        ({}, None, [(7, 20)]),
    ],
    ids=["told", "nothing known", "evenings shown", "few visits", "another day's", "never looked"],
)
def test_callers_are_booked_in_the_hours_that_are_told_else_the_usual_ones_and_those_of_visits(
    told: Any, shown: Any, hours: list[tuple[int, int]]
) -> None:
    assert open_on_monday(told, shown) == hours


def test_without_usual_hours_callers_are_booked_whenever_the_practice_says_it_works() -> None:
    assert open_on_monday({}, {"mon": [["10:00", "15:00"]]}, usual={}) is None
