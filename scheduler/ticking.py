"""APScheduler's ticks, whatever this machine's clock is set to while they go on.

APScheduler goes by the machine's clock alone. Set back by an hour, every tick would wait an hour;
set forward by years, as where a machine starts in 1970, each second between would be counted.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Thread

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from domain.errors import SyncError
from infra.clock import Clock, machine_clock
from infra.stopping import Stopping

log = structlog.get_logger()

LOOK_SECONDS = 1.0

Tick = Callable[[], object]


class Every(BaseTrigger):  # type: ignore[misc]
    """So many seconds apart; of what was missed, or never comes, nothing is made up for."""

    def __init__(self, seconds: float) -> None:
        self._apart = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        latest = now + self._apart
        after = latest if previous_fire_time is None else previous_fire_time + self._apart
        return after if now < after <= latest else latest


def ticker(ticks: Mapping[str, tuple[Tick, float]]) -> BackgroundScheduler:
    """Each tick so many seconds apart, and never two of a kind at once."""
    made = BackgroundScheduler(timezone="UTC")
    for name, (tick, seconds) in ticks.items():
        made.add_job(
            _steady(name, tick),
            Every(seconds),
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    return made


def mind_the_clock(
    ticking: BackgroundScheduler, stopping: Stopping, *, clock: Clock = machine_clock
) -> Thread:
    """Ticks that wait for a time the clock was set back from are done now; until asked to stop."""

    def look() -> None:
        before = clock()
        while not stopping.pause(LOOK_SECONDS):
            now = clock()
            if now < before:
                log.warning("clock.set_back", seconds=round((before - now).total_seconds(), 1))
                for job in ticking.get_jobs():
                    job.modify(next_run_time=now)
            before = now

    looking = Thread(target=look, name="clock", daemon=True)
    looking.start()
    return looking


def _steady(name: str, tick: Tick) -> Callable[[], None]:
    """A tick that fails is told and comes again; the database may be away for a while."""

    def steady() -> None:
        try:
            tick()
        except SyncError as error:
            log.warning("tick.failed", kind=name, error_kind=error.kind, error=str(error))

    return steady
