"""The limit: a list each way, and two processes that block on them."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from bench.voice_hops.kit import Call, main, ready

ASKED, ANSWERED = "bench:raw:asked", "bench:raw:answered"


def work(url: str) -> None:
    with Redis.from_url(url, socket_timeout=None) as client:
        ready()
        while True:
            asked = client.blpop([ASKED])
            client.lpush(ANSWERED, asked[1])


@contextmanager
def calling(url: str) -> Iterator[Call]:
    with Redis.from_url(url, socket_timeout=None) as client:

        def call() -> object:
            client.lpush(ASKED, "1")
            return client.blpop([ANSWERED])

        yield call


if __name__ == "__main__":
    main(work, calling)
