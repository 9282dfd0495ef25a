"""When a sync that waits would start and end, by what its vendor still allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from adapters import pms
from adapters.storage.pausing import paused
from adapters.storage.spent import StoredSpent
from adapters.storage.waiting_syncs import WaitingSync, read_waiting
from adapters.storage.workers import living_workers
from adapters.throttle.clock import RedisThrottle
from domain.errors import SyncError
from domain.jobs import Queue
from domain.limits import Budget, Limit, Outlook, Throttle
from infra.database import dispatch
from producers.doors import Door
from producers.pages.allowances import buckets_of

MOST = 30
FARTHEST = 2000
"""Requests that are looked ahead; what lies behind more of them is too far to tell."""

SPANS = {60: "a minute", 3600: "an hour", 86_400: "a day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One sync; without `ends_at` nobody can tell, and `because` says why or what binds."""

    job_id: int
    connection_id: UUID
    practice: str
    vendor: str
    is_running: bool
    requests: int | None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    because: str


@dataclass(slots=True)
class _Line:
    """The vendors' queues as they are filled, request by request, in the order of the jobs."""

    door: Door
    throttle: Throttle
    known: dict[UUID, Sequence[Budget]] = field(default_factory=dict)
    ahead: dict[tuple[str, ...], int] = field(default_factory=dict)

    def estimate(self, sync: WaitingSync) -> Estimate:
        requests = sync.requests_left
        if requests is None:
            return _told(sync, because="its first run tells how much it asks for")
        found = self._budgets(sync)
        if not found:
            return _told(sync, because="its sign-in is not complete")
        # A bucket that several connections share is one queue; the first names it.
        key = tuple(one.bucket for one in found)
        ahead = self.ahead.get(key, 0)
        self.ahead[key] = ahead + requests
        if ahead + requests > FARTHEST:
            return _told(sync, because=f"more than {FARTHEST} requests are ahead")
        try:
            first = self.throttle.outlook(found, requests=ahead + 1)
            last = self.throttle.outlook(found, requests=ahead + requests)
        except SyncError:
            return _told(sync, because="the vendor clock cannot be asked")
        return _timed(sync, first, last)

    def _budgets(self, sync: WaitingSync) -> Sequence[Budget]:
        own = sync.connection
        if own.id not in self.known:
            self.known[own.id] = _spent(self.door, sync)
        return self.known[own.id]


def estimates(door: Door) -> Sequence[Estimate]:
    """In the order they are handed out; one statement, and a look at the clock for each."""
    with door.transaction() as db:
        syncs, stopped = read_waiting(db, most=MOST), paused(db)
    with dispatch(door.ports.database) as db:
        served = living_workers(db).get(Queue.SYNC.value, 0)
    if not served or Queue.SYNC.value in stopped:
        why = "the queue is paused" if served else "no worker serves the queue"
        return [_told(one, because=why) for one in syncs]
    throttle = RedisThrottle(door.ports.redis, StoredSpent(door.ports.database))
    line = _Line(door, throttle)
    return [line.estimate(one) for one in syncs]


def _spent(door: Door, sync: WaitingSync) -> Sequence[Budget]:
    listing = pms.vendor(sync.connection.vendor).appointments
    names = listing.buckets if listing else ("default",)
    try:
        found = buckets_of(door, sync.connection)
    except SyncError:
        return ()
    return [found[name] for name in names if name in found]


def _timed(sync: WaitingSync, first: Outlook, last: Outlook) -> Estimate:
    """By the database's own time; a reserved turn is not begun before it comes."""
    offset = sync.at - last.at
    starts = max(first.through_at + offset, sync.due_at, sync.at)
    seconds = timedelta(seconds=sync.seconds or 0)
    ends = max(last.through_at + offset, starts + seconds)
    binding = last.binding
    waits = (last.through_at - last.at) > seconds
    told = (
        f"{limit_words(binding.limit)} bind, {binding.left} left"
        if waits
        else f"{binding.left} of {limit_words(binding.limit)} left"
    )
    return _told(sync, because=told, starts_at=starts, ends_at=ends)


def _told(
    sync: WaitingSync,
    *,
    because: str,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Estimate:
    return Estimate(
        job_id=sync.job_id,
        connection_id=sync.connection.id,
        practice=sync.connection.name,
        vendor=sync.connection.vendor,
        is_running=sync.is_running,
        requests=sync.requests_left,
        starts_at=starts_at,
        ends_at=ends_at,
        because=because,
    )


def limit_words(limit: Limit) -> str:
    """`60 requests a minute`."""
    span = SPANS.get(limit.seconds, f"in {limit.seconds} seconds")
    return f"{limit.requests} requests {span}"
