"""Chunks tile a range exactly, newest first; what ends badly is tried again, then asked about."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.backfills import (
    MOST_DAYS,
    TRY_AGAIN_AFTER,
    check_range,
    next_chunk,
    try_again_after,
)
from domain.errors import BadInput
from domain.runs import RunStatus

FIRST = date(2026, 1, 1)


@given(
    first=st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    length=st.integers(0, 200),
    chunk_days=st.integers(1, 40),
)
def test_chunks_tile_the_range_newest_first(first: date, length: int, chunk_days: int) -> None:
    last = first + timedelta(days=length)
    read: list[date] = []
    done_to = None
    while chunk := next_chunk(first, last, done_to=done_to, chunk_days=chunk_days):
        days = (chunk[1] - chunk[0]).days + 1
        assert 1 <= days <= chunk_days
        read += [chunk[1] - timedelta(days=number) for number in range(days)]
        done_to = chunk[0]

    assert read == [last - timedelta(days=number) for number in range(length + 1)]


@pytest.mark.parametrize(
    ("last", "complaint"),
    [
        (FIRST - timedelta(days=1), "before it starts"),
        (FIRST + timedelta(days=MOST_DAYS), "At most"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(last: date, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        check_range(FIRST, last)


def test_a_chunk_is_left_longer_each_time_then_a_person_is_asked() -> None:
    told = [
        try_again_after(tries, RunStatus.FAILED, needs_person=False)
        for tries in range(1, len(TRY_AGAIN_AFTER) + 2)
    ]

    assert told == [*TRY_AGAIN_AFTER, None]
    assert sorted(TRY_AGAIN_AFTER) == list(TRY_AGAIN_AFTER)


def test_where_only_a_person_can_help_nothing_is_tried_again() -> None:
    assert try_again_after(1, RunStatus.FAILED, needs_person=True) is None
