"""Announces what is ready, and takes back what dead workers held."""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Engine

from adapters.storage.jobs import announcing
from adapters.storage.jobs.ledger import CHANNEL
from adapters.storage.runs.backfill_chunks import pause_stranded
from domain.errors import SyncError, Transient
from infra.database import dispatch
from infra.notices import Listener
from infra.stopping import Stopping
from scheduler.ports import Announcer

log = structlog.get_logger()

LONGEST_NAP = 1.0
AFTER_TROUBLE = 0.5


def announce_ready(engine: Engine, announcer: Announcer) -> int:
    """One round; answers how many jobs were announced. What Redis loses, a later one repeats."""
    forgot = announcer.forgot_everything()
    with dispatch(engine) as db:
        if forgot:
            log.warning("queue.forgotten")
            announcing.forget_announcements(db)
        chosen = announcing.choose(db)
    for queue, job_ids in chosen.items():
        try:
            announcer.announce(queue, job_ids)
        except Transient:
            with dispatch(engine) as db:
                announcing.not_announced(db, job_ids)
            raise
    return sum(map(len, chosen.values()))


def sweep(engine: Engine, *, gave_up: Callable[[list[int]], None]) -> None:
    """Give back jobs whose lease ran out; close the runs of those that ended for good."""
    with dispatch(engine) as db:
        lapsed = announcing.sweep(db)
        stranded = announcing.stranded(db)
        paused = pause_stranded(db)
    if lapsed.ready:
        log.warning("jobs.taken_back", count=len(lapsed.ready))
    if lapsed.dead:
        log.error("jobs.parked", count=len(lapsed.dead))
    if paused:
        log.warning("backfills.paused", count=paused)
    over = [*lapsed.dead, *stranded]
    if over:
        gave_up(over)


def keep_announcing(
    engine: Engine,
    announcer: Announcer,
    *,
    url: str,
    clock: Callable[[], datetime],
    stopping: Stopping,
) -> None:
    """Announce whenever a job is put, freed or becomes due, until asked to stop."""
    with Listener(url, CHANNEL) as bell:
        while not stopping.asked:
            try:
                announce_ready(engine, announcer)
                bell.wait(timeout=_nap(engine, clock))
            except SyncError as error:
                log.warning("announcing.failed", error_kind=error.kind, error=str(error))
                stopping.pause(AFTER_TROUBLE)


def _nap(engine: Engine, clock: Callable[[], datetime]) -> float:
    """Until the next job becomes due, or a second: whichever is sooner."""
    with dispatch(engine) as db:
        due = announcing.next_due(db)
    if due is None:
        return LONGEST_NAP
    return min(LONGEST_NAP, max(0.005, (due - clock()).total_seconds()))
