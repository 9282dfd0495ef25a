"""An account's queues at one glance: depth, age, movement, who carries what, and what died."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.jobs.pausing import Paused
from adapters.storage.practices.schedule import SILENT_FOR
from domain.jobs import Queue

BUCKETS = 12
BUCKET_SECONDS = 300
"""The last hour in steps of five minutes."""

# Each state by the index of its own; all of them at once would read every job that is kept.
_DEPTH = text(
    """
    WITH live AS (
      SELECT queue, state, due_at FROM jobs WHERE state = 'ready'
      UNION ALL SELECT queue, state, due_at FROM jobs WHERE state = 'running'
      UNION ALL SELECT queue, state, due_at FROM jobs WHERE state = 'dead'
    )
    SELECT queue,
           count(*) FILTER (WHERE state = 'ready' AND due_at <= now()) AS ready,
           count(*) FILTER (WHERE state = 'ready' AND due_at > now()) AS later,
           count(*) FILTER (WHERE state = 'running') AS running,
           count(*) FILTER (WHERE state = 'dead') AS dead,
           extract(epoch FROM now() - min(due_at) FILTER (
             WHERE state = 'ready' AND due_at <= now()))::float AS oldest_seconds
    FROM live GROUP BY queue
    """
)
_MOVED = text(
    """
    SELECT queue, what, least(:last, greatest(0, floor(ago / :bucket)))::int AS place,
           count(*) AS jobs
    FROM (
      SELECT queue, 'came' AS what, extract(epoch FROM now() - created_at) AS ago
      FROM jobs WHERE created_at > now() - make_interval(secs => :span)
      UNION ALL
      SELECT queue, 'done', extract(epoch FROM now() - finished_at)
      FROM jobs WHERE finished_at > now() - make_interval(secs => :span) AND state = 'done'
    ) AS moved GROUP BY 1, 2, 3
    """
)
_CARRIED = text(
    """
    SELECT jobs.id, jobs.kind, jobs.queue, jobs.worker, jobs.attempts, own.display_name AS practice,
           extract(epoch FROM now() - jobs.started_at)::float AS seconds,
           jobs.lease_until > now() AS is_held
    FROM jobs LEFT JOIN pms_connections AS own ON own.id = jobs.connection_id
    WHERE jobs.state = 'running' ORDER BY jobs.started_at LIMIT 200
    """
)
_WORKERS = text(
    """
    SELECT id, pool, queues, threads, started_at, seen_at, now() AS at,
           seen_at > now() - interval '15 seconds' AS is_living,
           extract(epoch FROM now() - seen_at)::float AS silent_seconds, clock_behind
    FROM workers WHERE seen_at > now() - interval '1 hour'
    ORDER BY is_living DESC, pool, id LIMIT 100
    """
)
_DEAD = text(
    """
    SELECT coalesce(jobs.error_kind, '') AS error_kind, jobs.connection_id,
           own.display_name AS practice, count(*) AS jobs, max(jobs.finished_at) AS latest_at,
           array_agg(DISTINCT jobs.kind) AS kinds,
           (array_agg(jobs.error_text ORDER BY jobs.finished_at DESC))[1] AS error_text
    FROM jobs LEFT JOIN pms_connections AS own ON own.id = jobs.connection_id
    WHERE jobs.state = 'dead'
    GROUP BY 1, 2, 3 ORDER BY jobs DESC, latest_at DESC LIMIT 50
    """
)
_OWN_DEAD = text(
    """
    SELECT now() AS at, count(*) AS jobs FROM jobs WHERE account_id IS NULL AND state = 'dead'
    """
)
_SILENT = text(f"SELECT {SILENT_FOR} FROM schedules")  # noqa: S608 - made of constants
SILENT_SECONDS = 60
"""No scheduler that ticks is silent for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A job in somebody's hands; not `is_held` where the lease ran out and nobody took it back."""

    id: int
    kind: str
    queue: str
    worker: str | None
    attempts: int
    practice: str | None
    seconds: float
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView:
    """A worker process that was heard of within the hour, and what it carries of this account.

    `clock_behind`: seconds its machine's clock lacks, negative where it is ahead.
    """

    id: str
    pool: str
    queues: Sequence[str]
    threads: int
    started_at: datetime
    seen_at: datetime
    silent_seconds: float
    is_living: bool
    clock_behind: float = 0.0
    carries: Sequence[Carried] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """One queue; `came` and `done` tell the last hour in five minutes each, the oldest first."""

    queue: str
    ready: int = 0
    later: int = 0
    running: int = 0
    dead: int = 0
    oldest_seconds: float | None = None
    came: Sequence[int] = field(default=(0,) * BUCKETS)
    done: Sequence[int] = field(default=(0,) * BUCKETS)
    workers: int = 0
    threads: int = 0
    paused: Paused | None = None

    @property
    def is_unserved(self) -> bool:
        return self.workers == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadGroup:
    """Dead jobs that failed alike, at one connection."""

    error_kind: str
    connection_id: UUID | None
    practice: str | None
    jobs: int
    latest_at: datetime | None
    kinds: Sequence[str]
    error_text: str | None


def read_workers(db: Db) -> Sequence[WorkerView]:
    """For the dispatch role: those that live first."""
    names = {one.name for one in fields(WorkerView)} - {"carries"}
    return [
        WorkerView(**{name: row[name] for name in names}) for row in db.execute(_WORKERS).mappings()
    ]


def with_hands(workers: Sequence[WorkerView], carried: Sequence[Carried]) -> Sequence[WorkerView]:
    """Each worker with what an account sees it carry."""
    hands: dict[str | None, list[Carried]] = defaultdict(list)
    for one in carried:
        hands[one.worker].append(one)
    return [replace(one, carries=hands[one.id]) for one in workers]


def read_carried(db: Db) -> Sequence[Carried]:
    return [Carried(**row) for row in db.execute(_CARRIED).mappings()]


def read_dead(db: Db) -> Sequence[DeadGroup]:
    """The largest groups first."""
    return [DeadGroup(**row) for row in db.execute(_DEAD).mappings()]


def own_dead(db: Db) -> tuple[int, datetime]:
    """Dead jobs of no account, for the dispatch role: the product's own chores; and its time."""
    row = db.execute(_OWN_DEAD).one()
    return row.jobs, row.at


def is_ticking(db: Db) -> bool:
    """Whether there is a scheduler; without one no job is handed out but callers' questions."""
    silent: float | None = db.execute(_SILENT).scalar_one()
    return silent is not None and silent <= SILENT_SECONDS


def read_depths(db: Db) -> Mapping[str, Mapping[str, Any]]:
    """How much waits, runs and died in each queue that holds anything."""
    return {row["queue"]: dict(row) for row in db.execute(_DEPTH).mappings()}


def read_queues(
    db: Db, *, workers: Sequence[WorkerView], paused: Mapping[str, Paused]
) -> Sequence[QueueView]:
    """Every queue there is, in the order of who waits most impatiently."""
    depths = read_depths(db)
    moved = _moved(db)
    return [
        QueueView(
            **{"queue": name.value, **depths.get(name.value, {})},
            came=moved[name.value, "came"],
            done=moved[name.value, "done"],
            workers=sum(1 for one in _serving(workers, name)),
            threads=sum(one.threads for one in _serving(workers, name)),
            paused=paused.get(name.value),
        )
        for name in Queue
    ]


def _serving(workers: Sequence[WorkerView], queue: Queue) -> Sequence[WorkerView]:
    return [one for one in workers if one.is_living and queue.value in one.queues]


def _moved(db: Db) -> Mapping[tuple[str, str], Sequence[int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * BUCKETS)
    values: dict[str, Any] = {
        "bucket": BUCKET_SECONDS,
        "last": BUCKETS - 1,
        "span": BUCKETS * BUCKET_SECONDS,
    }
    for row in db.execute(_MOVED, values):
        found[row.queue, row.what][BUCKETS - 1 - row.place] += row.jobs
    return found
