"""How soon a practice is read again: by its hours, its day, and how much of late has changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hours import OpeningHours, read_hours
from domain.rhythm import PATIENCE, USUAL, Rhythm, busiest_day, hours_of, shown_hours, slots
from domain.window import Window, day_start, local_day

MIN = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZONE = "Australia/Melbourne"
EIGHT_TO_FIVE = {day: [["08:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def hours(zone: str = ZONE) -> OpeningHours | None:
    return read_hours(EIGHT_TO_FIVE, timezone=zone)


QUARTERLY = Rhythm(every=15 * MIN, most=2 * HOUR, timezone=ZONE, hours=hours())


def melbourne(day: int, hour: int, minute: int = 0) -> datetime:
    """December 2025: UTC+11; the first is a Monday."""
    return datetime(2025, 12, day, hour, minute, tzinfo=UTC) - 11 * HOUR


TODAY = date(2025, 12, 2)
BOOKED = Window(melbourne(2, 9), melbourne(2, 16))

instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
chances = st.floats(0, 1, exclude_max=True)
rhythms = st.builds(
    Rhythm,
    every=st.integers(1, 1440).map(lambda minutes: minutes * MIN),
    most=st.integers(1, 1440).map(lambda minutes: minutes * MIN),
    timezone=st.just(ZONE),
    hours=st.sampled_from([hours(), None, read_hours(USUAL, timezone=ZONE)]),
    is_adaptive=st.booleans(),
    unchanged=st.integers(0, 1000),
    booked_on=st.sampled_from([None, TODAY]),
    booked=st.sampled_from([None, BOOKED]),
)


@given(rhythm=rhythms, now=instants, is_short=st.booleans())
def test_the_interval_is_never_below_the_practice_s_and_never_beyond_the_most(
    rhythm: Rhythm, now: datetime, *, is_short: bool
) -> None:
    found = rhythm.interval(now, is_short=is_short)

    assert rhythm.every <= found <= max(rhythm.every, rhythm.most)


@given(rhythm=rhythms, now=instants)
def test_the_longer_nothing_changes_the_longer_the_interval(rhythm: Rhythm, now: datetime) -> None:
    lengths = [replace(rhythm, unchanged=count).interval(now) for count in range(20)]

    assert all(one <= later for one, later in pairwise(lengths))
    assert lengths[: PATIENCE + 1] == [rhythm.every] * (PATIENCE + 1)


@given(rhythm=rhythms, now=instants, is_short=st.booleans())
def test_while_it_is_busy_nothing_is_put_off(
    rhythm: Rhythm, now: datetime, *, is_short: bool
) -> None:
    usual = now + rhythm.every

    if rhythm.is_busy(now) or not rhythm.is_adaptive:
        assert rhythm.next_sync(now, usual=usual, chance=0.5, is_short=is_short) == usual


@given(rhythm=rhythms, now=instants, chance=chances, is_short=st.booleans())
def test_the_next_sync_is_never_before_its_slot_and_never_beyond_the_most(
    rhythm: Rhythm, now: datetime, chance: float, *, is_short: bool
) -> None:
    usual = now + rhythm.every

    found = rhythm.next_sync(now, usual=usual, chance=chance, is_short=is_short)

    assert usual <= found <= max(usual, now + rhythm.most)


@given(now=instants, unchanged=st.integers(0, 50), chance=chances, short=st.booleans())
def test_a_practice_never_opens_on_a_sheet_older_than_its_interval_allows(
    now: datetime, unchanged: int, chance: float, *, short: bool
) -> None:
    rhythm = replace(QUARTERLY, unchanged=unchanged)
    assert rhythm.hours is not None
    opens = rhythm.hours.next_opening(now)
    assert opens is not None

    at = now
    while (found := rhythm.next_sync(at, usual=at + 15 * MIN, chance=chance, is_short=short)) < (
        opens
    ):
        at = found

    assert opens - at <= 15 * MIN + rhythm.lead * 0.5


@given(rhythm=rhythms, now=instants, chance=chances, short=st.booleans())
def test_whoever_is_open_at_midnight_is_read_once_the_day_has_begun(
    rhythm: Rhythm, now: datetime, chance: float, *, short: bool
) -> None:
    midnight = day_start(local_day(now, ZONE) + timedelta(days=1), ZONE)
    usual = now + rhythm.every

    found = rhythm.next_sync(now, usual=usual, chance=chance, is_short=short)

    if replace(rhythm, booked_on=None).is_busy(midnight):
        assert found <= max(usual, midnight + rhythm.every * 0.5)


@pytest.mark.parametrize(
    "shifts",
    [{}, {"tue": [["18:00", "02:00"]]}, {"wed": [["00:10", "08:00"]]}],
    ids=["always open", "open over midnight", "open soon after midnight"],
)
def test_an_empty_day_does_not_hide_the_next_from_a_practice_that_is_open_then(
    shifts: dict[str, list[list[str]]],
) -> None:
    night = replace(
        QUARTERLY,
        most=24 * HOUR,
        hours=read_hours(shifts, timezone=ZONE),
        booked_on=TODAY,
        unchanged=20,
    )

    at = melbourne(2, 22)
    while at < melbourne(3, 0):
        at = night.next_sync(at, usual=at + 15 * MIN, chance=0.0)

    assert at < melbourne(3, 0) + 15 * MIN


@pytest.mark.parametrize(
    ("now", "busy"),
    [
        (melbourne(2, 7, 30), False),
        (melbourne(2, 7, 45), True),
        (melbourne(2, 8), True),
        (melbourne(2, 16, 59), True),
        (melbourne(2, 17), False),
        (melbourne(6, 12), False),
    ],
)
def test_it_is_busy_from_a_little_before_it_opens_until_it_shuts(
    now: datetime, *, busy: bool
) -> None:
    assert QUARTERLY.is_busy(now) is busy


@pytest.mark.parametrize(
    ("month", "opens_utc"), [(4, 22), (10, 21)], ids=["after summer time", "in summer time"]
)
def test_opening_follows_the_practice_s_own_clock(month: int, opens_utc: int) -> None:
    """Melbourne's clocks go back on 5 April 2026 and forward on 4 October."""
    day = {4: 5, 10: 4}[month]
    opens = datetime(2026, month, day, opens_utc, tzinfo=UTC)

    assert QUARTERLY.is_busy(opens - 15 * MIN)
    assert not QUARTERLY.is_busy(opens - 30 * MIN)


def test_a_day_known_to_have_no_appointments_is_quiet_though_it_is_open() -> None:
    empty = replace(QUARTERLY, booked_on=TODAY, unchanged=9)

    assert empty.interval(melbourne(2, 10)) == 2 * HOUR
    assert replace(empty, booked=BOOKED).interval(melbourne(2, 10)) == 15 * MIN
    assert replace(empty, booked_on=date(2025, 12, 1)).interval(melbourne(2, 10)) == 15 * MIN


def test_appointments_outside_the_hours_are_busy_too_and_wake_it_before_the_first() -> None:
    late = Window(melbourne(2, 20), melbourne(2, 21))
    evening = replace(QUARTERLY, booked_on=TODAY, booked=late, unchanged=9)

    assert evening.is_busy(melbourne(2, 20, 30))
    found = evening.next_sync(melbourne(2, 18), usual=melbourne(2, 18, 15), chance=0.0)
    assert found == melbourne(2, 20) - evening.lead


def test_the_interval_doubles_step_by_step_and_a_change_begins_anew() -> None:
    night = melbourne(2, 22)
    steps = [replace(QUARTERLY, unchanged=count).interval(night) / MIN for count in range(7)]

    assert steps == [15, 15, 15, 30, 60, 120, 120]


def test_where_the_allowance_is_too_little_the_quiet_make_room_at_once() -> None:
    assert QUARTERLY.interval(melbourne(2, 22), is_short=True) == 2 * HOUR
    assert QUARTERLY.interval(melbourne(2, 10), is_short=True) == 15 * MIN


def test_without_hours_only_days_without_appointments_are_quiet() -> None:
    always = replace(QUARTERLY, hours=None, unchanged=9)

    assert always.interval(melbourne(2, 22)) == 15 * MIN
    assert replace(always, booked_on=TODAY).interval(melbourne(2, 22)) == 2 * HOUR


def test_hours_somebody_told_come_before_those_of_the_sheet_and_those_before_the_usual() -> None:
    told, shown = {"mon": [["09:00", "10:00"]]}, {"mon": [["10:00", "11:00"]]}

    assert hours_of(told, shown, usual=USUAL, timezone=ZONE) == read_hours(told, timezone=ZONE)
    assert hours_of({}, shown, usual=USUAL, timezone=ZONE) == read_hours(shown, timezone=ZONE)
    assert hours_of({}, {}, usual=USUAL, timezone=ZONE) == read_hours(USUAL, timezone=ZONE)


def test_the_sheet_s_hours_are_written_like_a_person_s() -> None:
    found = shown_hours({1: (8 * 60, 17 * 60 + 30), 5: (20 * 60, 25 * 60), 7: (60, 3000)})

    assert found == {
        "mon": [["08:00", "17:30"]],
        "fri": [["20:00", "01:00"]],
        "sun": [["01:00", "01:00"]],
    }


def step_by_step(at: datetime, until: datetime) -> list[datetime]:
    """As the timetable does it, one sync after another."""
    found, rhythm = list[datetime](), QUARTERLY
    while at < until:
        found.append(at)
        rhythm = replace(rhythm, unchanged=0 if rhythm.is_busy(at) else rhythm.unchanged + 1)
        at = rhythm.next_sync(at, usual=at + rhythm.every, chance=0.0)
    return found


def test_a_week_laid_out_is_read_at_the_interval_while_open_and_seldom_at_night() -> None:
    laid_out = list(slots(QUARTERLY, first=melbourne(1, 0), until=melbourne(8, 0)))
    open_gaps = [
        later - one
        for one, later in pairwise(laid_out)
        if QUARTERLY.is_busy(one) and local_day(one, ZONE) == local_day(later, ZONE)
    ]

    assert max(open_gaps) == 15 * MIN
    assert laid_out == step_by_step(melbourne(1, 0), melbourne(8, 0))
    assert len(laid_out) < 7 * 96 / 2
    assert 40 < busiest_day(QUARTERLY, melbourne(1, 0)) < 60
    assert busiest_day(replace(QUARTERLY, is_adaptive=False), melbourne(1, 0)) == 96
