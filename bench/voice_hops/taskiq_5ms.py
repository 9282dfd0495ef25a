"""taskiq on a Redis list, looking for its result every 5 ms; as it comes, every 200."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from taskiq.receiver import Receiver
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend

from bench.voice_hops.kit import PATIENCE_S, THREADS, Call, main, ready

CHECK_S = 0.005


def work(url: str) -> None:
    asyncio.run(_listening(url))


async def _listening(url: str) -> None:
    broker, _ = _declared(url)
    broker.is_worker_process = True
    await broker.startup()
    with ThreadPoolExecutor(THREADS) as threads:
        receiver = Receiver(broker, executor=threads, max_async_tasks=THREADS)
        ready()
        await receiver.listen(asyncio.Event())


@contextmanager
def calling(url: str) -> Iterator[Call]:
    with asyncio.Runner() as runner:
        broker, echo = _declared(url)
        runner.run(broker.startup())

        async def ask() -> object:
            asked = await echo.kiq(1)
            return await asked.wait_result(check_interval=CHECK_S, timeout=PATIENCE_S)

        yield lambda: runner.run(ask())


def _declared(url: str) -> tuple[Any, Any]:
    # Its blocked pop outlasts the 5 s after which redis-py gives up since version 8.
    broker = ListQueueBroker(url, socket_timeout=None)
    broker = broker.with_result_backend(RedisAsyncResultBackend(url))
    return broker, broker.task(task_name="echo")(_echo)


async def _echo(number: int) -> int:
    return number


if __name__ == "__main__":
    main(work, calling)
