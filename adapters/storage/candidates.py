"""Rows that may have to leave the sheet: kept while a run goes on, settled at its end."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.intake import Candidate
from domain.runs import Run
from domain.sources import Query

_KEEP = text(
    """
    INSERT INTO pms_removal_candidates (account_id, run_id, appointment_id, is_listed)
    SELECT :account_id, :run_id, unnest(CAST(:ids AS uuid[])), :is_listed ON CONFLICT DO NOTHING
    """
)
_LIST = text(
    """
    SELECT entry.id, entry.pms_appointment_id, candidate.is_listed,
           candidate.is_listed OR (entry.pms_start >= :start AND entry.pms_start < :end) AS is_due
    FROM pms_removal_candidates AS candidate
    JOIN run_sheet_appointments AS entry ON entry.id = candidate.appointment_id
    WHERE candidate.run_id = :run_id AND entry.removed_at IS NULL ORDER BY entry.id
    """
)
_MOVED_HERE = text(
    """
    SELECT id FROM run_sheet_appointments
    WHERE account_id = :account_id AND pms_connection_id = :connection_id AND source = 'pms'
      AND removed_at IS NULL AND NOT undone
      AND appointment_time >= :start AND appointment_time < :end
      AND NOT (pms_start >= :start AND pms_start < :end)
      AND (CAST(:practitioner_id AS text) IS NULL OR pms_practitioner_id = :practitioner_id)
      AND NOT (id = ANY(:seen))
    """
)
_SETTLED = text(
    "DELETE FROM pms_removal_candidates WHERE run_id = :run_id AND appointment_id = ANY(:ids)"
)
_SEEN_AFTER_ALL = text(
    """
    DELETE FROM pms_removal_candidates
    WHERE run_id = :run_id AND appointment_id = ANY(:ids) AND NOT is_listed
    """
)
_FORGET = text("DELETE FROM pms_removal_candidates WHERE run_id = :run_id")


def keep(db: Db, run: Run, ids: Sequence[UUID], *, is_listed: bool) -> None:
    if ids:
        owner = {"account_id": run.account_id, "run_id": run.id}
        db.execute(_KEEP, {**owner, "ids": list(ids), "is_listed": is_listed})


def listed(db: Db, run: Run) -> list[Candidate]:
    """Rows that no slice mentioned, or that the connection's own filters now leave out."""
    values = {"run_id": run.id, "start": run.window.start, "end": run.window.end}
    rows = db.execute(_LIST, values).all()
    return [Candidate(row.id, row.pms_appointment_id, row.is_listed, row.is_due) for row in rows]


def keep_moved_here(db: Db, run: Run, query: Query, *, seen: Sequence[UUID]) -> None:
    """Rows that a person moved into the run's days, which the PMS has on another."""
    values = {
        "account_id": run.account_id,
        "connection_id": run.connection_id,
        "start": run.window.start,
        "end": run.window.end,
        "practitioner_id": query.practitioner_id,
        "seen": list(seen),
    }
    keep(db, run, [row.id for row in db.execute(_MOVED_HERE, values)], is_listed=False)


def settled(db: Db, run: Run, ids: Sequence[UUID]) -> None:
    """These were looked up: they have left the sheet, or stay on it."""
    db.execute(_SETTLED, {"run_id": run.id, "ids": list(ids)})


def seen_after_all(db: Db, run: Run, ids: Sequence[UUID]) -> None:
    """Another slice mentions these: they have not gone."""
    if ids:
        db.execute(_SEEN_AFTER_ALL, {"run_id": run.id, "ids": list(ids)})


def forget(db: Db, run: Run) -> None:
    """The run is over."""
    db.execute(_FORGET, {"run_id": run.id})
