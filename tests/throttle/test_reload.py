"""After Redis has forgotten, the clock is rebuilt from stored rows and never grants too much."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from adapters.throttle.clock import Margins
from adapters.throttle.steering import steer
from domain.errors import Throttled
from domain.limits import Budget, Limit
from tests.throttle.rig import Rig, worst_window

pytestmark = pytest.mark.integration

BUDGET = Budget("pms", (Limit(60, 60), Limit(200, 3600)))


def forget(rig: Rig) -> None:
    rig.client.flushdb()
    rig.at(rig.now)


def test_a_bucket_without_rows_starts_full(rig: Rig) -> None:
    forget(rig)

    assert [rig.ask(BUDGET, holder=str(number)) for number in range(60)] == [None] * 60


def test_stored_requests_and_one_timeout_in_flight_count_as_spent(rig: Rig) -> None:
    rig.ask(BUDGET)
    rig.after(10)
    forget(rig)

    back = rig.ask(BUDGET)

    assert back == rig.now + timedelta(seconds=50.25)


def test_no_more_counts_as_in_flight_than_those_who_spend_can_have_left_unsaved(rig: Rig) -> None:
    rig.ask(BUDGET)
    rig.spent.at_most_unsaved = 24
    rig.after(10)
    forget(rig)

    granted = [rig.ask(BUDGET, holder=str(number)) for number in range(60)]

    assert granted.count(None) == 60 - 1 - 24


def test_the_hour_remembers_what_the_minute_has_forgotten(rig: Rig) -> None:
    for _ in range(3):
        rig.run({"a": 60}, BUDGET, until=rig.now + timedelta(hours=1))
        rig.after(120)
    forget(rig)

    back = rig.ask(BUDGET, holder="b")

    # 180 rows and 60 that may be in flight: the hour is full until the first 41 rows leave it.
    assert back == rig.start + timedelta(seconds=3600.25)


def test_each_bucket_is_loaded_once(rig: Rig) -> None:
    other = Budget("other", (Limit(5, 60),))

    for holder in "abc":
        rig.ask(BUDGET, other, holder=holder)

    assert rig.spent.asked == ["pms", "other"]


def test_processes_that_find_it_empty_load_it_once(rig: Rig) -> None:
    rig.ask(BUDGET, holder="before")
    forget(rig)
    gate = Barrier(6)
    answers: list[datetime | None] = []

    def ask(holder: str) -> None:
        throttle = rig.another()
        gate.wait()
        try:
            answers.append(throttle.spend([BUDGET], holder=holder))
        except Throttled:
            answers.append(None)

    rig.spent.asked.clear()
    threads = [Thread(target=ask, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rig.spent.asked == ["pms"]
    assert answers == [None] * 6


def test_a_loader_that_died_is_replaced(rig: Rig) -> None:
    class DiedWhileReading(RuntimeError):
        pass

    class Dying:
        def since(self, *_: object) -> list[object]:
            raise DiedWhileReading

    dying = rig.another()
    dying._spent = Dying()  # type: ignore[assignment]  # noqa: SLF001 - the process that dies
    with pytest.raises(DiedWhileReading):
        dying.spend([BUDGET], holder="dying")

    assert rig.ask(BUDGET) is not None
    rig.after(5)
    assert rig.ask(BUDGET) is None


def test_a_state_restored_from_an_older_server_is_not_trusted(rig: Rig) -> None:
    rig.ask(BUDGET)
    rig.client.set("clock:generation", "another server's run id")
    rig.client.hset("clock:pms:state", "loaded", "another server's run id")
    rig.client.script_flush()

    rig.spent.asked.clear()
    back = rig.ask(BUDGET, holder="b")

    assert rig.spent.asked == ["pms"]
    assert back is not None


@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    losses=st.lists(st.integers(5, 120), min_size=1, max_size=4),
    pace=st.integers(20, 400),
    unwritten=st.integers(0, 30),
)
def test_losing_everything_in_the_middle_never_grants_too_much(
    redis_client: Redis, losses: list[int], pace: int, unwritten: int
) -> None:
    redis_client.flushdb()
    rig = Rig(redis_client, start=Rig.start_of_tests(), margins=Margins())
    budget = Budget("pms", (Limit(15, 20), Limit(60, 240)))
    rig.ask(budget, holder="first")

    for seconds in losses:
        until = rig.now + timedelta(seconds=seconds)
        while rig.now < until:
            rig.ask(budget, holder="ab"[rig.trips % 2])
            rig.after(pace / 100)
        # A page in flight at the loss: its grants are not among the rows.
        kept = rig.spent.rows["pms"]
        in_flight = timedelta(seconds=unwritten)
        rig.spent.rows["pms"] = [
            at for place, at in enumerate(kept) if place == 0 or at < rig.now - in_flight
        ]
        forget(rig)
        rig.ask(budget, holder="first after")
        rig.spent.rows["pms"] = kept
    rig.run(dict.fromkeys("ab", 40), budget, until=rig.now + timedelta(minutes=8))

    assert worst_window(rig.all_granted(), 20.25) <= 15
    assert worst_window(rig.all_granted(), 240.25) <= 60


def test_only_a_clock_made_for_tests_looks_at_the_steered_time(redis_client: Redis) -> None:
    rig = Rig(redis_client, start=Rig.start_of_tests(), margins=Margins())
    steer(redis_client, prefix="clock", at=rig.start, speed=0)

    real = type(rig.throttle)(redis_client, rig.spent, prefix="clock")

    assert real.spend([BUDGET], holder="a") > rig.start + timedelta(days=1)
