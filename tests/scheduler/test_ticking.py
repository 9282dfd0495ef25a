"""The scheduler's ticks go on whatever its machine's clock is set to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from threading import Semaphore

import pytest
from apscheduler.schedulers import base
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Transient
from infra.stopping import Stopping
from scheduler import ticking
from scheduler.ticking import Every, Tick, mind_the_clock, ticker

PATIENCE_SECONDS = 30
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WRONG = st.timedeltas(min_value=timedelta(days=-20_000), max_value=timedelta(days=20_000))


class Machine:
    """What the machine's clock shows, to APScheduler and to us."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wrong_by = timedelta()
        self.looked_at = Semaphore(0)
        patch.setattr(base, "datetime", self)
        patch.setattr(ticking, "LOOK_SECONDS", 0.01)

    def now(self, zone: tzinfo | None = UTC) -> datetime:
        self.looked_at.release()
        return datetime.now(zone) + self.wrong_by


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@contextmanager
def ticks(machine: Machine, tick: Tick, *, apart: float = 0.02) -> Iterator[None]:
    made, stopping = ticker({"tick": (tick, apart)}), Stopping()
    made.start()
    looking = mind_the_clock(made, stopping, clock=machine.now)
    yield
    stopping.ask()
    looking.join()
    made.shutdown(wait=True)


def counted() -> tuple[Semaphore, Callable[[], bool]]:
    done = Semaphore(0)
    return done, lambda: all(done.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))


@pytest.mark.parametrize(
    "wrong_by",
    [timedelta(hours=-1), timedelta(days=-400), timedelta(days=1), timedelta(days=20_000)],
    ids=["an hour back", "a year back", "a day ahead", "half a century ahead"],
)
def test_ticks_go_on_when_the_clock_is_set_anew(machine: Machine, wrong_by: timedelta) -> None:
    done, ticked = counted()
    with ticks(machine, done.release):
        before = ticked()
        machine.wrong_by = wrong_by
        after = ticked()

    assert (before, after) == (True, True)


def test_a_clock_that_goes_on_hurries_no_tick(machine: Machine) -> None:
    done, _ = counted()

    with ticks(machine, done.release, apart=3600):
        for _ in range(20):
            assert machine.looked_at.acquire(timeout=PATIENCE_SECONDS)

    assert not done.acquire(blocking=False)


def test_a_tick_that_fails_comes_again(machine: Machine) -> None:
    done, ticked = counted()

    def fails() -> None:
        done.release()
        raise Transient("the database is away")

    with ticks(machine, fails):
        assert ticked()


@given(previous=WRONG, apart=st.floats(min_value=0.01, max_value=100))
def test_whenever_the_last_one_was_the_next_is_neither_past_nor_further_off_than_it_should(
    previous: timedelta, apart: float
) -> None:
    following = Every(apart).get_next_fire_time(NOW + previous, NOW)

    assert NOW < following <= NOW + timedelta(seconds=apart)


def test_ticks_keep_their_distance_from_each_other_and_not_from_their_ends() -> None:
    last = NOW - timedelta(seconds=0.3)

    assert Every(1).get_next_fire_time(last, NOW) == last + timedelta(seconds=1)
