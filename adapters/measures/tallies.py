"""What is counted up while a process lives: jobs that came and ended, and how long syncs took."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Sample
from domain.jobs import Queue

LAG_SECONDS = 10.0
"""A row is counted this long after its instant; whatever was not committed by then is missed."""

BOUNDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
ENDS = ("done", "dead", "cancelled")

_UNTIL = text("SELECT now() - make_interval(secs => :lag)")
_CAME = text(
    """
    SELECT queue, count(*) AS jobs FROM (
      SELECT came.queue FROM accounts CROSS JOIN LATERAL (
        SELECT queue FROM jobs
        WHERE account_id = accounts.id AND created_at > :since AND created_at <= :until
      ) AS came
      UNION ALL
      SELECT queue FROM jobs
      WHERE account_id IS NULL AND created_at > :since AND created_at <= :until
    ) AS came GROUP BY queue
    """
)
_ENDED = text(
    """
    SELECT queue, state, count(*) AS jobs FROM jobs
    WHERE finished_at > :since AND finished_at <= :until GROUP BY queue, state
    """
)
_TOOK = text(
    """
    SELECT own.connector AS vendor,
           extract(epoch FROM run.completed_at - run.started_at)::float AS seconds
    FROM jobs JOIN pms_sync_log AS run ON run.job_id = jobs.id
    JOIN pms_connections AS own ON own.id = run.pms_connection_id
    WHERE jobs.finished_at > :since AND jobs.finished_at <= :until AND jobs.kind = 'sync'
      AND run.completed_at IS NOT NULL
    """
)


@dataclass(slots=True)
class Durations:
    """A histogram of one vendor."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds

    @property
    def buckets(self) -> Sequence[tuple[str, float]]:
        """As Prometheus has them: each holds all that are no longer."""
        names = (*map(str, BOUNDS), "+Inf")
        return list(zip(names, map(float, accumulate(self.counts)), strict=True))


class Tallies:
    """Counters that begin with the process; each reading goes on where the one before ended."""

    def __init__(self, *, lag: float = LAG_SECONDS) -> None:
        self._lag = lag
        self._since: datetime | None = None
        self._came: Counter[str] = Counter()
        self._ended: Counter[tuple[str, str]] = Counter()
        self._took: dict[str, Durations] = {}

    @property
    def took(self) -> Mapping[str, Durations]:
        return self._took

    def read(self, db: Db) -> Sequence[Sample]:
        """For the dispatch role; every queue is told from the first reading on."""
        until = db.execute(_UNTIL, {"lag": self._lag}).scalar_one()
        if self._since is not None and until > self._since:
            self._count(db, {"since": self._since, "until": until})
        self._since = until
        return [*self._samples()]

    def _count(self, db: Db, between: Mapping[str, datetime]) -> None:
        came = db.execute(_CAME, between).all()
        ended = db.execute(_ENDED, between).all()
        took = db.execute(_TOOK, between).all()
        self._came.update({row.queue: row.jobs for row in came})
        self._ended.update({(row.queue, row.state): row.jobs for row in ended})
        for row in took:
            self._took.setdefault(row.vendor, Durations()).add(row.seconds)

    def _samples(self) -> Sequence[Sample]:
        queues = [queue.value for queue in Queue]
        came = [Sample("pms_sync_jobs_put_total", (one,), float(self._came[one])) for one in queues]
        ended = [
            Sample("pms_sync_jobs_ended_total", (one, end), float(self._ended[one, end]))
            for one in queues
            for end in ENDS
        ]
        return [*came, *ended]
