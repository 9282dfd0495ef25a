"""Measures how long callers wait at a vendor that takes their questions and never answers."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from bench.voice_line import Phone, line
from bench.voice_told import Row, load
from domain.tools import NOT_NOW

NEVER = 600.0
ROUNDS, AT_ONCE = 2, 48
HARD_STOP_SECONDS = 18.0

HEADINGS: Row = ("what", "calls", "p50 s", "longest s", "under 18 s", "told so", "load")


def rows() -> Iterator[Row]:
    """All at once; that each gets an answer with status 200 is seen to by the phone."""
    with line() as here, ThreadPoolExecutor(AT_ONCE) as callers:
        here.vendor_takes(NEVER)
        for _ in range(ROUNDS):
            heard = list(callers.map(lambda number: Phone(here).search(number), range(AT_ONCE)))
            took = [milliseconds / 1000 for milliseconds, _ in heard]
            yield (
                "callers at once",
                f"{len(took)}",
                f"{median(took):.1f}",
                f"{max(took):.1f}",
                f"{sum(one < HARD_STOP_SECONDS for one in took)}",
                f"{Counter(said for _, said in heard)[NOT_NOW]}",
                f"{load():.1f}",
            )
