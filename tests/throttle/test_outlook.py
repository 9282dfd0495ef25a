"""The clock answers what is left, what binds and when a queue would be through."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from adapters.throttle.clock import Margins
from domain.limits import Budget, Limit
from tests.throttle.rig import Rig

pytestmark = pytest.mark.integration

BUDGET = Budget("pms", (Limit(60, 60), Limit(1000, 3600)), voice_share=0.1)


def test_it_tells_what_is_left_of_each_window(rig: Rig) -> None:
    for _ in range(4):
        rig.ask(BUDGET)

    found = rig.throttle.outlook([BUDGET])
    on_the_phone = rig.throttle.outlook([BUDGET], voice=True)

    assert [each.left for each in found.allowances] == [50, 896]
    assert [each.left for each in on_the_phone.allowances] == [56, 996]


def test_it_spends_nothing(rig: Rig) -> None:
    before = rig.throttle.outlook([BUDGET], requests=2000)

    assert rig.throttle.outlook([BUDGET], requests=2000) == before


def test_it_names_the_window_that_binds_and_when_all_are_through(rig: Rig) -> None:
    short = rig.throttle.outlook([BUDGET], requests=300)
    long = rig.throttle.outlook([BUDGET], requests=901)

    assert short.binding.limit == Limit(60, 60)
    assert short.seconds == 5 * 60.25
    assert long.binding.limit == Limit(1000, 3600)
    assert long.seconds == 3600.25


def test_a_pause_leaves_nothing(rig: Rig) -> None:
    rig.throttle.pause("pms", seconds=30)

    found = rig.throttle.outlook([BUDGET])

    assert found.first_at == rig.start + timedelta(seconds=30)
    assert {each.left for each in found.allowances} == {0}


def test_what_the_vendor_told_shows_in_the_outlook(rig: Rig) -> None:
    budget = Budget("pms", (Limit(60, 60),))
    rig.throttle.observe("pms", limit=30)
    rig.throttle.observe("pms", remaining=2, reset_seconds=20)

    found = rig.throttle.outlook([budget], requests=3)

    assert [each.left for each in found.allowances] == [2]
    assert found.first_at == rig.start
    assert found.seconds == 20


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=st.integers(0, 30), gap=st.integers(0, 12), requests=st.integers(1, 60))
def test_a_lone_queue_is_through_when_the_outlook_said(
    redis_client: Redis, before: int, gap: int, requests: int
) -> None:
    redis_client.flushdb()
    rig = Rig(redis_client, start=Rig.start_of_tests(), margins=Margins())
    budget = Budget("pms", (Limit(7, 5), Limit(20, 30)))
    if before:
        rig.run({"earlier": before}, budget, until=rig.start + timedelta(hours=1))
    rig.after(gap)

    said = rig.throttle.outlook([budget], requests=requests)
    rig.run({"queue": requests}, budget, until=rig.now + timedelta(hours=1))

    assert rig.granted["queue"][0] == said.first_at
    assert rig.granted["queue"][-1] == said.through_at
