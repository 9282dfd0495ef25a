"""Celery with its pool of threads and its results in Redis, which it announces by publishing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.signals import worker_ready

from bench.voice_hops.kit import PATIENCE_S, THREADS, Call, main, ready


def work(url: str) -> None:
    app = _app(url)
    worker_ready.connect(lambda **_: ready(), weak=False)
    app.Worker(
        pool="threads",
        concurrency=THREADS,
        loglevel="ERROR",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    ).start()


@contextmanager
def calling(url: str) -> Iterator[Call]:
    app = _app(url)
    yield lambda: app.send_task("echo", [1]).get(timeout=PATIENCE_S)


def _app(url: str) -> Any:
    # Its transport spells a socket's address in a way of its own.
    url = url.replace("unix://", "redis+socket://")
    app = Celery("bench", broker=url, backend=url)
    # The bench reads what it prints.
    app.conf.worker_redirect_stdouts = False
    app.task(name="echo")(_echo)
    return app


def _echo(number: int) -> int:
    return number


if __name__ == "__main__":
    main(work, calling)
