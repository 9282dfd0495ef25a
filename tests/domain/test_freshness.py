"""When a sheet is fresh, late, excused or broken, and when somebody hears of it."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.connections import State
from domain.freshness import Facts, Freshness, Status, ago, assess
from domain.hours import OpeningHours

MIN = timedelta(minutes=1)
EVERY = 15 * MIN
LAST = datetime(2025, 12, 1, 0, tzinfo=UTC)  # a Monday, 11:00 in Melbourne
SYNCED = Facts(created_at=LAST - timedelta(days=9), every=EVERY, last_complete_at=LAST)
WEEKDAYS = OpeningHours(
    "Australia/Melbourne", {day: ((time(8), time(12)), (time(13), time(17))) for day in range(5)}
)
ALWAYS = OpeningHours("Australia/Melbourne", {day: ((time(), time()),) for day in range(7)})


def melbourne(day: int, hour: int, minute: int = 0) -> datetime:
    """December 2025: UTC+11."""
    return datetime(2025, 12, day, hour, minute, tzinfo=UTC) - timedelta(hours=11)


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (timedelta(0), "Synced just now"),
        (2 * MIN, "Synced 2 min ago"),
        (30 * MIN - timedelta(microseconds=1), "Synced 29 min ago"),
    ],
)
def test_on_time_until_two_intervals_have_passed(after: timedelta, sentence: str) -> None:
    assert assess(SYNCED, now=LAST + after) == Freshness(Status.ON_TIME, LAST, sentence)


def test_late_at_two_intervals_exactly() -> None:
    now = LAST + 2 * EVERY

    assert assess(SYNCED, now=now) == Freshness(Status.LATE, now, "Late by 15 min")


def test_lateness_says_what_it_waits_for() -> None:
    now = LAST + 2 * EVERY

    waiting = assess(replace(SYNCED, waiting_for="Gentu's request limit"), now=now)
    queued = assess(replace(SYNCED, next_due_at=now + 3 * MIN), now=now)

    assert waiting.sentence == "Late by 15 min: waiting for Gentu's request limit"
    assert queued.sentence == "Late by 15 min: next try in 3 min"


def test_what_syncs_only_when_asked_is_never_late() -> None:
    found = assess(replace(SYNCED, every=None), now=LAST + timedelta(days=3))

    told = "Syncs when somebody asks, last synced 3 days ago"
    assert (found.status, found.sentence) == (Status.BY_HAND, told)


def test_three_failures_in_a_row_are_failing_and_two_are_not() -> None:
    twice, thrice = (replace(SYNCED, failures=count, failing_since=LAST + MIN) for count in (2, 3))

    assert assess(twice, now=LAST + 5 * MIN).status is Status.ON_TIME
    assert assess(thrice, now=LAST + 5 * MIN) == Freshness(
        Status.FAILING, LAST + MIN, "Failed 3 times in a row, last synced 5 min ago"
    )


@pytest.mark.parametrize(
    ("state", "status", "sentence"),
    [
        (State.INACTIVE, Status.PAUSED, "Paused, last synced 5 h ago"),
        (State.NEEDS_SIGN_IN, Status.NEEDS_SIGN_IN, "Needs sign-in, last synced 5 h ago"),
        (State.ERROR, Status.FAILING, "Failed, last synced 5 h ago"),
        (State.SETUP_REQUIRED, Status.NEVER_SYNCED, "Setup is not finished"),
    ],
)
def test_the_state_of_a_connection_comes_before_its_lateness(
    state: State, status: Status, sentence: str
) -> None:
    found = assess(replace(SYNCED, state=state), now=LAST + timedelta(hours=5))

    assert (found.status, found.sentence) == (status, sentence)


def test_a_pause_is_said_before_anything_that_goes_wrong_behind_it() -> None:
    facts = replace(SYNCED, is_paused=True, state_at=LAST + MIN, failures=9)

    found = assess(facts, now=LAST + timedelta(hours=5))

    assert (found.status, found.since) == (Status.PAUSED, LAST + MIN)


def test_a_new_connection_has_two_intervals_for_its_first_sync() -> None:
    new = Facts(created_at=LAST, every=EVERY)

    assert assess(new, now=LAST + 5 * MIN) == Freshness(Status.NEVER_SYNCED, LAST, "Not synced yet")
    assert assess(new, now=LAST + 30 * MIN).status is Status.LATE
    signed_out = replace(new, state=State.NEEDS_SIGN_IN)
    assert assess(signed_out, now=LAST).sentence == "Needs sign-in, never synced"


def test_a_closed_clinic_is_neither_late_nor_failing() -> None:
    facts = replace(SYNCED, hours=WEEKDAYS, last_complete_at=melbourne(1, 16, 50), failures=5)

    found = assess(facts, now=melbourne(1, 23))

    assert found.status is Status.CLOSED
    assert found.sentence == "Closed until Tue 08:00, synced 6 h ago"


def test_a_clinic_that_never_opens_is_closed() -> None:
    facts = replace(SYNCED, hours=OpeningHours("Australia/Melbourne", {}))

    assert assess(facts, now=LAST + timedelta(hours=3)).sentence == "Closed, synced 3 h ago"


@pytest.mark.parametrize(
    ("every", "minute_late"),
    [(EVERY, 30), (60 * MIN, 60)],
)
def test_a_clinic_that_opens_gets_two_intervals_or_an_hour(
    every: timedelta, minute_late: int
) -> None:
    facts = replace(
        SYNCED, every=every, hours=WEEKDAYS, last_complete_at=melbourne(1, 16), failures=0
    )
    deadline = melbourne(2, 8) + minute_late * MIN

    assert assess(facts, now=melbourne(2, 8)).status is Status.ON_TIME
    assert assess(facts, now=deadline - timedelta(seconds=1)).status is Status.ON_TIME
    assert assess(facts, now=deadline) == Freshness(
        Status.LATE, deadline, "Late by 1 h" if minute_late == 60 else "Late by 30 min"
    )


def test_a_daily_sync_is_late_although_no_day_is_that_long() -> None:
    facts = replace(SYNCED, every=timedelta(days=1), hours=WEEKDAYS, last_complete_at=LAST)

    assert assess(facts, now=LAST + timedelta(hours=47)).status is Status.ON_TIME
    assert assess(facts, now=LAST + timedelta(hours=48)).status is Status.LATE


def test_midnight_excuses_nobody_who_is_always_open() -> None:
    facts = replace(SYNCED, hours=ALWAYS)
    night = [melbourne(2, 0) + minutes * MIN for minutes in range(-30, 60, 5)]

    assert {assess(facts, now=now).status for now in night} == {Status.LATE}


def test_a_shift_may_run_past_midnight() -> None:
    night = OpeningHours("Australia/Melbourne", {0: ((time(22), time(2)),)})

    assert night.opening(melbourne(2, 1, 59)) is not None
    assert night.opening(melbourne(2, 2)) is None
    assert night.next_opening(melbourne(2, 2)) == melbourne(8, 22)


def test_opening_hours_follow_the_clock_through_a_change() -> None:
    monday = OpeningHours("America/New_York", {0: ((time(8), time(9)),)})
    in_summer, in_winter = (
        datetime(2025, 10, 27, 12, tzinfo=UTC),
        datetime(2025, 11, 3, 13, tzinfo=UTC),
    )

    assert monday.opening(in_summer) is not None
    assert monday.opening(in_winter) is not None
    assert monday.opening(in_winter - timedelta(hours=1)) is None


def test_a_shift_in_the_hour_that_spring_skips_does_not_happen() -> None:
    sunday = OpeningHours("America/New_York", {6: ((time(2, 30), time(3)),)})

    assert sunday.opening(datetime(2026, 3, 8, 7, 15, tzinfo=UTC)) is None


def test_overlapping_shifts_are_one_opening() -> None:
    both = OpeningHours(
        "UTC", {0: ((time(9), time(13)), (time(8), time(10)), (time(11), time(12)))}
    )

    found = both.opening(LAST + timedelta(hours=12))

    assert found is not None
    assert (found.start.hour, found.end.hour) == (8, 13)


FACTS = st.builds(
    Facts,
    created_at=st.just(LAST),
    every=st.one_of(st.none(), st.timedeltas(MIN, timedelta(days=2))),
    state=st.sampled_from(State),
    last_complete_at=st.one_of(st.none(), st.just(LAST)),
    failures=st.integers(0, 5),
    hours=st.sampled_from([None, WEEKDAYS, ALWAYS]),
)
SPANS = st.timedeltas(timedelta(0), timedelta(days=9))


@given(facts=FACTS, after=SPANS)
def test_nobody_is_late_outside_opening_hours(facts: Facts, after: timedelta) -> None:
    now = LAST + after
    found = assess(facts, now=now)

    assert found.sentence
    assert found.since <= now
    if facts.hours is not None and facts.hours.opening(now) is None:
        assert found.status not in {Status.LATE, Status.FAILING}


@given(facts=FACTS, after=SPANS, more=SPANS)
def test_lateness_lasts_as_long_as_the_opening(
    facts: Facts, after: timedelta, more: timedelta
) -> None:
    now, later = LAST + after, LAST + after + more
    opening = facts.hours.opening(now) if facts.hours else None

    if assess(facts, now=now).status is Status.LATE and (opening is None or later in opening):
        assert assess(facts, now=later).status is Status.LATE


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (MIN, "1 min ago"),
        (59 * MIN, "59 min ago"),
        (60 * MIN, "1 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(hours=48), "2 days ago"),
    ],
)
def test_lengths_are_said_in_the_unit_a_person_would_use(length: timedelta, words: str) -> None:
    assert ago(LAST, LAST + length) == words


def test_a_quiet_practice_is_not_late_before_its_next_sync_should_have_come() -> None:
    resting = replace(SYNCED, rests_until=LAST + 90 * MIN)

    early = assess(resting, now=LAST + 80 * MIN)
    late = assess(resting, now=LAST + 90 * MIN + 2 * EVERY)

    assert early == Freshness(Status.ON_TIME, LAST, "Synced 1 h ago, quiet: next in 10 min")
    assert (late.status, late.sentence) == (Status.LATE, "Late by 30 min")


@given(rests=st.integers(-600, 600), minutes=st.integers(0, 2000))
def test_a_rest_that_is_over_before_opening_makes_no_opening_later(
    rests: int, minutes: int
) -> None:
    opens = melbourne(2, 8)
    closed = replace(SYNCED, hours=WEEKDAYS, last_complete_at=melbourne(1, 17))
    now = opens + minutes * MIN
    resting = replace(closed, rests_until=opens - abs(rests) * MIN)

    assert assess(resting, now=now).status is assess(closed, now=now).status
