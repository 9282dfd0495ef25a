"""Timelines: what happened lies where it was, openings are cut to the span."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.hours import OpeningHours
from domain.timelines import STEPS, Span, Step, openings, timeline

SINCE = datetime(2026, 3, 2, 0, tzinfo=UTC)
MORNING, EVENING = time(8), time(17)
WEEKDAYS = OpeningHours("UTC", dict.fromkeys(range(5), ((MORNING, EVENING),)))


def step(place: int, **counts: int) -> Step:
    return Step(place=place, runs=1, worst="success", counts=counts)


def test_what_all_runs_did_is_summed_up() -> None:
    line = timeline(
        [step(0, fetched=10, created=2), step(5, fetched=20)],
        since=SINCE,
        span=Span.DAY,
        hours=None,
    )

    assert line.totals == {"fetched": 30, "created": 2}
    assert (line.runs, line.always_open, line.openings) == (2, True, ())


def test_a_step_of_a_day_is_a_quarter_of_an_hour() -> None:
    line = timeline([], since=SINCE, span=Span.DAY, hours=WEEKDAYS)

    assert line.at(4) == SINCE + timedelta(hours=1)
    assert line.part(SINCE + timedelta(hours=6)) == 0.25
    assert line.part(SINCE - timedelta(hours=6)) == 0


def test_openings_of_a_week_leave_the_weekend_out() -> None:
    found = openings(WEEKDAYS, SINCE, SINCE + timedelta(days=7))

    assert [one.start.hour for one in found] == [8] * 5
    assert [one.end.hour for one in found] == [17] * 5


def test_an_opening_under_way_is_cut_to_the_span() -> None:
    noon = SINCE + timedelta(hours=12)

    [one] = openings(WEEKDAYS, noon, noon + timedelta(hours=2))

    assert (one.start, one.end) == (noon, noon + timedelta(hours=2))


def test_a_practice_that_never_opens_has_none() -> None:
    assert openings(OpeningHours("UTC", {}), SINCE, SINCE + timedelta(days=7)) == []


SHIFTS = st.lists(
    st.tuples(st.times(), st.times()).filter(lambda one: one[0] != one[1]), max_size=2
).map(tuple)


@given(
    shifts=st.dictionaries(st.integers(0, 6), SHIFTS, max_size=7),
    hour=st.integers(0, 23),
    span=st.sampled_from(Span),
)
def test_openings_lie_in_the_span_in_order_and_apart(
    shifts: dict[int, tuple[tuple[time, time], ...]], hour: int, span: Span
) -> None:
    hours = OpeningHours("Australia/Melbourne", shifts)
    since = SINCE + timedelta(hours=hour)
    until = since + span.length

    found = openings(hours, since, until)

    edges = [at for one in found for at in (one.start, one.end)]
    assert edges == sorted(edges)
    assert all(since <= at <= until for at in edges)
    assert all(one.start < one.end for one in found)


@pytest.mark.parametrize("span", list(Span))
def test_all_steps_together_are_the_span(span: Span) -> None:
    assert span.step * STEPS == span.length
