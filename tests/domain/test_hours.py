"""Opening hours as people write them down."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from domain.errors import BadInput
from domain.hours import OpeningHours, read_hours

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
