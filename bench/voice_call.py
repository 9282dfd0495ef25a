"""Measures whole tool calls: signed, stored, queued, answered by a worker."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from bench.voice_line import FOUND, Phone, line
from bench.voice_told import Row, load, share, told

CALLS, LONGEST_GAP = 40, 0.2
VENDOR_SECONDS = 0.05

HEADINGS: Row = ("what", "calls", "p50 ms", "p95 ms", "p99 ms", "as meant", "load")


@dataclass(slots=True)
class Measured:
    """One kind of call: what each round took, and how many heard what they should."""

    name: str
    rounds: list[list[float]] = field(default_factory=list)
    as_meant: int = 0
    loads: list[float] = field(default_factory=list)

    def typical(self, part: float) -> float:
        """The middle of all rounds' percentiles."""
        return median(share(one, part) for one in self.rounds)

    def cells(self) -> Row:
        every = [one for each in self.rounds for one in each]
        return (
            self.name,
            f"{len(every)}",
            told(self.typical(0.5)),
            told(self.typical(0.95)),
            told(share(every, 0.99)),
            f"{self.as_meant}",
            f"{median(self.loads):.1f}",
        )


def rows(*, rounds: int) -> Iterator[Row]:
    """In turns: the web server alone, then calls to a vendor that takes no time, and 50 ms."""
    alone = Measured("the web server alone")
    kinds = {0.0: Measured("search, vendor at once"), VENDOR_SECONDS: Measured("search, 50 ms")}
    with line() as here:
        phone = Phone(here)
        for number in range(rounds):
            _knock(phone, alone)
            for seconds, measured in kinds.items():
                here.vendor_takes(seconds)
                a_round(phone, measured, seed=number)
    yield from (one.cells() for one in (alone, *kinds.values()))


def a_round(phone: Phone, measured: Measured, *, seed: int) -> None:
    """Callers one after another, with a random pause between them."""
    dice = random.Random(seed)  # noqa: S311 - spreads arrivals, guards nothing
    took = list[float]()
    for number in range(CALLS):
        time.sleep(dice.uniform(0, LONGEST_GAP))
        milliseconds, said = phone.search(number)
        took.append(milliseconds)
        measured.as_meant += said.startswith(FOUND)
    measured.rounds.append(took)
    measured.loads.append(load())


def _knock(phone: Phone, measured: Measured) -> None:
    measured.rounds.append([phone.knock() for _ in range(CALLS)])
    measured.as_meant += CALLS
    measured.loads.append(load())
