"""A worker takes what its threads can carry, and leaves the rest to others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from threading import Event

import pytest

from infra.broker import broker
from workers.actors import listen

pytestmark = pytest.mark.integration

QUEUE = "sync"
LONG_SECONDS = 10


@contextmanager
def working(redis_url: str, run: Callable[[int], object]) -> Iterator[None]:
    worker = listen(broker(redis_url), run, queues=[QUEUE], threads=1, idle_ms=100)
    worker.start()
    try:
        yield
    finally:
        worker.stop(timeout=5000)


def test_what_one_worker_has_no_hand_for_is_done_by_another(redis_url: str) -> None:
    begun: Queue[int] = Queue()
    done: Queue[int] = Queue()
    may_end = Event()

    def take_long(job_id: int) -> None:
        begun.put(job_id)
        may_end.wait(LONG_SECONDS)

    announcing = broker(redis_url)
    with working(redis_url, take_long):
        announcing.announce(QUEUE, [1, 2, 3])
        taken = begun.get(timeout=LONG_SECONDS)
        with working(redis_url, done.put):
            others = {done.get(timeout=LONG_SECONDS / 2) for _ in range(2)}
            may_end.set()

    assert {taken} | others == {1, 2, 3}
    assert begun.empty()
