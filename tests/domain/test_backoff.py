"""When the next try is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.backoff import BASE, CAP, NO_FLOOR, ceiling, next_try

AT = datetime(2025, 12, 1, 9, tzinfo=UTC)
CHANCES = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (9999, 30)]
)
def test_the_longest_wait_doubles_up_to_the_cap(failures: int, seconds: int) -> None:
    assert ceiling(failures) == timedelta(seconds=seconds)


def test_no_failure_yet_waits_no_longer_than_one() -> None:
    assert ceiling(0) == BASE


def test_the_jitter_is_full() -> None:
    assert next_try(3, at=AT, chance=0.0) == AT
    assert next_try(3, at=AT, chance=0.5) == AT + timedelta(seconds=2)


def test_those_told_to_wait_equally_long_still_spread_out() -> None:
    floor = timedelta(seconds=60)

    early, late = (next_try(4, at=AT, floor=floor, chance=chance) for chance in (0.1, 0.9))

    assert AT + floor < early < late


def test_a_floor_in_the_past_counts_for_nothing() -> None:
    assert next_try(1, at=AT, floor=timedelta(seconds=-5), chance=0.0) == AT


@given(
    failures=st.integers(0, 10**6),
    floor=st.timedeltas(NO_FLOOR, timedelta(days=1)),
    chance=CHANCES,
)
def test_never_before_the_floor_and_never_past_the_cap_above_it(
    failures: int, floor: timedelta, chance: float
) -> None:
    when = next_try(failures, at=AT, floor=floor, chance=chance)

    assert AT + floor <= when <= AT + floor + CAP
