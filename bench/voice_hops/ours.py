"""Our own queue: announced as the ingress does, carried as by a voice worker, told back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from uuid import UUID

from adapters.queue import RedisAnnouncer
from adapters.replies import Replies, Teller
from bench.voice_hops.kit import THREADS, Call, main, ready
from infra.broker import broker
from infra.crash_only import CrashOnly
from infra.redis import connect
from infra.stopping import Stopping
from workers.actors import listen

QUEUE = "voice"
REPLY_TO = "bench"


def work(url: str) -> None:
    """As `workers.main` puts it together, with nothing to do."""
    teller = Teller(connect(url))
    worker = listen(
        broker(url, middleware=[CrashOnly(url, on_lost=lambda: None)]),
        lambda job_id: teller.tell(REPLY_TO, UUID(int=job_id)),
        queues=(QUEUE,),
        threads=THREADS,
        idle_ms=1000,
    )
    worker.start()
    ready()
    Stopping().until_asked()


@contextmanager
def calling(url: str) -> Iterator[Call]:
    announcer, replies, numbers = RedisAnnouncer(url), Replies(url), count(1)
    replies.name = REPLY_TO

    async def ask(number: int) -> None:
        answered = replies.expect(UUID(int=number))
        announcer.announce(QUEUE, [number])
        await answered.wait()
        replies.forget(UUID(int=number))

    replies.start()
    with asyncio.Runner() as runner:
        yield lambda: runner.run(ask(next(numbers)))
    replies.stop()


if __name__ == "__main__":
    main(work, calling)
