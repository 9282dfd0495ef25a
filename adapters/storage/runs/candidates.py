"""Rows that may have to leave the sheet: kept while a run goes on, settled at its end."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.storage.arrays import array_of
from domain.appointments import Appointment
from domain.connections import Connection
from domain.intake import Candidate, Listed, row_id
from domain.runs import Run
from domain.window import Window

_KEEP = text(
    """
    INSERT INTO pms_removal_candidates
      (account_id, run_id, appointment_id, is_listed, is_left_out)
    SELECT DISTINCT :account_id, CAST(:run_id AS uuid), going.id, CAST(:is_listed AS boolean),
           going.id = ANY(CAST(:left_out AS uuid[]))
    FROM unnest(CAST(:ids AS uuid[])) AS going(id)
    ON CONFLICT (run_id, appointment_id)
    DO UPDATE SET is_listed = true, is_left_out = EXCLUDED.is_left_out
    WHERE EXCLUDED.is_listed
    """
)
# What another sync has stored since the listings began may be newer than where it would have stood.
_LIST = text(
    """
    SELECT entry.id, entry.pms_appointment_id, entry.pms_practitioner_id,
           entry.appointment_type_id, entry.is_telehealth,
           candidate.is_listed, candidate.is_left_out,
           candidate.is_listed OR (
             entry.pms_start >= :start AND entry.pms_start < :end
             AND coalesce(entry.pms_last_synced_at < CAST(:since AS timestamptz), true)) AS is_due
    FROM pms_removal_candidates AS candidate
    JOIN run_sheet_appointments AS entry ON entry.id = candidate.appointment_id
    WHERE candidate.run_id = :run_id AND entry.removed_at IS NULL ORDER BY entry.id
    """
)
_HELD = text(
    """
    SELECT count(*) FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND removed_at IS NULL AND source = 'pms'
      AND pms_start >= :start AND pms_start < :end
    """
)
_MAY_WITNESS = """
    SELECT pms_appointment_id FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND removed_at IS NULL AND source = 'pms'
      AND NOT (id = ANY(CAST(:without AS uuid[])))
"""
# Of the days that were listed, else the latest there is.
_WITNESS = text(
    f"""
    SELECT coalesce(
      ({_MAY_WITNESS} AND pms_start >= :start AND pms_start < :end
       ORDER BY pms_start DESC, id LIMIT 1),
      ({_MAY_WITNESS} ORDER BY pms_start DESC, id LIMIT 1))
    """
)
# What the PMS has on these days, and what only a person has put there: one look for both.
_UNSEEN = text(
    """
    SELECT id FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND removed_at IS NULL AND source = 'pms'
      AND NOT undone
      AND (pms_start >= :start AND pms_start < :end
             AND NOT (pms_appointment_id = ANY(:unreadable))
           OR appointment_time >= :start AND appointment_time < :end
             AND NOT (pms_start >= :start AND pms_start < :end))
      AND (CAST(:practitioner_id AS text) IS NULL OR pms_practitioner_id = :practitioner_id)
      AND NOT (id = ANY(CAST(:seen AS uuid[])))
    """
)
_OTHERS = text(
    """
    SELECT id FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND pms_appointment_id = ANY(:pms_ids)
      AND removed_at IS NULL AND source = 'pms' AND NOT undone
      AND NOT (id = ANY(CAST(:named AS uuid[])))
    """
)
_SETTLED = text(
    "DELETE FROM pms_removal_candidates WHERE run_id = :run_id AND appointment_id = ANY(:ids)"
)
_SEEN_AFTER_ALL = text(
    """
    DELETE FROM pms_removal_candidates
    WHERE run_id = :run_id AND appointment_id = ANY(CAST(:ids AS uuid[]))
      AND NOT (is_listed AND appointment_id = ANY(CAST(:leaving AS uuid[])))
    """
)
_FORGET = text("DELETE FROM pms_removal_candidates WHERE run_id = :run_id")


def keep(
    db: Db,
    run: Run,
    ids: Sequence[UUID],
    *,
    is_listed: bool,
    left_out: Collection[UUID] = (),
) -> None:
    """Those `left_out` only the connection's own filters keep off the sheet."""
    if ids:
        owner = {"account_id": run.account_id, "run_id": run.id}
        told = {"ids": list(ids), "is_listed": is_listed, "left_out": list(left_out)}
        db.execute(_KEEP, {**owner, **told})


def listed(db: Db, run: Run, connection: Connection) -> list[Candidate]:
    """Rows that no slice mentioned, or that the connection's own filters now leave out."""
    days = {"start": run.window.start, "end": run.window.end}
    values = {"run_id": run.id, **days, "since": run.progress.walked_since}
    return [
        Candidate(
            id=row.id,
            pms_id=row.pms_appointment_id,
            is_listed=row.is_listed,
            is_due=row.is_due,
            is_left_out=row.is_left_out,
            is_chosen=_is_chosen(row, connection),
        )
        for row in db.execute(_LIST, values)
    ]


def _is_chosen(row: Row[Any], connection: Connection) -> bool:
    """As the PMS told it when it came onto the sheet, it would not come there any more.

    Which types are telehealth is not asked: a visit may have been so for another reason.
    """
    practitioner = row.pms_practitioner_id
    if practitioner and practitioner not in connection.clinicians:
        return True
    kind = connection.types.get(row.appointment_type_id or "")
    if kind is not None and not kind.sync_enabled:
        return True
    return connection.telehealth_only and not row.is_telehealth


def held(db: Db, run: Run) -> int:
    """How many rows of the connection the run's days hold."""
    return int(db.execute(_HELD, _days(run.connection_id, run.window)).scalar_one())


def witness(db: Db, run: Run, *, without: Sequence[UUID]) -> str | None:
    """The PMS's id of a row that was listed, if any: it shows whether ids are answered at all."""
    values = {**_days(run.connection_id, run.window), "without": array_of(without)}
    found: str | None = db.execute(_WITNESS, values).scalar_one_or_none()
    return found


def unseen(
    db: Db, connection_id: UUID, window: Window, *, practitioner_id: str | None, listed: Listed
) -> list[UUID]:
    """Rows we hold in that slice of the PMS which its listing did not mention.

    Also those that a person moved there, and which the PMS has on other days.
    """
    values = {
        **_days(connection_id, window),
        "practitioner_id": practitioner_id,
        "seen": array_of(listed.seen),
        "unreadable": list(listed.unreadable),
    }
    return [row.id for row in db.execute(_UNSEEN, values)]


def others(db: Db, connection_id: UUID, records: Sequence[Appointment]) -> list[UUID]:
    """Rows of these appointments for somebody the PMS no longer names in them."""
    if not records:
        return []
    values = {
        "connection_id": connection_id,
        "pms_ids": sorted({one.pms_id for one in records}),
        "named": array_of([row_id(connection_id, one) for one in records]),
    }
    return [row.id for row in db.execute(_OTHERS, values)]


def _days(connection_id: UUID, window: Window) -> dict[str, Any]:
    return {"connection_id": connection_id, "start": window.start, "end": window.end}


def settled(db: Db, run: Run, ids: Sequence[UUID]) -> None:
    """These were looked up: they have left the sheet, or stay on it."""
    db.execute(_SETTLED, {"run_id": run.id, "ids": list(ids)})


def seen_after_all(db: Db, run: Run, listed: Listed) -> None:
    """A slice mentions these: they have not gone, and belong again whatever was said before."""
    if listed.seen:
        told = {"ids": array_of(listed.seen), "leaving": array_of(list(listed.leaving))}
        db.execute(_SEEN_AFTER_ALL, {"run_id": run.id, **told})


def forget(db: Db, run: Run) -> None:
    """The run is over."""
    db.execute(_FORGET, {"run_id": run.id})
