"""A practice's day is its own, however its clocks move."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.window import Window, day_start, days, local_day, whole_day, whole_days, zone

ZONES = (
    "Australia/Melbourne",
    "America/New_York",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Kathmandu",
    "UTC",
)
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)

dates = st.dates(date(2012, 1, 2), date(2037, 12, 30))
zones = st.sampled_from(ZONES)


@pytest.mark.parametrize(
    ("day", "timezone", "hours"),
    [
        ("2026-06-02", "Australia/Melbourne", 24),
        ("2026-04-05", "Australia/Melbourne", 25),
        ("2026-10-04", "Australia/Melbourne", 23),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("2026-03-08", "America/Havana", 23),
        ("2026-11-01", "America/New_York", 25),
    ],
)
def test_a_day_is_as_long_as_the_practice_lives_it(day: str, timezone: str, hours: float) -> None:
    window = whole_day(date.fromisoformat(day), timezone)

    assert window.end - window.start == timedelta(hours=hours)


@given(day=dates, timezone=zones)
def test_days_follow_each_other_without_gap_or_overlap(day: date, timezone: str) -> None:
    tomorrow = day + timedelta(days=1)

    assert whole_day(day, timezone).end == whole_day(tomorrow, timezone).start


@given(day=dates, timezone=zones, share=st.floats(0, 1, exclude_max=True))
def test_every_instant_of_a_day_is_on_that_day(day: date, timezone: str, share: float) -> None:
    window = whole_day(day, timezone)
    instant = window.start + (window.end - window.start) * share

    assert instant in window or instant == window.end
    assert instant == window.end or local_day(instant, timezone) == day


@given(first=dates, length=st.integers(0, 40), timezone=zones)
def test_a_range_is_its_days_joined(first: date, length: int, timezone: str) -> None:
    last = first + timedelta(days=length)
    window = whole_days(first, last, timezone)

    assert (window.start, window.end) == (
        whole_day(first, timezone).start,
        whole_day(last, timezone).end,
    )
    assert list(days(first, last)) == [first + timedelta(days=one) for one in range(length + 1)]


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = Window(NOON, NOON + timedelta(hours=1))

    assert NOON in window
    assert NOON + timedelta(hours=1) not in window
    assert NOON not in Window(NOON, NOON)


def test_midnight_is_told_in_utc() -> None:
    start = day_start(date(2026, 6, 2), "Australia/Melbourne")

    assert start == datetime(2026, 6, 1, 14, tzinfo=UTC)
    assert start.tzinfo is UTC


def test_a_range_that_ends_before_it_starts_is_refused_in_words() -> None:
    with pytest.raises(BadInput, match="swap the two dates"):
        whole_days(date(2026, 6, 2), date(2026, 6, 1), "UTC")


@pytest.mark.parametrize("year", [1989, 2101])
def test_days_that_no_practice_can_mean_are_refused_in_words(year: int) -> None:
    whole_days(date(1990, 1, 1), date(2100, 12, 31), "UTC")

    with pytest.raises(BadInput, match="Choose days between 1990 and 2100"):
        whole_days(date(year, 6, 2), date(year, 6, 2), "UTC")


@pytest.mark.parametrize("name", ["", "Nowhere/Atall", "../../etc/passwd", "Australia", "AEST\x00"])
def test_what_is_no_time_zone_is_refused_in_words(name: str) -> None:
    with pytest.raises(BadInput, match="not a time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOON.replace(tzinfo=None), NOON),
        (NOON, NOON.replace(tzinfo=None)),
        (NOON, NOON - timedelta(seconds=1)),
    ],
)
def test_a_window_of_naive_or_crossed_times_cannot_be_made(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="window"):
        Window(start, end)
