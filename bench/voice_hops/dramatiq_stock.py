"""dramatiq as it comes, with its own results."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from bench.voice_hops.kit import THREADS, Call, main, ready

WAIT_MS = 30_000


def work(url: str, **settings: int) -> None:
    worker = dramatiq.Worker(_actor(url).broker, worker_threads=THREADS, **settings)
    worker.start()
    ready()
    Event().wait()


@contextmanager
def calling(url: str) -> Iterator[Call]:
    actor = _actor(url)
    yield lambda: actor.send(1).get_result(block=True, timeout=WAIT_MS)


def _actor(url: str) -> Any:
    broker: Any = RedisBroker(url=url)  # type: ignore[no-untyped-call] # dramatiq's own
    results: Any = Results
    broker.add_middleware(results(backend=RedisBackend(url=url)))
    dramatiq.set_broker(broker)
    declared: Any = dramatiq.actor(actor_name="echo", store_results=True)
    return declared(lambda number: number)


if __name__ == "__main__":
    main(work, calling)
