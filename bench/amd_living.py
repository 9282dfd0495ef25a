"""Lets the hours of a simulated office pass: what happens, what is due, and nothing in between."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any

from sqlalchemy import text

from adapters.storage.jobs.ledger import ELDERS_TURN
from bench.amd_office import ACCOUNT, Office
from infra.database import dispatch, transaction
from scheduler.timetable import put_due_chores, put_due_renewals, put_due_syncs

LOOK_SECONDS = 0.008
MARGIN = timedelta(milliseconds=20)
BLOCKED_LOOKS = 12
CLAIMED_WITHIN = 60.0
"""Real seconds in which a worker takes up what it was told of, or there is none any more."""

# What may not begin before another job of its kind is over is not due.
_STANDS = text(
    f"""
    SELECT count(*) FILTER (WHERE state = 'running') AS running,
           count(*) FILTER (
             WHERE state = 'ready' AND due_at <= now() AND NOT {ELDERS_TURN}
               AND NOT EXISTS (SELECT FROM jobs AS other WHERE other.state = 'running'
                                 AND other.exclusive_key = jobs.exclusive_key)) AS due,
           min(due_at) FILTER (WHERE state = 'ready' AND due_at > now()) AS next_at,
           count(*) FILTER (WHERE kind = 'push_entry') AS pushes,
           (SELECT min(next_sync_at) FROM pms_connections WHERE removed_at IS NULL) AS sync_at
    FROM jobs WHERE state IN ('ready', 'running')
    """  # noqa: S608 - the ledger's own words
)
_COUNT = {
    "syncs": text("SELECT count(*) FROM jobs WHERE kind = 'sync' AND state = 'done'"),
    "dead": text("SELECT count(*) FROM jobs WHERE state = 'dead'"),
}
_CONFLICTS = text("SELECT count(*) FROM run_sheet_conflicts")
_LAST = text("SELECT coalesce(max(id), 0) FROM jobs")
_PUSHES = text(
    """
    SELECT extract(epoch FROM finished_at - created_at)::float AS seconds FROM jobs
    WHERE kind = 'push_entry' AND state = 'done' AND id > :since
    """
)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something people do, and when."""

    at: datetime
    do: Callable[[], None]


@dataclass(slots=True)
class Living:
    """The office's time in steps: the scheduler's ticks, people's doings, and leaps."""

    here: Office
    _planned: deque[Happening] = field(default_factory=deque)
    _dice: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311

    def plan(self, happenings: Sequence[Happening]) -> None:
        self._planned = deque(sorted([*self._planned, *happenings], key=lambda one: one.at))

    def leave_out_until(self, instant: datetime) -> None:
        """Nobody changes anything and nothing is read till then."""
        self._step_until_quiet()
        if instant > self.here.time():
            self.here.time.leap(instant - self.here.time())

    def until(
        self,
        end: datetime,
        *,
        queue: Callable[[], tuple[str, str]] | None = None,
        at_least: int = 0,
    ) -> int:
        """Live till then; with a `queue`, so many pushes wait at any time: how many it gave."""
        given, blocked, idle_since = 0, 0, monotonic()
        while (now := self.here.time()) < end:
            self._people(now)
            stands = self._tick(now)
            if queue is not None and stands.pushes < at_least:
                given += sum(
                    self.here.change_here(*queue()) for _ in range(at_least - stands.pushes)
                )
                continue
            asleep = self.here.time.sleepers()
            if stands.running > len(asleep):
                blocked, idle_since = 0, monotonic()
            elif stands.due and not self._threads_are_taken(stands, blocked, idle_since):
                blocked += 1
            else:
                blocked, idle_since = 0, monotonic()
                self._leap([end, *asleep, *self._next(stands)])
                continue
            sleep(LOOK_SECONDS)
        return given

    def rest(self, least: timedelta) -> None:
        """Live on so long, and until nothing is on its way any more."""
        self.until(self.here.time() + least)
        self._step_until_quiet()

    def push_seconds(self, *, since: int) -> list[float]:
        """From the edit to the end of its push, of jobs after that one."""
        with dispatch(self.here.wiring.engine) as db:
            return [row.seconds for row in db.execute(_PUSHES, {"since": since})]

    def last_job(self) -> int:
        with dispatch(self.here.wiring.engine) as db:
            return int(db.execute(_LAST).scalar_one())

    def syncs(self) -> int:
        return self._counted("syncs")

    def given_up(self) -> int:
        return self._counted("dead")

    def conflicts(self) -> int:
        with transaction(self.here.wiring.engine, account_id=ACCOUNT) as db:
            return int(db.execute(_CONFLICTS).scalar_one())

    def _counted(self, name: str) -> int:
        with dispatch(self.here.wiring.engine) as db:
            return int(db.execute(_COUNT[name]).scalar_one())

    def _people(self, now: datetime) -> None:
        while self._planned and self._planned[0].at <= now:
            self._planned.popleft().do()

    def _tick(self, now: datetime) -> Any:
        """What the scheduler does every second, and how things stand after it."""
        engine, clock = self.here.wiring.engine, self.here.time
        stands = self._stands()
        if stands.sync_at is not None and stands.sync_at <= now:
            put_due_syncs(engine, clock=clock, chance=self._dice.random)
            put_due_renewals(engine, clock=clock)
            put_due_chores(engine, clock=clock)
            stands = self._stands()
        return stands

    def _stands(self) -> Any:
        with dispatch(self.here.wiring.engine) as db:
            return db.execute(_STANDS).one()

    def _threads_are_taken(self, stands: Any, blocked: int, idle_since: float) -> bool:
        """Whether what is due waits for one of those asleep."""
        if monotonic() - idle_since > CLAIMED_WITHIN:
            raise TimeoutError("no worker takes up what is due")
        return stands.running > 0 and blocked >= BLOCKED_LOOKS

    def _next(self, stands: Any) -> list[datetime]:
        planned = [self._planned[0].at] if self._planned else []
        return [one for one in (stands.next_at, stands.sync_at, *planned) if one is not None]

    def _leap(self, towards: Sequence[datetime]) -> None:
        gap = min(towards) - self.here.time() - MARGIN
        if gap > MARGIN:
            self.here.time.leap(gap)
        else:
            sleep(LOOK_SECONDS)

    def _step_until_quiet(self) -> None:
        """Whatever has begun is brought to its end first."""
        while True:
            stands = self._stands()
            if not stands.running and not stands.pushes:
                return
            self.until(self.here.time() + timedelta(seconds=10))
