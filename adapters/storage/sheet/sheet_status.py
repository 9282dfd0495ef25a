"""How fresh the sheet is and what is being done about it: connections, runs and waiting jobs."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.tables import COUNTERS
from domain.connections import State
from domain.freshness import Facts, Status, assess
from domain.hours import read_hours
from domain.jobs import JobState
from domain.runs import RunStatus
from domain.sheet import ConnectionView, RunView, WaitingView
from domain.work import SYNC

MOST_RUNS = 100

# What waits is read once for all: asked connection by connection, it would be looked for among all
# jobs that each of them ever had.
_CONNECTIONS = text(
    """
    WITH latest AS MATERIALIZED (
      SELECT DISTINCT ON (connection_id) connection_id, waiting_for, due_at FROM jobs
      WHERE state = 'ready' AND waiting_for IS NOT NULL
      ORDER BY connection_id, id DESC
    )
    SELECT connection.*, job.waiting_for, job.due_at
    FROM pms_connections AS connection
    LEFT JOIN latest AS job ON job.connection_id = connection.id
    WHERE connection.removed_at IS NULL
    ORDER BY connection.display_name, connection.id
    """
)
_RUNS = text(
    f"""
    SELECT id, job_id, pms_connection_id, status, sync_type, dry_run, day_from, day_to, started_at,
           completed_at, queries_done, queries_total, error_message, {", ".join(COUNTERS)}
    FROM pms_sync_log
    WHERE started_at >= :since OR status = 'running'
    ORDER BY started_at DESC LIMIT {MOST_RUNS}
    """  # noqa: S608 - names of our own columns
)
# State by state, for each has an index of its own.
_UNFINISHED = text(
    """
    SELECT id, connection_id, state, due_at, waiting_for FROM jobs
    WHERE kind = :kind AND state = 'ready'
    UNION ALL
    SELECT id, connection_id, state, due_at, waiting_for FROM jobs
    WHERE kind = :kind AND state = 'running'
    ORDER BY id
    """
)


def read_connections(db: Db, *, now: datetime) -> tuple[ConnectionView, ...]:
    """Every connection of the account with how it keeps its promise."""
    return tuple(_connection(row, now) for row in db.execute(_CONNECTIONS).mappings())


def read_facts(db: Db) -> Mapping[UUID, Facts]:
    """Those of each connection, as its page shows them."""
    return {row["id"]: _facts(row) for row in db.execute(_CONNECTIONS).mappings()}


def read_runs(db: Db, *, since: datetime) -> tuple[RunView, ...]:
    """Runs begun since then or still going on, newest first."""
    return tuple(_run(row) for row in db.execute(_RUNS, {"since": since}).mappings())


def read_waiting(db: Db) -> tuple[WaitingView, ...]:
    """Syncs that have yet to begin or to end."""
    return tuple(
        WaitingView(
            job_id=row.id,
            connection_id=row.connection_id,
            state=JobState(row.state).value,
            due_at=row.due_at,
            waiting_for=row.waiting_for,
        )
        for row in db.execute(_UNFINISHED, {"kind": SYNC})
    )


def _connection(row: RowMapping, now: datetime) -> ConnectionView:
    freshness = assess(_facts(row), now=now)
    return ConnectionView(
        id=row["id"],
        name=row["display_name"],
        vendor=row["connector"],
        timezone=row["timezone"],
        status=freshness.status.value,
        since=freshness.since,
        sentence=freshness.sentence,
        reason=_reason(row, freshness.status),
        last_sync_at=row["last_sync_at"],
        sync_enabled=row["sync_enabled"],
        state=row["state"],
        site=row["site"],
        rests_until=row["rests_until"],
    )


def _reason(row: RowMapping, status: Status) -> str | None:
    """Why it is not as it should be; of a sync that was done in part, why not all of it."""
    if status in {Status.NEEDS_SIGN_IN, Status.FAILING}:
        reason: str | None = row["state_reason"] or row["last_sync_error"]
        return reason or None
    if status is Status.PAUSED:
        return row["state_reason"] or None
    is_in_part = row["state"] == State.ACTIVE and row["last_sync_status"] == RunStatus.PARTIAL
    return row["last_sync_error"] if is_in_part else None


def _facts(row: RowMapping) -> Facts:
    """With what its next sync waits for, and until when."""
    next_due_at = row["due_at"] or row["next_sync_at"]
    return replace(facts_of(row), next_due_at=next_due_at, waiting_for=row["waiting_for"])


def facts_of(row: RowMapping) -> Facts:
    """What a connection's promise is judged by."""
    every = timedelta(minutes=row["sync_frequency_minutes"]) if row["sync_enabled"] else None
    return Facts(
        created_at=row["created_at"],
        every=every,
        state=State(row["state"]),
        last_complete_at=row["last_sync_at"],
        failures=row["consecutive_failures"],
        hours=read_hours(row["opening_hours"], timezone=row["timezone"]),
        rests_until=row["rests_until"],
    )


def _run(row: RowMapping) -> RunView:
    return RunView(
        id=row["id"],
        job_id=row["job_id"],
        connection_id=row["pms_connection_id"],
        status=row["status"],
        sync_type=row["sync_type"],
        dry_run=row["dry_run"],
        first_day=row["day_from"],
        last_day=row["day_to"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        queries_done=row["queries_done"],
        queries_total=row["queries_total"],
        counts={name: row[name] for name in COUNTERS},
        error_message=row["error_message"],
    )
