"""What looking appointments up again does to the sheet: the same sorting and merge as a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices import still_connected
from adapters.storage.sheet import linking
from adapters.storage.sheet.connection_sheet import Applied, ConnectionSheet
from domain.appointments import Appointment
from domain.connections import Connection
from domain.deliveries import Seen
from domain.intake import Sorted, row_id, sort_page
from domain.window import Window, local_day
from infra.sealing import Sealer

# The days the sheet is kept for, and those that were read before.
_DAYS_KEPT = text(
    """
    SELECT day FROM unnest(CAST(:days AS date[])) AS day
    JOIN pms_connections AS connection ON connection.id = :connection_id
    WHERE day BETWEEN CAST(:today AS date) - 1
                  AND CAST(:today AS date) + connection.sync_days_ahead
       OR EXISTS (SELECT FROM pms_sync_log
                  WHERE pms_connection_id = :connection_id AND status = 'success' AND NOT dry_run
                    AND sync_type <> 'incremental' AND day BETWEEN day_from AND day_to)
    """
)
_ON_THE_SHEET = text(
    """
    SELECT id, pms_appointment_id FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND source = 'pms' AND removed_at IS NULL
      AND pms_appointment_id = ANY(:pms_ids)
    """
)
# A sync that waits half way may have noted them down to leave: it will judge them anew.
_NO_CANDIDATES = text("DELETE FROM pms_removal_candidates WHERE appointment_id = ANY(:ids)")

GONE = "no longer at the PMS"
BEYOND = "on a day the sheet does not keep"
UNCHANGED = "as it was"
LEFT_OUT = "left out by the connection's filters"
LEFT = "its practice is no longer connected"


@dataclass(slots=True)
class Outcome:
    """What came of each appointment in a few words, and of the sheet in numbers and days."""

    words: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)


def apply(  # noqa: PLR0913 - what, where, as of when
    db: Db,
    sheet: ConnectionSheet,
    seen: Seen,
    *,
    connection: Connection,
    sealer: Sealer,
    at: datetime,
    run_id: UUID,
) -> Outcome:
    """Take what was found onto the sheet, and off it what was not.

    Nothing of a connection that was removed meanwhile: whoever removed it has settled its rows.
    """
    linking.with_other_syncs(db, connection.account_id)
    if still_connected.is_removed(db, connection.id):
        return Outcome(words=dict.fromkeys([*seen.found, *seen.unreadable], LEFT))
    keyed = [(row_id(connection.id, one), one) for rows in seen.found.values() for one in rows]
    stored = sheet.stored([row for row, _ in keyed])
    kept = _days_kept(db, connection, [one for _, one in keyed], at)
    ours = [
        (row, one)
        for row, one in keyed
        if row in stored or local_day(one.start, connection.timezone) in kept
    ]
    known = sort_page(
        ours,
        stored,
        connection=connection,
        window=_around(ours),
        fingerprint=sealer.fingerprint,
        fingerprints=sealer.fingerprints,
    )
    applied = sheet.apply(known.fresh, at=at, run_id=run_id)
    sheet.reprint(known.reprinted)
    gone = _gone(db, connection, seen, alive={row for row, _ in keyed})
    off = sheet.take_off([*known.leaving, *gone], at=at, run_id=run_id, left_out=known.left_out)
    db.execute(_NO_CANDIDATES, {"ids": list(known.seen)})
    counts = _counts(seen, known, applied, off)
    return Outcome(_words(connection, seen, known, stored), counts, applied.days | off.days)


def _counts(seen: Seen, known: Sorted, applied: Applied, off: Applied) -> dict[str, int]:
    return {
        "looked_up": len(seen),
        "created": applied.created,
        "updated": applied.updated,
        "removed": off.removed,
        "unchanged": known.unchanged,
        "skipped": known.skipped,
        "conflicts": applied.conflicts,
        "rejected": len(seen.unreadable),
    }


def _days_kept(
    db: Db, connection: Connection, found: Sequence[Appointment], at: datetime
) -> set[date]:
    days = {local_day(one.start, connection.timezone) for one in found}
    values = {
        "days": sorted(days),
        "connection_id": connection.id,
        "today": local_day(at, connection.timezone),
    }
    return {row.day for row in db.execute(_DAYS_KEPT, values)} if days else set()


def _gone(db: Db, connection: Connection, seen: Seen, *, alive: set[UUID]) -> list[UUID]:
    """Rows of what was looked up that it no longer names: the whole of it, or a patient of it."""
    values = {"connection_id": connection.id, "pms_ids": list(seen.found)}
    return [row.id for row in db.execute(_ON_THE_SHEET, values) if row.id not in alive]


def _around(ours: Iterable[tuple[UUID, Appointment]]) -> Window:
    """Wide enough for all of them: which days matter has been decided."""
    starts = [one.start for _, one in ours] or [datetime.min.replace(tzinfo=UTC)]
    return Window(min(starts), max(starts) + timedelta(days=1))


def _words(
    connection: Connection, seen: Seen, known: Sorted, stored: Mapping[UUID, object]
) -> dict[str, str]:
    fresh = {one.id: "changed" if one.is_held else "added" for one in known.fresh}
    mentioned, leaving = set(known.seen), set(known.leaving)
    words = dict(seen.unreadable)
    for pms_id, found in seen.found.items():
        rows = [row_id(connection.id, one) for one in found]
        told = {
            fresh.get(row)
            or ("taken off" if row in leaving else None)
            or (BEYOND if row not in mentioned else None)
            or (UNCHANGED if row in stored else LEFT_OUT)
            for row in rows
        }
        words[pms_id] = ", ".join(sorted(told)) or GONE
    return words
