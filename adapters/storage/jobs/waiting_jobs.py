"""Jobs that are no syncs and wait or run, as they are handed out; and how long their like takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

# State by state, for each has an index of its own.
# By the latest that are done of each kind: kept for a week, looked up by when they ended.
_WAITING = text(
    """
    WITH next AS MATERIALIZED (
      SELECT id, kind, queue, connection_id, vendor, state, due_at, waiting_for, priority,
             started_at
      FROM (
        SELECT * FROM jobs WHERE state = 'running' AND kind <> 'sync' AND queue <> 'voice'
        UNION ALL
        SELECT * FROM jobs WHERE state = 'ready' AND kind <> 'sync' AND queue <> 'voice'
      ) AS open
      ORDER BY state = 'running' DESC, priority DESC, due_at, id LIMIT :most
    ), usual AS (
      SELECT kind, avg(extract(epoch FROM finished_at - started_at))::float AS seconds
      FROM jobs
      WHERE state = 'done' AND finished_at > now() - interval '1 day'
        AND kind IN (SELECT kind FROM next)
      GROUP BY kind
    )
    SELECT jobs.id AS job_id, jobs.kind, jobs.queue, jobs.connection_id, jobs.vendor,
           own.display_name AS practice, jobs.state = 'running' AS is_running, jobs.due_at,
           jobs.waiting_for, jobs.started_at, usual.seconds, now() AS at
    FROM next AS jobs
    LEFT JOIN usual ON usual.kind = jobs.kind
    LEFT JOIN pms_connections AS own ON own.id = jobs.connection_id
    ORDER BY jobs.state = 'running' DESC, jobs.priority DESC, jobs.due_at, jobs.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJob:
    """One job; `seconds` is what its like took within the day, None where none has ended."""

    job_id: int
    kind: str
    queue: str
    connection_id: UUID | None
    vendor: str | None
    practice: str | None
    is_running: bool
    due_at: datetime
    waiting_for: str | None
    started_at: datetime | None
    seconds: float | None
    at: datetime


def read_others(db: Db, *, most: int) -> Sequence[WaitingJob]:
    return [WaitingJob(**row) for row in db.execute(_WAITING, {"most": most}).mappings()]
