"""Runs one process that asks a clock without end; prints what it was granted.

Only the standard library, so that a peer can be run by an interpreter of its own environment.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

ARRIVAL_S = 0.2
"""A request reaches the vendor up to this much after its grant."""
REQUEST_S = 0.05
"""What a request keeps its process busy for."""
AGAIN_S = 0.05
"""When one that only says no is asked again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose turn is asked for, of which budget."""

    redis_url: str
    key: str
    holder: str
    limit: int
    seconds: int


Take = Callable[[], float]
"""Asks once: nothing if granted, or the seconds after which to ask again."""


def main(clock: Callable[[Wanted], Take]) -> None:
    """`MODULE {"since": ..., "until": ..., ...}` asks between these instants of Unix time."""
    told = json.loads(sys.argv[1])
    since, until = told.pop("since"), told.pop("until")
    wanted = Wanted(**told)
    take, luck = clock(wanted), random.Random(f"{wanted.holder} {os.getpid()}")  # noqa: S311
    granted, arrived, costs = list[float](), list[float](), list[float]()
    # Whoever starts first would have the whole of the first window.
    time.sleep(max(0.0, since - time.time()))
    while (now := time.time()) < until:
        started = time.perf_counter()
        wait = take()
        costs.append(time.perf_counter() - started)
        if wait > 0:
            time.sleep(min(wait, max(0.0, until - now)))
            continue
        granted.append(time.time())
        arrived.append(granted[-1] + luck.uniform(0, ARRIVAL_S))
        time.sleep(REQUEST_S)
    told = {"holder": wanted.holder, "granted": granted, "arrived": arrived, "costs": costs}
    sys.stdout.write(json.dumps(told))
