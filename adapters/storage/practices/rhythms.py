"""What a practice's rhythm is told from: kept when a run ends, and woken when something happens."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters import pms
from domain.rhythm import Rhythm, hours_of, shown_hours
from domain.runs import Run
from domain.window import Window

COLUMNS = """
    timezone, sync_frequency_minutes, opening_hours, adaptive, quiet_minutes, unchanged_runs,
    rests_until, booked_on, booked_from, booked_until, shown_hours
"""

WEEKS = 4
"""So far back the sheet is looked at for hours."""

ENOUGH_DAYS = 14
"""A sheet that goes back less far shows none: two weeks have each weekday twice."""

_APPOINTMENTS = """
    run_sheet_appointments AS entry
    WHERE entry.pms_connection_id = :id AND entry.source = 'pms' AND entry.removed_at IS NULL
      AND entry.appointment_status <> 'cancelled'
"""
# When a day begins is asked beforehand, as a value: row-level security lets an index compare with
# nothing else, and all rows that the practice ever had would be read.
_LENGTH = "make_interval(mins => entry.appointment_duration_minutes)"
_BOOKED = text(
    f"""
    WITH today AS (
      SELECT local.day, CAST(local.day AS timestamp) AT TIME ZONE timezone AS first,
             CAST(local.day + 1 AS timestamp) AT TIME ZONE timezone AS last
      FROM pms_connections, LATERAL (
        SELECT CAST(CAST(:at AS timestamptz) AT TIME ZONE timezone AS date) AS day) AS local
      WHERE id = :id
    ), booked AS (
      SELECT today.day, span.first, span.last FROM today, (
        SELECT min(entry.pms_start) AS first, max(entry.pms_start + {_LENGTH}) AS last
        FROM {_APPOINTMENTS}
          AND entry.pms_start >= (SELECT first FROM today)
          AND entry.pms_start < (SELECT last FROM today)
      ) AS span
    )
    UPDATE pms_connections AS held
    SET booked_on = booked.day, booked_from = booked.first, booked_until = booked.last
    FROM booked
    WHERE held.id = :id AND (held.booked_on, held.booked_from, held.booked_until)
                            IS DISTINCT FROM (booked.day, booked.first, booked.last)
    RETURNING held.shown_on IS DISTINCT FROM booked.day AS is_new_day, booked.day
    """  # noqa: S608 - our own words
)
_SHOWN = text(
    f"""
    SELECT CAST(extract(isodow FROM local.start) AS int) AS weekday,
           CAST(min(local.minutes) AS int) AS first,
           CAST(max(local.minutes + local.length) AS int) AS last,
           min(local.start) AS since
    FROM (
      SELECT entry.pms_start AT TIME ZONE held.timezone AS start,
             entry.appointment_duration_minutes AS length,
             extract(epoch FROM CAST(entry.pms_start AT TIME ZONE held.timezone AS time)) / 60
               AS minutes
      FROM pms_connections AS held, {_APPOINTMENTS} AND held.id = :id
        AND entry.pms_start >= CAST(CAST(:day AS date) - CAST(:days AS int) AS timestamptz)
        AND entry.pms_start < CAST(CAST(:day AS date) + 1 AS timestamptz)
    ) AS local
    GROUP BY 1
    """  # noqa: S608 - our own words
)
_KEEP_SHOWN = text(
    "UPDATE pms_connections SET shown_hours = CAST(:hours AS jsonb), shown_on = :day WHERE id = :id"
)
# Whoever does not rest is left alone, so that a busy hour costs no write; nor is anybody waited
# for: who is being changed is looked at again anyway.
WOKEN = """
    UPDATE pms_connections SET
      rests_until = now(), unchanged_runs = 0,
      next_sync_at = least(next_sync_at, greatest(now(), coalesce(last_sync_at, now())
                           + make_interval(mins => sync_frequency_minutes)))
    WHERE id IN (
      SELECT id FROM pms_connections
      WHERE rests_until > now() AND next_sync_at IS NOT NULL AND removed_at IS NULL
        AND (CAST(:connection_id AS uuid) IS NULL OR id = :connection_id)
      FOR NO KEY UPDATE SKIP LOCKED)
"""
_WAKE = text(WOKEN)
_SOONER = text(
    """
    UPDATE pms_connections SET
      next_sync_at = least(next_sync_at, greatest(now(), coalesce(last_sync_at, now())
                           + make_interval(mins => sync_frequency_minutes)))
    WHERE id = :id AND next_sync_at IS NOT NULL
    """
)
# Nobody is left for so long: whoever set the slot had a clock that was ahead.
_TOO_FAR = text(
    """
    UPDATE pms_connections SET next_sync_at = :now, rests_until = NULL
    WHERE id IN (
      SELECT id FROM pms_connections
      WHERE next_sync_at > CAST(:now AS timestamptz) + 2 * make_interval(
              mins => greatest(sync_frequency_minutes, quiet_minutes))
        AND removed_at IS NULL
      FOR NO KEY UPDATE SKIP LOCKED)
    """
)


def wake(db: Db, connection_id: UUID | None) -> None:
    """Something happened at the practice: read it at its interval again, from now on.

    None means all of the account's, and is for the account's own role.
    """
    db.execute(_WAKE, {"connection_id": connection_id})


def sooner(db: Db, connection_id: UUID) -> None:
    """Its interval is another: the next sync need not wait for what was the slot."""
    db.execute(_SOONER, {"id": connection_id})


def bring_near(db: Db, *, now: datetime) -> int:
    """After a clock was put back, those whose slot lies further ahead than any is ever set."""
    return db.execute(_TOO_FAR, {"now": now}).rowcount


def keep_shown(db: Db, run: Run, *, at: datetime) -> None:
    """When today's appointments are; once a day also when those of the last weeks were.

    A run that has not read today tells nothing of it.
    """
    if at not in run.window:
        return
    connection_id = run.connection_id
    row = db.execute(_BOOKED, {"id": connection_id, "at": at}).first()
    if row is None or not row.is_new_day:
        return
    values = {"id": connection_id, "day": row.day, "days": 7 * WEEKS}
    found = db.execute(_SHOWN, values).all()
    is_enough = any((row.day - one.since.date()).days >= ENOUGH_DAYS for one in found)
    hours = shown_hours({one.weekday: (one.first, one.last) for one in found}) if is_enough else {}
    db.execute(_KEEP_SHOWN, {"id": connection_id, "day": row.day, "hours": json.dumps(hours)})


def is_adaptive(vendor: str, chosen: bool | None) -> bool:  # noqa: FBT001 - a column's value
    """As somebody chose, else as is usual for the vendor."""
    described = pms.registered().get(vendor)
    return chosen if chosen is not None else described is not None and described.adaptive


def rhythm_of(row: Row[Any] | Any, *, usual: Mapping[str, Any]) -> Rhythm:
    """What the columns say."""
    booked = Window(row.booked_from, row.booked_until) if row.booked_from else None
    return Rhythm(
        every=timedelta(minutes=max(1, row.sync_frequency_minutes)),
        most=timedelta(minutes=row.quiet_minutes),
        timezone=row.timezone,
        hours=hours_of(row.opening_hours, row.shown_hours, usual=usual, timezone=row.timezone),
        is_adaptive=is_adaptive(row.connector, row.adaptive),
        unchanged=row.unchanged_runs,
        booked_on=row.booked_on,
        booked=booked,
    )
