"""Endpoints that answer slowly take no thread from other accounts, nor from other work."""

from collections.abc import Iterator
from contextlib import ExitStack
from threading import Condition, Event, Thread

import pytest

from domain.errors import Throttled
from tests.workers.twin import NOW
from workers.lines import AGAIN, MOST, SLOW_SECONDS, Lines


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class NobodyWaits(Condition):
    """A thread that stood here would be kept from other work by somebody slow."""

    def wait(self, timeout: float | None = None) -> bool:
        raise AssertionError("waits")


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def lines(seconds: Seconds) -> Lines:
    return Lines(clock=lambda: NOW, seconds=seconds)


@pytest.fixture
def held() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_an_account_whose_endpoint_is_slow_waits_and_keeps_no_thread_nor_another_account(
    seconds: Seconds, held: ExitStack
) -> None:
    lines = Lines(clock=lambda: NOW, seconds=seconds, _free=NobodyWaits())
    held.enter_context(lines.taken("slow"))
    seconds.now += SLOW_SECONDS

    with pytest.raises(Throttled) as wait, lines.taken("slow"):
        pass
    with lines.taken("quick"):
        pass

    assert wait.value.until == NOW + AGAIN


def test_no_more_lines_are_taken_than_leave_threads_for_other_work(
    lines: Lines, seconds: Seconds, held: ExitStack
) -> None:
    for number in range(MOST):
        held.enter_context(lines.taken(f"account {number}"))
    seconds.now += SLOW_SECONDS

    with pytest.raises(Throttled), lines.taken("another"):
        pass
    held.close()
    with lines.taken("another"):
        pass


def test_behind_quick_ones_a_turn_comes_at_once(lines: Lines, held: ExitStack) -> None:
    for _ in range(MOST):
        held.enter_context(lines.taken("one"))
    come = Event()

    def wait() -> None:
        with lines.taken("one"):
            come.set()

    waiting = Thread(target=wait)
    waiting.start()
    held.close()
    waiting.join(10)

    assert come.is_set()
