"""When what waits would start and end: syncs by what vendors still allow, the rest by hands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from adapters.storage.jobs.pausing import paused
from adapters.storage.jobs.register import serving_threads
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.jobs.waiting_jobs import WaitingJob, read_others
from adapters.storage.jobs.waiting_syncs import WaitingSync, read_waiting
from adapters.storage.practices.schedule import short_vendors
from adapters.throttle.clock import RedisThrottle
from domain.errors import SyncError
from domain.jobs import Queue
from domain.limits import Budget, Limit, Outlook, Throttle
from domain.work import SYNC
from infra.database import dispatch
from producers.doors import Door
from producers.pools import budgets_of

MOST = 30
FARTHEST = 2000
"""Requests that are looked ahead; what lies behind more of them is too far to tell."""

SPANS = {60: "a minute", 3600: "an hour", 86_400: "a day"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One job; without `ends_at` nobody can tell, and `because` says why or what binds."""

    job_id: int
    kind: str = SYNC
    connection_id: UUID | None
    practice: str | None
    vendor: str | None
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
            return _told(sync, because="its first run will show how much it asks for")
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
            self.known[own.id] = budgets_of(self.door, own)
        return self.known[own.id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """Everything of one practice: when the first of its jobs starts and the last ends.

    Without `ends_at` nobody can tell of at least one; `because` is that one's, or the last one's.
    """

    connection_id: UUID | None
    practice: str | None
    jobs: Sequence[Estimate]
    starts_at: datetime | None
    ends_at: datetime | None
    because: str


def by_connection(found: Sequence[Estimate]) -> Sequence[Through]:
    """In the order of whose first job is handed out first; jobs of no practice stand together."""
    held: dict[UUID | None, list[Estimate]] = {}
    for one in found:
        held.setdefault(one.connection_id, []).append(one)
    return [_through(jobs) for jobs in held.values()]


def _through(jobs: Sequence[Estimate]) -> Through:
    untold = next((one for one in jobs if one.ends_at is None), None)
    last = untold or max(jobs, key=lambda one: one.ends_at or datetime.max.replace(tzinfo=UTC))
    return Through(
        connection_id=jobs[0].connection_id,
        practice=jobs[0].practice,
        jobs=jobs,
        starts_at=min((one.starts_at for one in jobs if one.starts_at), default=None),
        ends_at=last.ends_at,
        because=last.because,
    )


def estimates(door: Door) -> Sequence[Estimate]:
    """In the order they are handed out; one statement, and a look at the clock for each sync."""
    with door.transaction() as db:
        syncs, others = read_waiting(db, most=MOST), read_others(db, most=MOST)
        stopped = paused(db)
    with dispatch(door.ports.database) as db:
        hands = serving_threads(db)
    whys = {name.value: _why_not(name.value, hands, stopped) for name in Queue}
    throttle = RedisThrottle(door.ports.redis, StoredSpent(door.ports.database))
    line, why = _Line(door, throttle), whys[Queue.SYNC.value]
    told = [_told(one, because=why) if why else line.estimate(one) for one in syncs]
    return [*told, *in_line(others, threads=hands, whys=whys)]


def short(door: Door, found: Sequence[Estimate]) -> Sequence[str]:
    """Those of these vendors whose shared allowance does not suffice for all at their interval."""
    with dispatch(door.ports.database) as db:
        vendors = short_vendors(db, now=door.ports.clock())
    return sorted(vendors & {one.vendor for one in found if one.vendor})


def _why_not(queue: str, hands: Mapping[str, int], stopped: Collection[str]) -> str | None:
    if not hands.get(queue):
        return "no worker serves the queue"
    return "the queue is paused" if queue in stopped else None


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
    return f"{limit.requests:,} requests {span}"


def in_line(
    jobs: Sequence[WaitingJob], *, threads: Mapping[str, int], whys: Mapping[str, str | None]
) -> Sequence[Estimate]:
    """Each takes as long as its like did, and the first thread that is free takes the next."""
    free: dict[str, list[datetime]] = {}
    found = []
    for one in jobs:
        why = whys.get(one.queue)
        if why is None and one.seconds is None:
            why = "the first of its kind will show how long it takes"
        if why is not None or one.seconds is None:
            found.append(_of_job(one, because=why or ""))
            continue
        hands = free.setdefault(one.queue, [one.at] * max(1, threads.get(one.queue, 1)))
        begun = one.started_at if one.is_running else None
        starts = begun or max(min(hands), one.due_at, one.at)
        ends = max(starts + timedelta(seconds=one.seconds), one.at)
        hands.remove(min(hands))
        hands.append(ends)
        found.append(_of_job(one, because=_binds(one, starts), starts_at=starts, ends_at=ends))
    return found


def _binds(job: WaitingJob, starts: datetime) -> str:
    if job.waiting_for and starts <= job.due_at:
        return f"waits for {job.waiting_for}"
    if job.is_running or starts <= job.at:
        return "a thread is free" if not job.is_running else "it runs"
    return "it is not due before" if starts <= job.due_at else "all threads are taken before"


def _of_job(
    job: WaitingJob,
    *,
    because: str,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Estimate:
    return Estimate(
        job_id=job.job_id,
        kind=job.kind,
        connection_id=job.connection_id,
        practice=job.practice,
        vendor=job.vendor,
        is_running=job.is_running,
        requests=None,
        starts_at=starts_at,
        ends_at=ends_at,
        because=because,
    )
