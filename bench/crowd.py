"""Many connections on one allowance, handed out and paced by the product, in a time that is set.

The timetable, the ledger, the choice of what to announce and the vendor clock are the product's
own, over a real Postgres and a real Valkey. Played are the workers' threads and the vendor: a sync
is a number of requests, and each takes a moment. Time stands still while anything happens, then all
clocks are set to the next instant at which anything is due.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from redis import Redis
from sqlalchemy import Engine, text

from adapters.storage.jobs import announcing
from adapters.storage.jobs.ledger import Ledger, save_checkpoint
from adapters.storage.jobs.register import Register
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices import connections
from adapters.throttle.clock import RedisThrottle
from adapters.throttle.steering import PREFIX, steer
from bench.steered import prepare
from domain.connections import State
from domain.errors import Throttled
from domain.freshness import Facts, Status, assess
from domain.jobs import Job, Queue
from domain.limits import Budget
from infra.database import dispatch, transaction
from scheduler.timetable import put_due_syncs
from workers.patience import PATIENCE_SECONDS

ACCOUNT, ZONE, WORKER = "default", "Australia/Melbourne", "played"
HEARTBEAT = timedelta(seconds=5)
A_DAY_SECONDS = 86_400

_STANDS = """
ALTER TABLE steered.clock ADD COLUMN at timestamptz NOT NULL DEFAULT pg_catalog.now();
CREATE OR REPLACE FUNCTION steered.now() RETURNS timestamptz STABLE LANGUAGE sql
  AS 'SELECT at FROM steered.clock';
"""
_SET = text("UPDATE steered.clock SET at = :at")
# Each keeps its interval, whatever the hour.
_FIRST_DUE = text(
    "UPDATE pms_connections SET next_sync_at = :at, created_at = :now, adaptive = false"
    " WHERE id = :id"
)
_NEXT_SLOT = text("SELECT min(next_sync_at) FROM pms_connections WHERE sync_enabled")
_SYNCED = text("UPDATE pms_connections SET last_sync_at = :at WHERE id = :id")


def prepare_standing(database_url: str) -> None:
    """Give an empty database a `now()` that stands where it is set; before its tables are made."""
    prepare(database_url, more=_STANDS)


@dataclass(slots=True)
class Hands:
    """One thread of a worker: what it carries, and when it goes on with it."""

    job: Job | None = None
    left: int = 0
    at: datetime | None = None


@dataclass(slots=True)
class Told:
    """One connection's syncs: how late each was done, and how often the promise was broken."""

    size: int
    fresh_at: datetime
    late: list[float] = field(default_factory=list)
    oldest: timedelta = timedelta()
    broken: int = 0
    granted: int = 0


@dataclass(slots=True, kw_only=True)
class Crowd:
    """So many connections, so many threads, one budget; run it, then read what is `told`."""

    engine: Engine
    redis: Redis
    now: datetime
    budget: Budget
    every: timedelta
    threads: int = 16
    request_seconds: float = 0.3
    luck: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - guards nothing
    told: dict[UUID, Told] = field(default_factory=dict)
    _hands: list[Hands] = field(default_factory=list)
    _queue: dict[int, None] = field(default_factory=dict)
    _slot: datetime | None = None
    _due: datetime | None = None
    _beat: datetime | None = None
    _is_news: bool = True

    def __call__(self) -> datetime:
        return self.now

    @property
    def throttle(self) -> RedisThrottle:
        return RedisThrottle(self.redis, StoredSpent(self.engine), test_time=True)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.engine, worker=WORKER, lease_seconds=A_DAY_SECONDS)

    def connect(self, sizes: Sequence[int], *, at_once: bool = False) -> None:
        """Connections whose syncs ask for so many requests each, first due evenly or at once."""
        self._set(self.now)
        with transaction(self.engine, account_id=ACCOUNT) as db:
            for number, size in enumerate(sizes):
                own = connections.add(db, self._new(number))
                spread = 0.0 if at_once else number / len(sizes)
                values = {"id": own, "at": self.now + self.every * spread, "now": self.now}
                db.execute(_FIRST_DUE, values)
                self.told[own] = Told(size, self.now)
        self._hands = [Hands() for _ in range(self.threads)]
        self._slot = self.now

    def run(self, until: datetime) -> None:
        """Let everything happen that is due before then."""
        while self.now < until:
            self._hand_out()
            self._carry()
            self._set(min(until, self._next()))

    def _new(self, number: int) -> connections.NewConnection:
        return connections.NewConnection(
            account_id=ACCOUNT,
            vendor="gentu",
            site=f"practice-{number}",
            timezone=ZONE,
            frequency_minutes=int(self.every / timedelta(minutes=1)),
            state=State.ACTIVE,
        )

    def _set(self, at: datetime) -> None:
        self.now = at
        with transaction(self.engine) as db:
            db.execute(_SET, {"at": at})
        steer(self.redis, prefix=PREFIX, at=at, speed=0)

    def _hand_out(self) -> None:
        """As the scheduler does: what is due is put, what is ready is announced, threads claim."""
        if self._slot is not None and self._slot <= self.now:
            put_due_syncs(self.engine, clock=self, chance=self.luck.random)
            with dispatch(self.engine) as db:
                self._slot = db.execute(_NEXT_SLOT).scalar_one()
            self._is_news = True
        if self._beat is None or self._beat <= self.now:
            self._register().alive()
            self._beat = self.now + HEARTBEAT
        if self._is_news or (self._due is not None and self._due <= self.now):
            with dispatch(self.engine) as db:
                chosen = announcing.choose(db).get(Queue.SYNC.value, [])
                self._queue.update(dict.fromkeys(chosen))
                self._due = announcing.next_due(db)
            self._is_news = False
        for hands in self._hands:
            if hands.job is None and self._queue:
                self._claim(hands)

    def _register(self) -> Register:
        return Register(
            self.engine, worker=WORKER, pool="sync", queues=["sync"], threads=self.threads
        )

    def _claim(self, hands: Hands) -> None:
        while self._queue and hands.job is None:
            job_id = next(iter(self._queue))
            del self._queue[job_id]
            hands.job = self.ledger.claim(job_id)
            self._is_news = True
        if hands.job is not None and hands.job.connection_id is not None:
            size = self.told[hands.job.connection_id].size
            hands.left, hands.at = int(hands.job.checkpoint.get("left", size)), self.now

    def _carry(self) -> None:
        """Each thread whose moment has come asks for its next request, or is done."""
        for hands in self._hands:
            if hands.job is not None and hands.at is not None and hands.at <= self.now:
                self._ask(hands, hands.job) if hands.left else self._finish(hands, hands.job)

    def _ask(self, hands: Hands, job: Job) -> None:
        try:
            self.throttle.spend([self.budget], holder=str(job.connection_id))
        except Throttled as wait:
            if (wait.until - self.now).total_seconds() <= PATIENCE_SECONDS:
                hands.at = wait.until
                return
            with dispatch(self.engine) as db:
                save_checkpoint(db, job, {"left": hands.left})
            self.ledger.wait(job, until=wait.until, reason=str(wait))
            hands.job, hands.at, self._is_news = None, None, True
            return
        self._of(job).granted += 1
        hands.left -= 1
        hands.at = self.now + timedelta(seconds=self.request_seconds)

    def _finish(self, hands: Hands, job: Job) -> None:
        told = self._of(job)
        told.late.append((self.now - job.created_at).total_seconds())
        self._judge(told)
        told.fresh_at = self.now
        with dispatch(self.engine) as db:
            db.execute(_SYNCED, {"at": self.now, "id": job.connection_id})
        self.ledger.finish(job)
        hands.job, hands.at, self._is_news = None, None, True

    def judge(self) -> None:
        """Those whose sync has not come yet, at the end."""
        for one in self.told.values():
            self._judge(one)

    def _judge(self, told: Told) -> None:
        facts = Facts(created_at=told.fresh_at, every=self.every, last_complete_at=told.fresh_at)
        told.broken += assess(facts, now=self.now).status is Status.LATE
        told.oldest = max(told.oldest, self.now - told.fresh_at)

    def _of(self, job: Job) -> Told:
        if job.connection_id is None:
            raise ValueError("a sync has a connection")
        return self.told[job.connection_id]

    def _next(self) -> datetime:
        """The next instant at which anything is due; a moment later where something just was."""
        soon = self.now + timedelta(milliseconds=1)
        has_free = any(hands.job is None for hands in self._hands)
        if self._is_news and has_free:
            return soon
        return max(soon, min(self._instants(has_free=has_free)))

    def _instants(self, *, has_free: bool) -> Iterator[datetime]:
        yield from (hands.at for hands in self._hands if hands.job and hands.at)
        yield self._beat or self.now
        if self._slot is not None:
            yield self._slot
        if self._due is not None and has_free:
            yield self._due


def sizes(connections: int, *, small: int, times: int) -> Sequence[int]:
    """The requests of a sync: one connection is so many times the size of each other."""
    return [small * times, *[small] * (connections - 1)]


def of_the_small(told: Mapping[UUID, Told]) -> Sequence[Told]:
    """All but the giant."""
    giant = max(one.size for one in told.values())
    return [one for one in told.values() if one.size < giant]
