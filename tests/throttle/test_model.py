"""The Lua clock against the brute-force model, step by step, and its invariants at scale."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from adapters.throttle.clock import Margins
from adapters.throttle.instants import from_micros, to_micros
from domain.limits import Budget, Limit
from tests.throttle.model import Model
from tests.throttle.rig import Rig, worst_window

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
APPLICATION = Budget("application", (Limit(5, 10), Limit(8, 30)))
OFFICE = Budget("office", (Limit(2, 7),))
SHARED = Budget("shared", (Limit(12, 10),), voice_share=0.25)
SETS = (
    (APPLICATION,),
    (OFFICE,),
    (APPLICATION, OFFICE),
    (SHARED,),
    (SHARED, OFFICE),
    (APPLICATION, SHARED),
)

asks = st.tuples(
    st.just("ask"),
    st.sampled_from("abcd"),
    st.booleans(),
    st.sampled_from(SETS),
)
pauses = st.tuples(st.just("pause"), st.sampled_from(("application", "office")), st.integers(1, 9))
moves = st.tuples(st.just("move"), st.integers(0, 4_000_000))
claims = st.tuples(st.just("claim"))
steps = st.lists(
    st.one_of(asks, asks, asks, claims, claims, moves, pauses), min_size=20, max_size=80
)
own_server = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def fresh(client: Redis) -> Rig:
    client.flushdb()
    return Rig(client, start=START, margins=Margins())


@own_server
@given(steps=steps)
def test_the_clock_answers_as_the_model_does(
    redis_client: Redis, steps: list[tuple[Any, ...]]
) -> None:
    rig, model = fresh(redis_client), Model()
    waiting: dict[tuple[Any, ...], datetime] = {}

    for kind, *rest in steps:
        if kind == "move":
            rig.after(rest[0] / 1_000_000)
        elif kind == "pause":
            rig.throttle.pause(rest[0], seconds=rest[1])
            model.pause(rest[0], to_micros(rig.now) + rest[1] * 1_000_000)
        elif kind == "ask" or waiting:
            who = tuple(rest) if kind == "ask" else min(waiting, key=lambda each: waiting[each])
            rig.at(max(rig.now, waiting.pop(who)) if kind == "claim" else rig.now)
            holder, voice, budgets = who
            now = to_micros(rig.now)
            expected = model.spend(budgets, holder=holder, voice=voice, now=now)
            found = rig.ask(*budgets, holder=holder, voice=voice)
            assert found == (None if expected is None else from_micros(expected))
            waiting.pop(who, None)
            if found is not None:
                waiting[who] = found


late = st.integers(0, 300_000)


@settings(own_server, max_examples=50)
@given(
    demand=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 60), min_size=1),
    lateness=st.lists(late, min_size=1, max_size=20),
    arrivals=st.lists(st.integers(0, 249_999), min_size=1, max_size=20),
)
def test_no_window_is_ever_exceeded_at_the_grant_or_at_the_vendors_door(
    redis_client: Redis, demand: dict[str, int], lateness: list[int], arrivals: list[int]
) -> None:
    rig = fresh(redis_client)
    budget = Budget("pms", (Limit(7, 5), Limit(20, 30)))
    left, due = Counter(demand), dict.fromkeys(demand, START)

    while left:
        holder = min(left, key=lambda name: due[name])
        late_by = timedelta(microseconds=lateness[rig.trips % len(lateness)])
        rig.at(max(rig.now, due[holder] + late_by))
        back = rig.ask(budget, holder=holder)
        due[holder] = back or rig.now
        left -= Counter([holder] if back is None else [])

    granted = rig.all_granted()
    arrived = [
        at + timedelta(microseconds=arrivals[place % len(arrivals)])
        for place, at in enumerate(granted)
    ]
    assert len(granted) == sum(demand.values())
    assert worst_window(granted, 5.25) <= 7 and worst_window(granted, 30.25) <= 20
    assert worst_window(arrived, 5) <= 7 and worst_window(arrived, 30) <= 20


@pytest.mark.parametrize(("share", "least"), [(0.0, 0.95), (0.1, 0.85)])
def test_most_of_a_contended_budget_is_used(rig: Rig, share: float, least: float) -> None:
    budget = Budget("pms", (Limit(60, 60),), voice_share=share)
    hour = rig.start + timedelta(hours=1)

    rig.run(dict.fromkeys("abcdefgh", 4000), budget, until=hour)

    assert len(rig.all_granted()) >= least * 60 * 60
    assert worst_window(rig.all_granted(), 60) <= 60


def test_endless_demand_of_one_holder_starves_nobody(rig: Rig) -> None:
    budget = Budget("pms", (Limit(60, 60),))
    rig.run({"giant": 10_000}, budget, until=rig.start + timedelta(seconds=30))

    rig.run({"giant": 10_000, "b": 40, "c": 40}, budget, until=rig.start + timedelta(minutes=4))

    assert len(rig.granted["b"]) == 40 and len(rig.granted["c"]) == 40
    assert rig.granted["b"][-1] - rig.start <= timedelta(minutes=3)


def test_holders_of_one_budget_come_round_in_turn(rig: Rig) -> None:
    budget = Budget("pms", (Limit(10, 10),))

    rig.run(dict.fromkeys("abcd", 100), budget, until=rig.start + timedelta(minutes=4))

    counts = [len(each) for each in rig.granted.values()]
    assert max(counts) - min(counts) <= 11  # the first came to a window full of credit


def test_a_round_trip_and_a_half_is_the_most_a_grant_costs_under_contention(rig: Rig) -> None:
    budget = Budget("pms", (Limit(60, 60),))

    rig.run(dict.fromkeys("abc", 4000), budget, until=rig.start + timedelta(minutes=20))

    assert rig.trips <= 2.5 * len(rig.all_granted())
