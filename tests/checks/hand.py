"""A worker process of the product that has a few chores of the tests to do as well.

python -m tests.checks.hand THREADS, with the product's own environment
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from console.wiring import wired
from domain.errors import Transient
from domain.jobs import Job
from domain.work import RENEW_TOKEN, SYNC
from infra import logging
from workers import main as worker
from workers.execution import Work

CHORE = "chore"
FAILS_WHEN_TOLD = "fails_when_told"
KILLS = "kills"
SPARE_CONNECTIONS = 3
LONGEST = 30.0
LOOK = 0.02


def chore(job: Job) -> Mapping[str, Any]:
    """Nothing but to be done."""
    return {"attempt": job.attempts}


def fails_when_told(job: Job) -> Mapping[str, Any]:
    """In hand until the file appears, and fails then; the second time it is done at once."""
    if job.failures:
        return chore(job)
    told, ends = Path(job.args["when"]), time.monotonic() + LONGEST
    while not told.exists() and time.monotonic() < ends:
        time.sleep(LOOK)
    raise Transient("told to fail")


def kills(_job: Job) -> None:
    """The process that does it is gone at once."""
    os.kill(os.getpid(), signal.SIGKILL)


WORKS: Mapping[str, Work] = {
    CHORE: Work(run=chore),
    FAILS_WHEN_TOLD: Work(run=fails_when_told),
    KILLS: Work(run=kills),
    # Of ten thousand practices there is no simulator; what is judged is the way to them.
    SYNC: Work(run=chore),
    RENEW_TOKEN: Work(run=chore),
}


def main(threads: int) -> None:
    logging.configure(json=True, level="WARNING")
    with wired(connections=threads + SPARE_CONNECTIONS) as wiring:
        worker.run(
            wiring.parts(), redis_url=wiring.redis_url, pool="all", threads=threads, also=WORKS
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
