"""Runs one system, alone in its process: its worker, or the caller that times round trips.

Only the standard library, so that a peer can be run by an interpreter of its own environment.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Thread

READY = "ready"
THREADS = 8
"""What the pool of voice workers has."""
PATIENCE_S = 30

Call = Callable[[], object]
"""Asks once, and comes back with the answer."""


def main(
    work: Callable[[str], None], calling: Callable[[str], AbstractContextManager[Call]]
) -> None:
    """`worker REDIS POSTGRES` works while its input is open; `caller REDIS POSTGRES` times calls.

    Each line of a caller's input says how many, and how.

    `work` says `ready()` once it listens.
    """
    role, url = sys.argv[1:3]
    if role == "worker":
        Thread(target=_end_with_the_input, daemon=True).start()
        work(url)
        return
    with calling(url) as call:
        ready()
        for line in sys.stdin:
            _say(json.dumps(timed(call, **json.loads(line))))


def database_url() -> str:
    """For a peer whose queue is in PostgreSQL; as libpq reads it, without SQLAlchemy's driver."""
    return sys.argv[3].replace("postgresql+psycopg:", "postgresql:")


def ready() -> None:
    _say(READY)


def timed(call: Call, *, calls: int, longest_gap: float, seed: str) -> list[float]:
    """Milliseconds of each call, with a random pause before it: nobody phones in step."""
    dice = random.Random(seed)  # noqa: S311 - spreads arrivals, guards nothing
    took = list[float]()
    for _ in range(calls):
        time.sleep(dice.uniform(0, longest_gap))
        started = time.perf_counter()
        call()
        took.append((time.perf_counter() - started) * 1000)
    return took


def _end_with_the_input() -> None:
    """Whoever started this has gone, or needs it no more."""
    sys.stdin.read()
    os._exit(0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
