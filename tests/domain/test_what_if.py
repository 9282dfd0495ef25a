"""What a day would come to: more asked is never sooner through, no window is ever exceeded."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.limits import Budget, Limit, Tier
from domain.what_if import FARTHEST, Foreseen, Habit, Shared, foresee

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVENING = datetime(2026, 3, 2, 13, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GENTU = Budget("gentu", (Limit(60, 60), Limit(1000, 3600)))
SMALL = Budget("small", (Limit(5, 60), Limit(40, 3600)))


def habit(key: str, requests: int, minutes: int | None = 60, *, waiting: int = 0) -> Habit:
    every = minutes * MINUTE if minutes else None
    return Habit(key=key, requests=requests, every=every, next_at=NOW, waiting=waiting)


def day(*habits: Habit, budget: Budget = GENTU, besides: float = 0.0) -> Foreseen:
    shared = Shared(budgets=[budget], besides=besides)
    return foresee(shared, habits, now=NOW, until=EVENING)


HABITS = st.lists(
    st.builds(
        Habit,
        key=st.integers(0, 10_000),
        requests=st.integers(1, 12),
        every=st.one_of(st.none(), st.integers(20, 600).map(lambda one: one * MINUTE)),
        next_at=st.integers(-30, 300).map(lambda one: NOW + one * MINUTE),
        waiting=st.integers(0, 20),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.key,
)


def test_a_day_is_counted_against_each_window_and_the_tightest_binds() -> None:
    told = day(habit("clinic", 33, 15), habit("other", 10, 60))

    assert told.a_day == 33 * 96 + 10 * 24
    assert [round(one.allowed) for one in told.loads] == [86_400, 24_000]
    assert told.binding.limit == Limit(1000, 3600)
    assert told.late == []


def test_a_connection_that_asks_for_too_much_is_slowed_and_the_modest_are_not() -> None:
    told = day(habit("giant", 3000, 30), habit("small", 10, 60))

    giant, small = told.paces
    assert (giant.is_late, giant.is_slowed) == (True, True)
    assert (small.is_late, small.really) == (False, timedelta(hours=1))
    assert told.binding.share > 1


def test_a_sync_too_long_for_its_interval_is_late_though_nobody_else_asks() -> None:
    told = day(habit("giant", 2500, 30))

    assert told.late == [told.paces[0]]
    assert told.paces[0].really is not None
    assert told.paces[0].really >= timedelta(hours=2)


def test_work_that_waits_is_through_as_the_windows_let_it() -> None:
    told = day(habit("clinic", 10, None, waiting=150))

    assert told.through_at == NOW + 2 * MINUTE
    assert told.a_day == 0


def test_what_was_spent_of_late_is_not_there_to_be_spent_again() -> None:
    spent = {"gentu": [NOW - timedelta(seconds=30)] * 60}
    shared = Shared(budgets=[GENTU], spent=spent)

    told = foresee(shared, [habit("clinic", 1, None, waiting=1)], now=NOW, until=EVENING)

    assert told.through_at == NOW + timedelta(seconds=30)


def test_stricter_hours_are_counted_for_as_long_as_they_hold() -> None:
    peak = Tier(zone="UTC", opens=time(8), closes=time(18), limits=(Limit(12, 60),))
    budget = Budget("amd", (Limit(60, 60),), tiers=(peak,))

    told = day(habit("office", 1, 1), budget=budget)

    assert [one.hours for one in told.loads] == [24.0, 10.0]
    assert told.binding.limit == Limit(12, 60)
    assert told.binding.asked == pytest.approx(600)
    assert told.binding.allowed == pytest.approx(7200)


def test_what_else_is_asked_counts_too() -> None:
    assert day(habit("clinic", 10), besides=1000).a_day == 1240


def test_more_than_can_be_laid_out_is_told_by_its_rates_alone() -> None:
    told = day(habit("giant", FARTHEST + 1, 1440))

    assert told.through_at is None
    assert told.a_day == FARTHEST + 1


def test_a_connection_synced_by_hand_is_never_late() -> None:
    [pace] = day(habit("by hand", 500, None)).paces

    assert (pace.is_late, pace.is_slowed, pace.a_day) == (False, False, 0.0)


@given(habits=HABITS, faster=st.integers(1, 19))
def test_asking_more_often_is_never_sooner_through_nor_less_asked(
    habits: list[Habit], faster: int
) -> None:
    first, *rest = habits
    often = Habit(
        key=first.key,
        requests=first.requests,
        every=faster * MINUTE,
        next_at=first.next_at,
        waiting=first.waiting,
    )

    before, after = day(*habits, budget=SMALL), day(often, *rest, budget=SMALL)

    assert after.a_day >= before.a_day
    assert after.binding.share >= before.binding.share
    late = {one.key for one in after.late}
    assert {one.key for one in before.late if one.key != first.key} <= late


@given(habits=HABITS)
def test_a_wider_limit_makes_nothing_later(habits: list[Habit]) -> None:
    wide = Budget("small", tuple(Limit(2 * one.requests, one.seconds) for one in SMALL.limits))

    before, after = day(*habits, budget=SMALL), day(*habits, budget=wide)

    assert before.through_at is not None
    assert after.through_at is not None
    assert after.through_at <= before.through_at
    assert {one.key for one in after.late} <= {one.key for one in before.late}


@given(waiting=st.integers(1, 120), spent=st.lists(st.integers(0, 3599), max_size=40))
def test_no_window_lets_more_through_than_it_allows(waiting: int, spent: list[int]) -> None:
    held = sorted(NOW - timedelta(seconds=one) for one in spent)
    shared = Shared(budgets=[SMALL], spent={"small": held})

    ends = [
        foresee(shared, [habit("one", 1, None, waiting=many)], now=NOW, until=EVENING).through_at
        for many in range(1, waiting + 1)
    ]

    instants = [at for at in ends if at is not None]
    assert len(instants) == waiting
    assert all(one <= other for one, other in pairwise(instants))
    for limit in SMALL.limits:
        span = timedelta(seconds=limit.seconds)
        for last, end in enumerate(instants):
            within = sum(end - span < at <= end for at in instants[: last + 1])
            assert within <= limit.requests
