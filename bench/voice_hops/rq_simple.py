"""RQ with the worker that does not fork, and its blocking read of a result."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from rq import Queue, SimpleWorker

from bench.voice_hops.kit import PATIENCE_S, Call, main, ready


def echo(number: int) -> int:
    return number


def work(url: str) -> None:
    client = _client(url)
    worker = SimpleWorker([Queue("bench", connection=client)], connection=client)
    ready()
    worker.work(logging_level=logging.ERROR)


@contextmanager
def calling(url: str) -> Iterator[Call]:
    queue = Queue("bench", connection=_client(url))

    def call() -> object:
        return queue.enqueue("bench.voice_hops.rq_simple.echo", 1).latest_result(timeout=PATIENCE_S)

    yield call


def _client(url: str) -> Redis:
    return Redis.from_url(url, socket_timeout=None)


if __name__ == "__main__":
    main(work, calling)
