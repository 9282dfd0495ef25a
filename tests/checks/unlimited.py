"""A worker process of the product whose vendors allow it a hundred thousand requests a minute.

python -m tests.checks.unlimited, with the product's own environment
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.throttle.passing import Passing
from console.wiring import wired
from domain.limits import Budget, Limit
from infra import logging
from workers import main as worker

ENOUGH = (Limit(100_000, 60),)
THREADS = 2
SPARE_CONNECTIONS = 3


@dataclass
class Generous(Passing):
    """The product's clock, asked for the same requests under limits nobody reaches."""

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        wide = [replace(one, limits=ENOUGH) for one in budgets]
        return self.throttle.spend(wide, holder=holder, voice=voice)


def main() -> None:
    logging.configure(json=True, level="INFO")
    with wired(connections=THREADS + SPARE_CONNECTIONS) as wiring:
        opener = replace(wiring.opener, throttle=Generous(wiring.opener.throttle))
        parts = replace(wiring.parts(), opener=opener)
        worker.run(parts, redis_url=wiring.redis_url, pool="sync", threads=THREADS)


if __name__ == "__main__":
    main()
