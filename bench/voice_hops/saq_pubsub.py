"""SAQ, told of a job's end by publishing; its `apply` would look every half second."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from saq import Worker
from saq.queue.redis import RedisQueue

from bench.voice_hops.kit import PATIENCE_S, THREADS, Call, main, ready


async def echo(_: dict[str, Any], *, number: int) -> int:
    return number


async def _listening(_: dict[str, Any]) -> None:
    ready()


def work(url: str) -> None:
    async def serve() -> None:
        queue = RedisQueue(Redis.from_url(url, socket_timeout=None))
        await queue.connect()
        await Worker(queue, functions=[echo], concurrency=THREADS, startup=_listening).start()

    asyncio.run(serve())


@contextmanager
def calling(url: str) -> Iterator[Call]:
    with asyncio.Runner() as runner:
        queue = RedisQueue(Redis.from_url(url, socket_timeout=None))
        runner.run(queue.connect())

        async def ask() -> object:
            job = await queue.enqueue("echo", number=1)
            # What is done between its look and its listening is not heard of: look again.
            for _ in range(PATIENCE_S):
                with suppress(TimeoutError):
                    await job.refresh(until_complete=1)
                    break
            return job.result

        yield lambda: runner.run(ask())


if __name__ == "__main__":
    main(work, calling)
