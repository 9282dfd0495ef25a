"""A queue stopped by an operator: the scheduler announces none of the account's jobs in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.jobs.ledger import ring
from domain.errors import BadInput
from domain.jobs import Queue

LONGEST_REASON = 500
_PAUSE = text(
    """
    INSERT INTO paused_queues (account_id, queue, reason, paused_by)
    VALUES (:account_id, :queue, :reason, :by) ON CONFLICT (account_id, queue) DO NOTHING
    """
)
_RESUME = text("DELETE FROM paused_queues WHERE account_id = :account_id AND queue = :queue")
_PAUSED = text("SELECT queue, reason, paused_by, paused_at FROM paused_queues")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """Since when, by whom and why."""

    reason: str
    paused_by: str
    paused_at: datetime


def pause(db: Db, *, account_id: str, queue: Queue, reason: str, by: str) -> bool:
    """Whether it was not paused before; what has begun, or was handed out, is still carried."""
    if queue is Queue.VOICE:
        raise BadInput("Callers wait on the voice queue; it cannot be paused.")
    if not reason.strip():
        raise BadInput("Say why; whoever finds the queue paused is told.")
    values = {"account_id": account_id, "queue": queue.value, "by": by}
    done = db.execute(_PAUSE, {**values, "reason": reason.strip()[:LONGEST_REASON]})
    return done.rowcount == 1


def resume(db: Db, *, account_id: str, queue: Queue) -> bool:
    """Whether it was paused; what waits is announced at once."""
    done = db.execute(_RESUME, {"account_id": account_id, "queue": queue.value})
    ring(db)
    return done.rowcount == 1


def paused(db: Db) -> Mapping[str, Paused]:
    """The account's paused queues by name."""
    return {
        row.queue: Paused(reason=row.reason, paused_by=row.paused_by, paused_at=row.paused_at)
        for row in db.execute(_PAUSED)
    }
