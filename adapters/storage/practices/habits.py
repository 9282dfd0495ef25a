"""How each connection of an account is synced: how often, how much it asks for, what waits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices.rhythms import rhythm_of
from domain.connections import Connection
from domain.rhythm import USUAL, Rhythm

# The newest five whole runs of the timetable tell how much the next will ask for.
_HABITS = text(
    """
    SELECT now() AS at, own.id, own.account_id, own.connector, own.site, own.timezone,
           own.display_name, lower(own.display_name) AS sorted_by,
           own.base_url, own.secret_ref, own.version,
           own.sync_frequency_minutes AS minutes, own.next_sync_at,
           own.sync_frequency_minutes, own.opening_hours, own.adaptive, own.quiet_minutes,
           own.unchanged_runs, own.booked_on, own.booked_from, own.booked_until, own.shown_hours,
           own.sync_enabled AND own.state IN ('ACTIVE', 'ERROR') AS is_synced,
           usual.requests, coalesce(day.requests, 0)::int AS of_syncs,
           coalesce(queued.jobs, 0)::int AS waiting, queued.since
    FROM pms_connections AS own
    LEFT JOIN LATERAL (
      SELECT ceil(avg(requests))::int AS requests FROM (
        SELECT requests FROM pms_sync_log AS run
        WHERE run.pms_connection_id = own.id AND run.status = 'success' AND NOT run.dry_run
          AND run.backfill_id IS NULL
        ORDER BY run.started_at DESC LIMIT 5
      ) AS latest
    ) AS usual ON true
    LEFT JOIN LATERAL (
      SELECT sum(requests) AS requests FROM pms_sync_log AS run
      WHERE run.pms_connection_id = own.id AND run.started_at > now() - interval '1 day'
        AND NOT run.dry_run AND run.backfill_id IS NULL
    ) AS day ON true
    LEFT JOIN LATERAL (
      SELECT count(*) AS jobs, min(jobs.created_at) AS since FROM jobs
      WHERE jobs.connection_id = own.id AND jobs.kind = 'sync'
        AND (jobs.state = 'running'
             OR jobs.state = 'ready' AND (jobs.due_at <= now() OR jobs.waiting_for IS NOT NULL))
    ) AS queued ON true
    WHERE own.removed_at IS NULL AND own.state <> 'SETUP_REQUIRED'
      AND (CAST(:name AS text) IS NULL
           OR (lower(own.display_name), own.id) > (:name, CAST(:id AS uuid)))
    ORDER BY lower(own.display_name), own.id LIMIT :most
    """
)
_SINCE = text(
    """
    SELECT bucket, connection_id, count(*)::int AS requests FROM vendor_requests
    WHERE bucket = ANY(:buckets) AND at > now() - make_interval(secs => :seconds)
    GROUP BY bucket, connection_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """One connection; `requests` is what a sync of it asks for, None where none has ended.

    `waiting` syncs are due or under way, the oldest asked for at `since`; `of_syncs` is what those
    of the last day asked for.
    """

    connection: Connection
    version: int
    every: timedelta | None
    minutes: int
    requests: int | None
    next_at: datetime
    waiting: int
    since: datetime | None
    of_syncs: int
    rhythm: Rhythm


@dataclass(frozen=True, slots=True)
class Used:
    """What one connection, of whatever account, took of a bucket."""

    bucket: str
    connection_id: UUID | None
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedPage:
    """Connections by name, at the database's own time; `next` names the place of the last."""

    synced: Sequence[Synced]
    at: datetime | None
    next: tuple[str, UUID] | None


def read_synced(
    db: Db,
    *,
    most: int,
    after: tuple[str, UUID] | None = None,
    usual_hours: Mapping[str, Any] = USUAL,
) -> SyncedPage:
    """So many from that place on; `at` is None where there is none."""
    name, last_id = after or (None, None)
    rows = db.execute(_HABITS, {"most": most, "name": name, "id": last_id}).all()
    return SyncedPage(
        synced=[_synced(row, usual_hours) for row in rows],
        at=rows[0].at if rows else None,
        next=(rows[-1].sorted_by, rows[-1].id) if len(rows) == most else None,
    )


def read_used(db: Db, buckets: Collection[str], *, seconds: int) -> Sequence[Used]:
    """For the dispatch role: a bucket may be shared beyond an account."""
    rows = db.execute(_SINCE, {"buckets": list(buckets), "seconds": seconds})
    return [Used(row.bucket, row.connection_id, row.requests) for row in rows]


def by_bucket(used: Sequence[Used]) -> Mapping[str, Mapping[UUID | None, int]]:
    found: dict[str, dict[UUID | None, int]] = {}
    for one in used:
        found.setdefault(one.bucket, {})[one.connection_id] = one.requests
    return found


def _synced(row: Any, usual_hours: Mapping[str, Any]) -> Synced:
    connection = Connection(
        id=row.id,
        account_id=row.account_id,
        vendor=row.connector,
        site=row.site,
        timezone=row.timezone,
        name=row.display_name,
        base_url=row.base_url,
        secret_ref=row.secret_ref,
    )
    return Synced(
        connection=connection,
        version=row.version,
        every=timedelta(minutes=row.minutes) if row.is_synced else None,
        minutes=row.minutes,
        requests=row.requests,
        next_at=row.next_sync_at or row.at,
        waiting=row.waiting,
        since=row.since,
        of_syncs=row.of_syncs,
        rhythm=rhythm_of(row, usual=usual_hours),
    )
