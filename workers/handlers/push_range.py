"""Brings every row of some days that is owed to a PMS there, a batch of jobs at a time."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from domain.errors import Throttled
from domain.jobs import Job
from domain.push_ranges import Outcome, Progress

BATCH = 50
"""Rows that are under way at once; each that ends makes room for the next."""

LOOK_EVERY = timedelta(seconds=2)
PATIENCE = timedelta(minutes=2)
"""So long nothing may end before the rest is left to itself: its jobs go on, and are counted."""


class Range(Protocol):
    """The rows of a range that are owed, opened under the job's fence."""

    def progress(self) -> Progress: ...
    def take(self, most: int) -> int: ...
    def outcome(self) -> Outcome: ...


class Ranges(Protocol):
    def open(self, job: Job) -> Range: ...


def push_range(job: Job, *, ranges: Ranges, clock: Callable[[], datetime]) -> Mapping[str, Any]:
    """While rows are on their way the job waits; a row that is stuck holds up no other."""
    opened = ranges.open(job)
    progress = opened.progress()
    room = BATCH - progress.under_way
    taken = opened.take(room) if room > 0 else 0
    is_stuck = not taken and clock() - progress.last_ended > PATIENCE
    if taken or (progress.under_way and not is_stuck):
        raise Throttled("the rows of these days to be sent", until=clock() + LOOK_EVERY)
    return opened.outcome().as_result()
