"""Which connections are due, claimed so that any number of schedulers may look at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, Row, text

from adapters import pms
from adapters.storage.practices import rhythms
from adapters.storage.runs import changes
from domain.changes import Marked
from domain.rhythm import USUAL, Rhythm
from infra.database import dispatch

MOST = 100
"""So many are taken at one look; what is left is taken by the next, or by another scheduler."""

_DUE = text(
    f"""
    SELECT id, account_id, connector, next_sync_at, sync_days_ahead, {changes.COLUMNS},
           {rhythms.COLUMNS}
    FROM pms_connections
    WHERE sync_enabled AND state IN ('ACTIVE', 'ERROR') AND removed_at IS NULL
      AND next_sync_at <= :now
    ORDER BY next_sync_at LIMIT :most FOR UPDATE SKIP LOCKED
    """  # noqa: S608 - our own columns
)
_NOW = text("SELECT now()")
# A rest that is over stays: lateness is counted from when it was awaited anew.
_NEXT_SYNC = text(
    """
    UPDATE pms_connections SET
      next_sync_at = :next_at,
      rests_until = CASE WHEN CAST(:rests AS timestamptz) IS NOT NULL THEN :rests
                         WHEN rests_until > :now THEN :now ELSE rests_until END
    WHERE id = :id
    """
)
# Some connection waits for a shared allowance for longer than its interval: it is too little.
_SHORT = text(
    """
    SELECT DISTINCT own.connector FROM jobs
    JOIN pms_connections AS own ON own.id = jobs.connection_id
    WHERE jobs.state = 'ready' AND jobs.kind = 'sync' AND jobs.waiting_for IS NOT NULL
      AND jobs.args ->> 'backfill_id' IS NULL AND own.connector = ANY(:vendors)
      AND jobs.created_at < CAST(:now AS timestamptz)
                            - make_interval(mins => own.sync_frequency_minutes)
    """
)
_WHOLE_SOON = text(
    """
    UPDATE pms_connections SET next_sync_at = now(), last_full_at = NULL
    WHERE id = :id AND sync_enabled AND state IN ('ACTIVE', 'ERROR')
    """
)
_WHOLE_SOON_IF_ITS_DAYS = text(
    f"""
    {_WHOLE_SOON.text.rstrip()}
      AND CAST(:first AS date) <= CAST(now() AT TIME ZONE timezone AS date) + sync_days_ahead
      AND CAST(now() AT TIME ZONE timezone AS date) <= CAST(:last AS date)
    """
)
_RENEWALS = text(
    """
    SELECT id, account_id, connector FROM pms_connections
    WHERE state IN ('ACTIVE', 'ERROR') AND removed_at IS NULL
      AND (next_renewal_at IS NULL OR next_renewal_at <= :now)
    ORDER BY next_renewal_at NULLS FIRST LIMIT :most FOR UPDATE SKIP LOCKED
    """
)
_NEXT_RENEWAL = text("UPDATE pms_connections SET next_renewal_at = :next_at WHERE id = :id")
_TICKS = text(
    """
    UPDATE schedules SET last_at = :now, next_at = :now + make_interval(secs => every_seconds)
    WHERE enabled AND next_at <= :now AND name = ANY(:names) RETURNING name
    """
)
# Switched off for good: a version before this row goes by the rows that are on, and moves it not.
_HEARD = text(
    """
    INSERT INTO schedules (name, every_seconds, enabled, last_at)
    VALUES ('tick', :every, false, :now)
    ON CONFLICT (name) DO UPDATE SET last_at = EXCLUDED.last_at
    """
)
TICK_SECONDS = 10
SILENT_FOR = f"""
    extract(epoch FROM greatest(
      now() - min(next_at) FILTER (WHERE enabled),
      now() - max(last_at) FILTER (WHERE name = 'tick') - interval '{TICK_SECONDS} seconds'
    ))::float
"""
"""SQL over `schedules`: for how many seconds no scheduler has been heard of; below 0, none is
missed yet; NULL where there never was one."""
_ENSURE = text(
    """
    INSERT INTO schedules (name, every_seconds) VALUES (:name, :every)
    ON CONFLICT (name) DO UPDATE SET every_seconds = EXCLUDED.every_seconds
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueConnection:
    """A connection whose next sync is due; its row stays locked until the transaction ends.

    Its `rhythm` is read from the row when it is asked for: one that cannot be read is its alone.
    """

    id: UUID
    account_id: str
    vendor: str
    timezone: str
    due_at: datetime
    days_ahead: int
    marked: Marked
    row: Row[Any]
    usual_hours: Mapping[str, Any]

    @property
    def rhythm(self) -> Rhythm:
        return rhythms.rhythm_of(self.row, usual=self.usual_hours)


def database_now(engine: Engine) -> datetime:
    """By the database, so that no scheduler whose clock is off puts anybody off."""
    with dispatch(engine) as db:
        found: datetime = db.execute(_NOW).scalar_one()
    return found


def due_connections(
    db: Db, *, now: datetime, usual_hours: Mapping[str, Any] = USUAL
) -> list[DueConnection]:
    """Those that have told no hours, and whose sheet shows none, keep the usual ones."""
    return [
        DueConnection(
            id=row.id,
            account_id=row.account_id,
            vendor=row.connector,
            timezone=row.timezone,
            due_at=row.next_sync_at,
            days_ahead=row.sync_days_ahead,
            marked=changes.marked_of(row),
            row=row,
            usual_hours=usual_hours,
        )
        for row in db.execute(_DUE, {"now": now, "most": MOST})
    ]


def set_next_sync(
    db: Db, connection_id: UUID, next_at: datetime, *, now: datetime, rests: bool = False
) -> None:
    """With `rests` later than is usual, so that an older sheet is not late until then."""
    rest = next_at if rests else None
    db.execute(_NEXT_SYNC, {"id": connection_id, "next_at": next_at, "rests": rest, "now": now})


def short_vendors(db: Db, *, now: datetime) -> frozenset[str]:
    """Those whose shared allowance does not suffice for all at their interval."""
    described = pms.registered().items()
    shared = [name for name, one in described if one.limited_per in ("application", "both")]
    return frozenset(db.execute(_SHORT, {"vendors": shared, "now": now}).scalars())


def read_whole_soon(db: Db, connection_id: UUID) -> None:
    """The connection's next sync is due, and reads its days whole."""
    db.execute(_WHOLE_SOON, {"id": connection_id})


def read_again_soon(db: Db, connection_id: UUID, *, first: date, last: date) -> None:
    """As `read_whole_soon`, where the next sync reads any of those days."""
    db.execute(_WHOLE_SOON_IF_ITS_DAYS, {"id": connection_id, "first": first, "last": last})


def due_renewals(db: Db, *, now: datetime) -> list[Mapping[str, Any]]:
    """Connections whose token should be renewed now: id, account_id, connector."""
    rows = db.execute(_RENEWALS, {"now": now, "most": MOST}).mappings()
    return [dict(row) for row in rows]


def set_next_renewal(db: Db, connection_id: UUID, next_at: datetime) -> None:
    db.execute(_NEXT_RENEWAL, {"id": connection_id, "next_at": next_at})


def ensure_schedules(db: Db, every_seconds: Mapping[str, int]) -> None:
    """The timetable's own rows; a changed interval takes effect, a switched-off one stays off."""
    db.execute(_ENSURE, [{"name": name, "every": every} for name, every in every_seconds.items()])


def ticked(db: Db, *, now: datetime) -> None:
    """Leaves word that a scheduler is alive, every `TICK_SECONDS`."""
    db.execute(_HEARD, {"every": TICK_SECONDS, "now": now})


def due_schedules(db: Db, names: list[str], *, now: datetime) -> list[str]:
    """Those that are due, moved on in the same statement: two schedulers never both see one."""
    return [row.name for row in db.execute(_TICKS, {"names": names, "now": now})]
