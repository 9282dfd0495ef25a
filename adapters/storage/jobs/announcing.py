"""Which ready jobs to announce next, and what to do with leases that ran out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from adapters.storage.jobs.ledger import KEY_IF_FREE
from domain.jobs import MAX_FAILURES

REANNOUNCE_SECONDS = 10
AHEAD = 4
"""Messages a queue may hold for each thread that serves it."""

_ROOM = text(
    """
    SELECT queue, sum(threads) AS threads
    FROM workers, unnest(queues) AS queue
    WHERE seen_at > now() - interval '15 seconds' GROUP BY queue
    """
)
_WAITING = text(
    """
    SELECT queue, count(*) AS waiting FROM jobs
    WHERE state = 'ready' AND announced_at > now() - make_interval(secs => :again) GROUP BY queue
    """
)
# Priority first, then one job of each connection before the second of any. Those that have begun,
# and those whose turn it is, are looked for once: a plan made while few jobs waited would look for
# them again for each of many.
_CHOOSE = text(
    """
    WITH elders AS MATERIALIZED (
      SELECT id, exclusive_key, priority FROM jobs
      WHERE state = 'ready' AND attempts > 0 AND exclusive_key IS NOT NULL
        AND NOT EXISTS (SELECT FROM paused_queues AS paused
                        WHERE paused.account_id = jobs.account_id AND paused.queue = jobs.queue)
    ), turns AS (
      SELECT id, priority, due_at,
             row_number() OVER (PARTITION BY coalesce(connection_id::text, id::text)
                                ORDER BY priority DESC, due_at, id) AS turn
      FROM jobs
      WHERE state = 'ready' AND queue = :queue AND due_at <= now()
        AND (announced_at IS NULL OR announced_at < now() - make_interval(secs => :again))
        AND NOT EXISTS (SELECT FROM jobs other
                        WHERE other.state = 'running' AND other.exclusive_key = jobs.exclusive_key)
        AND NOT EXISTS (SELECT FROM elders
                        WHERE elders.exclusive_key = jobs.exclusive_key AND elders.id <> jobs.id
                          AND jobs.attempts = 0 AND elders.priority >= jobs.priority)
        AND NOT EXISTS (SELECT FROM paused_queues AS paused
                        WHERE paused.account_id = jobs.account_id AND paused.queue = jobs.queue)
    ), first AS MATERIALIZED (
      SELECT id FROM turns ORDER BY priority DESC, turn, due_at, id LIMIT :room
    ), chosen AS (
      SELECT jobs.id FROM jobs JOIN first USING (id)
      WHERE jobs.state = 'ready' FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE jobs SET announced_at = now() FROM chosen WHERE jobs.id = chosen.id RETURNING jobs.id
    """
)
_FORGET = text(
    "UPDATE jobs SET announced_at = NULL WHERE state = 'ready' AND announced_at <> now()"
)
_NOT_ANNOUNCED = text("UPDATE jobs SET announced_at = NULL WHERE id = ANY(:ids)")
_NEXT_DUE = text(
    "SELECT min(due_at) FROM jobs WHERE state = 'ready' AND announced_at IS NULL AND due_at > now()"
)
_EXPIRED = text(
    f"""
    WITH lapsed AS (
      SELECT id FROM jobs WHERE state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED
    )
    UPDATE jobs SET
      state = CASE WHEN crashes >= :most THEN 'dead' ELSE 'ready' END,
      finished_at = CASE WHEN crashes >= :most THEN now() END,
      error_kind = CASE WHEN crashes >= :most THEN 'Crashed' ELSE error_kind END,
      error_text = CASE WHEN crashes >= :most
                   THEN 'the worker died, or the database could not keep how it ended, each time'
                   ELSE error_text END,
      lease_until = NULL, announced_at = NULL, fence = fence + 1, dedupe_key = {KEY_IF_FREE}
    FROM lapsed WHERE jobs.id = lapsed.id
    RETURNING jobs.id, jobs.state, jobs.kind
    """  # noqa: S608 - our own words
)
_STRANDED = text(
    """
    SELECT jobs.id FROM pms_sync_log AS run JOIN jobs ON jobs.id = run.job_id
    WHERE run.status = 'running' AND jobs.state IN ('dead', 'cancelled')
      AND jobs.finished_at < now() - interval '5 seconds'
    """
)


@dataclass(frozen=True, slots=True)
class Lapsed:
    """Jobs whose lease ran out: given back to be run again, or parked as dead."""

    ready: Sequence[int]
    dead: Sequence[int]


def choose(connection: Connection) -> dict[str, list[int]]:
    """The jobs to announce now, by queue, stamped as announced in the caller's transaction."""
    waiting = {
        row.queue: row.waiting
        for row in connection.execute(_WAITING, {"again": REANNOUNCE_SECONDS})
    }
    chosen: dict[str, list[int]] = {}
    for row in connection.execute(_ROOM).all():
        room = AHEAD * row.threads - waiting.get(row.queue, 0)
        if room > 0:
            values = {"queue": row.queue, "room": room, "again": REANNOUNCE_SECONDS}
            ids = [one.id for one in connection.execute(_CHOOSE, values)]
            if ids:
                chosen[row.queue] = ids
    return chosen


def forget_announcements(connection: Connection) -> None:
    """Redis lost its messages: every announced and unclaimed job may be announced again at once."""
    connection.execute(_FORGET)


def not_announced(connection: Connection, job_ids: Sequence[int]) -> None:
    """These could not be told after all."""
    connection.execute(_NOT_ANNOUNCED, {"ids": list(job_ids)})


def next_due(connection: Connection) -> datetime | None:
    """When the next job becomes due that is not due yet."""
    found: datetime | None = connection.execute(_NEXT_DUE).scalar_one_or_none()
    return found


def sweep(connection: Connection) -> Lapsed:
    """Take back what dead or frozen workers held; a job that killed its workers is parked."""
    rows = connection.execute(_EXPIRED, {"most": MAX_FAILURES}).all()
    return Lapsed(
        ready=[row.id for row in rows if row.state == "ready"],
        dead=[row.id for row in rows if row.state == "dead"],
    )


def stranded(connection: Connection) -> list[int]:
    """Jobs that ended for good while their run still says it is running: nobody closed it."""
    return [row.id for row in connection.execute(_STRANDED)]
