"""Brings every row of some days that is owed to a PMS there, a batch of jobs at a time."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from domain.errors import Throttled
from domain.jobs import Job

BATCH = 50
"""Rows that go out of one turn; the next turn begins once these have gone."""

LOOK_EVERY = timedelta(seconds=2)


class Range(Protocol):
    """The rows of a range that are owed, opened under the job's fence."""

    def counts(self) -> Mapping[str, int]: ...
    def take(self, most: int) -> int: ...


class Ranges(Protocol):
    def open(self, job: Job) -> Range: ...


def push_range(job: Job, *, ranges: Ranges, clock: Callable[[], datetime]) -> Mapping[str, Any]:
    """While a batch is on its way the job waits; how many were sent and how many failed."""
    opened = ranges.open(job)
    counts = opened.counts()
    if counts["waiting"] or opened.take(BATCH):
        raise Throttled("the rows of these days to be sent", until=clock() + LOOK_EVERY)
    return {"sent": counts["sent"], "failed": counts["failed"]}
