"""arq, asking every 10 ms for work and for its result; as it comes it asks every half second."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from arq import Worker, create_pool
from arq.connections import RedisSettings

from bench.voice_hops.kit import PATIENCE_S, THREADS, Call, main, ready

POLL_S = 0.01


async def echo(_: dict[str, Any], number: int) -> int:
    return number


async def _listening(_: dict[str, Any]) -> None:
    ready()


def work(url: str) -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    Worker(
        functions=[echo],
        redis_settings=RedisSettings.from_dsn(url),
        on_startup=_listening,
        poll_delay=POLL_S,
        max_jobs=THREADS,
        handle_signals=False,
    ).run()


@contextmanager
def calling(url: str) -> Iterator[Call]:
    with asyncio.Runner() as runner:
        pool = runner.run(create_pool(RedisSettings.from_dsn(url)))

        async def ask() -> object:
            job = await pool.enqueue_job("echo", 1)
            return await job.result(timeout=PATIENCE_S, poll_delay=POLL_S)

        yield lambda: runner.run(ask())


if __name__ == "__main__":
    main(work, calling)
