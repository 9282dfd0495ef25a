"""Reading a long range in chunks, newest days first: which comes next, and how far it is."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from domain.errors import BadInput
from domain.runs import RunStatus
from domain.window import check_days

CHUNK_DAYS = 7
MOST_DAYS = 1100
"""Three years: what is older is read in ranges of its own."""

TRY_AGAIN_AFTER = (timedelta(minutes=5), timedelta(minutes=30))
"""After how long a chunk that ended badly is tried again; then the backfill pauses."""

Days = tuple[date, date]


class BackfillState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


UNFINISHED = frozenset({BackfillState.RUNNING, BackfillState.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """A range being read; `done_to` is the earliest day that is done, as the newest come first."""

    id: UUID
    connection_id: UUID
    first_day: date
    last_day: date
    chunk_days: int
    done_to: date | None
    state: BackfillState
    reason: str | None
    counts: dict[str, int]
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float = 0.0

    @property
    def days_total(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def days_done(self) -> int:
        return 0 if self.done_to is None else (self.last_day - self.done_to).days + 1

    @property
    def next_days(self) -> Days | None:
        """The days of the next chunk; None when none are left."""
        return next_chunk(
            self.first_day, self.last_day, done_to=self.done_to, chunk_days=self.chunk_days
        )

    @property
    def requests_left(self) -> int | None:
        """As many a day as so far; None before anything was read."""
        requests = self.counts.get("requests", 0)
        if not self.days_done or not requests:
            return None
        return -(-requests * (self.days_total - self.days_done) // self.days_done)

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far, waits between the chunks left out."""
        if not self.days_done:
            return None
        return self.seconds * (self.days_total - self.days_done) / self.days_done


def check_range(first: date, last: date) -> None:
    """Refuse a range that makes no sense, or would take too long as one."""
    check_days(first, last)
    if (last - first).days >= MOST_DAYS:
        raise BadInput(f"At most {MOST_DAYS} days at once; read an older range afterwards.")


def next_chunk(first: date, last: date, *, done_to: date | None, chunk_days: int) -> Days | None:
    """The newest days of the range that are not done yet, at most so many."""
    end = last if done_to is None else done_to - timedelta(days=1)
    if end < first:
        return None
    return max(first, end - timedelta(days=chunk_days - 1)), end


def try_again_after(tries: int, status: RunStatus, *, needs_person: bool) -> timedelta | None:
    """How long to leave a chunk that ended so after so many tries; None: a person must act."""
    if status is RunStatus.SUCCESS:
        raise ValueError("what succeeded is not tried again")
    if needs_person or tries > len(TRY_AGAIN_AFTER):
        return None
    return TRY_AGAIN_AFTER[tries - 1]


def as_answer(backfill: Backfill, *, seconds_left: float | None) -> dict[str, Any]:
    """A backfill as scripts and pages read it."""
    return {
        "id": backfill.id,
        "connection_id": backfill.connection_id,
        "from": backfill.first_day,
        "to": backfill.last_day,
        "state": backfill.state,
        "reason": backfill.reason,
        "days_done": backfill.days_done,
        "days_total": backfill.days_total,
        "seconds_left": None if seconds_left is None else round(seconds_left),
        **backfill.counts,
        "asked_by": backfill.asked_by,
        "asked_at": backfill.asked_at,
        "ended_at": backfill.ended_at,
    }
