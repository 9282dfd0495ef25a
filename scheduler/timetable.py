"""What the ticker does and how often; every row it acts on is claimed, so replicas never double."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine

from adapters.storage.audit.audit_chain import waiting_accounts
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import rhythms, schedule
from domain.errors import SyncError
from domain.jobs import NewJob
from domain.rhythm import USUAL
from domain.work import (
    CHAIN_AUDIT,
    PRUNE,
    SUMMARISE,
    WATCH_ACCESS,
    authorise_job,
    chore_job,
    renew_token_job,
)
from infra.database import dispatch
from scheduler.due import next_sync, sync_of

log = structlog.get_logger()

LOOK_AGAIN = timedelta(minutes=5)
"""When a renewal is looked at again should its job never end; the job itself sets the next one.

So long, too, a connection is left that no sync can be put for."""

CHAIN_SECONDS = 5.0
"""How long an audit row may wait for its link, about."""

EVERY_SECONDS: Mapping[str, int] = {
    "prune": 3600,
    "authorise": 86_400,
    "summaries": 1800,
    "watch": 300,
}
JOBS: Mapping[str, NewJob] = {
    "prune": chore_job(PRUNE),
    "authorise": authorise_job(),
    "summaries": chore_job(SUMMARISE, max_seconds=3600),
    "watch": chore_job(WATCH_ACCESS),
}


def put_due_syncs(
    engine: Engine,
    *,
    clock: Callable[[], datetime],
    chance: Callable[[], float],
    usual_hours: Mapping[str, Any] = USUAL,
) -> int:
    """A sync job for each connection that is due, and its next slot, in one transaction.

    One whose hours or zone cannot be read keeps no other from its turn.
    """
    now, count = clock(), 0
    with dispatch(engine) as db:
        due = schedule.due_connections(db, now=now, usual_hours=usual_hours)
        short = schedule.short_vendors(db, now=now) if due else frozenset()
        for connection in due:
            is_short = connection.vendor in short
            try:
                slot = _slot(connection, now=now, luck=chance(), is_short=is_short)
            except (SyncError, ValueError) as problem:
                named = {"connection_id": str(connection.id), "error_kind": type(problem).__name__}
                log.exception("sync.not_put", **named)
                schedule.set_next_sync(db, connection.id, now + LOOK_AGAIN, now=now)
                continue
            put(db, slot.job)
            schedule.set_next_sync(db, connection.id, slot.next_at, now=now, rests=slot.rests)
            count += 1
    if count:
        log.info("syncs.put", count=count)
    return count


@dataclass(frozen=True, slots=True)
class _Slot:
    """What is put for a connection, and when it is due again; later than usual where it `rests`."""

    job: NewJob
    next_at: datetime
    rests: bool


def _slot(
    connection: schedule.DueConnection, *, now: datetime, luck: float, is_short: bool
) -> _Slot:
    rhythm = connection.rhythm
    usual = next_sync(connection.due_at, now=now, every=rhythm.every, chance=luck)
    at = rhythm.next_sync(now, usual=usual, chance=luck, is_short=is_short)
    return _Slot(sync_of(connection, now=now, is_short=is_short), at, rests=at > usual)


def bring_far_near(engine: Engine, *, clock: Callable[[], datetime]) -> int:
    """Whoever was put off by a clock that was ahead is due now."""
    with dispatch(engine) as db:
        brought = rhythms.bring_near(db, now=clock())
    if brought:
        log.warning("syncs.brought_near", count=brought)
    return brought


def put_due_renewals(engine: Engine, *, clock: Callable[[], datetime]) -> int:
    """A renewal job for each connection whose token is about to end."""
    now = clock()
    with dispatch(engine) as db:
        due = schedule.due_renewals(db, now=now)
        for one in due:
            put(
                db,
                renew_token_job(
                    account_id=one["account_id"],
                    connection_id=one["id"],
                    vendor=one["connector"],
                ),
            )
            schedule.set_next_renewal(db, one["id"], now + LOOK_AGAIN)
    return len(due)


def put_due_chores(engine: Engine, *, clock: Callable[[], datetime]) -> int:
    """The product's own recurring jobs."""
    now = clock()
    with dispatch(engine) as db:
        schedule.ticked(db, now=now)
        names = schedule.due_schedules(db, list(JOBS), now=now)
        for name in names:
            put(db, JOBS[name])
    return len(names)


def put_due_chaining(engine: Engine) -> int:
    """One job for every account whose audit rows wait to be chained; answers how many wait."""
    with dispatch(engine) as db:
        waiting = len(waiting_accounts(db))
        if waiting:
            put(db, chore_job(CHAIN_AUDIT))
    return waiting
