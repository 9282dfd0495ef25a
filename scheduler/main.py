"""The scheduler process: APScheduler ticks, this thread announces, Postgres decides who."""

import random
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Engine

from adapters.queue import RedisAnnouncer
from adapters.storage.jobs.parked import close_parked, fail_tellings
from adapters.storage.outgoing.ripe_endpoints import put_ripe
from adapters.storage.practices import schedule
from domain.rhythm import USUAL
from infra.clock import system_clock
from infra.database import dispatch, engine
from infra.memory import keep_what_is_loaded
from infra.sealing import Sealer
from infra.stopping import Stopping
from scheduler.sweep import keep_announcing, sweep
from scheduler.ticking import Tick, mind_the_clock, ticker
from scheduler.timetable import (
    CHAIN_SECONDS,
    EVERY_SECONDS,
    bring_far_near,
    put_due_chaining,
    put_due_chores,
    put_due_renewals,
    put_due_syncs,
)

log = structlog.get_logger()

TELL_SECONDS = 2.0
"""How long a change may wait before endpoints are told of it, about."""

FAR_SECONDS = 60.0
"""How long a connection may stay put off by a clock that was put back, about."""


def run(
    *, database_url: str, redis_url: str, sealer: Sealer, usual_hours: Mapping[str, Any] = USUAL
) -> None:
    """Tick until SIGTERM or SIGINT. Any number of these may run at once."""
    stopping = Stopping()
    stopping.obey_signals()
    db = engine(database_url, application_name="pms-sync scheduler")
    with dispatch(db) as connection:
        schedule.ensure_schedules(connection, EVERY_SECONDS)
    ticking = ticker(_ticks(db, sealer, usual_hours))
    keep_what_is_loaded()
    ticking.start()
    mind_the_clock(ticking, stopping)
    announcer = RedisAnnouncer(redis_url)
    log.info("scheduler.started")
    keep_announcing(db, announcer, url=database_url, clock=system_clock, stopping=stopping)
    ticking.shutdown(wait=True)
    log.info("scheduler.stopped")


def _ticks(
    db: Engine, sealer: Sealer, usual_hours: Mapping[str, Any]
) -> Mapping[str, tuple[Tick, float]]:
    """What is done, and how many seconds apart; by the clock that all schedulers share."""
    dice, clock = random.SystemRandom(), partial(schedule.database_now, db)

    def gave_up(job_ids: list[int]) -> None:
        close_parked(db, sealer, job_ids, clock=system_clock)
        fail_tellings(db, job_ids, clock=system_clock)

    def syncs() -> int:
        return put_due_syncs(db, clock=clock, chance=dice.random, usual_hours=usual_hours)

    return {
        "syncs": (syncs, 1.0),
        "renewals": (lambda: put_due_renewals(db, clock=clock), 5.0),
        "far": (lambda: bring_far_near(db, clock=clock), FAR_SECONDS),
        "chores": (lambda: put_due_chores(db, clock=clock), schedule.TICK_SECONDS),
        "audit": (lambda: put_due_chaining(db), CHAIN_SECONDS),
        "endpoints": (lambda: put_ripe(db, clock=system_clock), TELL_SECONDS),
        "sweep": (lambda: sweep(db, gave_up=gave_up), 1.0),
    }
