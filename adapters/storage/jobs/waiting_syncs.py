"""Syncs that wait or run, in the order they are handed out, and what their like has taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.connections import Connection

# State by state, for each has an index of its own.
# The newest five runs of the connection of that sort tell how much the next will ask for.
_WAITING = text(
    """
    WITH next AS MATERIALIZED (
      SELECT id, connection_id, state, due_at, waiting_for, args, priority FROM (
        SELECT * FROM jobs WHERE state = 'running' AND kind = 'sync'
        UNION ALL
        SELECT * FROM jobs WHERE state = 'ready' AND kind = 'sync'
      ) AS open
      ORDER BY state = 'running' DESC, priority DESC, due_at, id LIMIT :most
    )
    SELECT jobs.id, jobs.state, jobs.due_at, jobs.waiting_for, now() AS at,
           own.id AS connection_id, own.account_id, own.connector, own.site, own.timezone,
           own.display_name, own.base_url, own.secret_ref,
           usual.requests, usual.seconds, coalesce(begun.requests, 0) AS asked
    FROM next AS jobs
    JOIN pms_connections AS own ON own.id = jobs.connection_id
    LEFT JOIN pms_sync_log AS begun ON begun.job_id = jobs.id
    CROSS JOIN LATERAL (
      SELECT ceil(avg(requests))::int AS requests,
             avg(extract(epoch FROM completed_at - started_at))::float AS seconds
      FROM (
        SELECT requests, started_at, completed_at FROM pms_sync_log AS run
        WHERE run.pms_connection_id = own.id AND run.status = 'success'
          AND run.sync_type = coalesce(jobs.args ->> 'sync_type', 'full')
        ORDER BY run.started_at DESC LIMIT 5
      ) AS latest
    ) AS usual
    ORDER BY jobs.state = 'running' DESC, jobs.priority DESC, jobs.due_at, jobs.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSync:
    """One sync; `requests` and `seconds` are what its like took, None where none has ended."""

    job_id: int
    is_running: bool
    due_at: datetime
    waiting_for: str | None
    at: datetime
    connection: Connection
    requests: int | None
    seconds: float | None
    asked: int

    @property
    def requests_left(self) -> int | None:
        """At least one while it is not done."""
        return None if self.requests is None else max(1, self.requests - self.asked)


def read_waiting(db: Db, *, most: int) -> Sequence[WaitingSync]:
    return [_waiting(row) for row in db.execute(_WAITING, {"most": most})]


def _waiting(row: Any) -> WaitingSync:
    connection = Connection(
        id=row.connection_id,
        account_id=row.account_id,
        vendor=row.connector,
        site=row.site,
        timezone=row.timezone,
        name=row.display_name,
        base_url=row.base_url,
        secret_ref=row.secret_ref,
    )
    return WaitingSync(
        job_id=row.id,
        is_running=row.state == "running",
        due_at=row.due_at,
        waiting_for=row.waiting_for,
        at=row.at,
        connection=connection,
        requests=row.requests,
        seconds=row.seconds,
        asked=row.asked,
    )
