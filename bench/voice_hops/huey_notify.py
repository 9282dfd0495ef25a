"""huey with threads, blocking reads, and a result that its reader blocks on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from huey import RedisHuey

from bench.voice_hops.kit import PATIENCE_S, THREADS, Call, main, ready


def work(url: str) -> None:
    huey, _ = _declared(url)
    consumer = huey.create_consumer(workers=THREADS, periodic=False, check_worker_health=False)
    ready()
    consumer.run()


@contextmanager
def calling(url: str) -> Iterator[Call]:
    _, echo = _declared(url)
    yield lambda: echo(1)(blocking=True, timeout=PATIENCE_S)


def _declared(url: str) -> tuple[Any, Any]:
    huey: Any = RedisHuey("bench", url=url, blocking=True, notify_result=True)
    return huey, huey.task(name="echo")(_echo)


def _echo(number: int) -> int:
    return number


if __name__ == "__main__":
    main(work, calling)
