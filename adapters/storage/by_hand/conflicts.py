"""Open conflicts: a field that a person and the PMS both changed, with both values sealed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.sheet.entries import EntrySeal
from domain.merge import Conflict

TABLE = "run_sheet_conflicts"

_OPEN = text(
    """
    INSERT INTO run_sheet_conflicts (account_id, appointment_id, field, run_id, both_values)
    VALUES (:account_id, :appointment_id, :field, :run_id, :both_values)
    ON CONFLICT (appointment_id, field) WHERE settled_at IS NULL
    DO UPDATE SET both_values = EXCLUDED.both_values, run_id = EXCLUDED.run_id
    """
)
_CLOSE = text(
    """
    UPDATE run_sheet_conflicts AS conflict
    SET settled_at = :at, settled_as = closed.settled_as, settled_by = :by
    FROM unnest(CAST(:rows AS uuid[]), CAST(:fields AS text[]), CAST(:hows AS text[]))
      AS closed(appointment_id, field, settled_as)
    WHERE conflict.appointment_id = closed.appointment_id AND conflict.field = closed.field
      AND conflict.settled_at IS NULL
    """
)


@dataclass(frozen=True, slots=True)
class Closed:
    """A field of a row that is no longer in conflict, and how that came about."""

    row_id: UUID
    field: str
    settled_as: str


def open_conflicts(
    db: Db,
    seal: EntrySeal,
    opened: Iterable[tuple[UUID, Conflict]],
    *,
    account_id: str,
    run_id: UUID | None,
) -> None:
    """One open row for each field of a row; a conflict whose sides moved is the same conflict."""
    rows: list[dict[str, Any]] = [
        {
            "account_id": account_id,
            "appointment_id": row_id,
            "field": one.field,
            "run_id": run_id,
            "both_values": seal.document(row_id, "both_values", _both(one), table=TABLE),
        }
        for row_id, one in opened
    ]
    if rows:
        db.execute(_OPEN, rows)


def close_conflicts(db: Db, closed: Sequence[Closed], *, by: str, at: datetime) -> None:
    """Close the open rows of these fields: a person chose, or both sides came to agree."""
    if closed:
        values = {
            "rows": [one.row_id for one in closed],
            "fields": [one.field for one in closed],
            "hows": [one.settled_as for one in closed],
            "by": by,
            "at": at,
        }
        db.execute(_CLOSE, values)


def _both(conflict: Conflict) -> dict[str, Any]:
    """Both values, and who gave them when."""
    ours, theirs = conflict.ours, conflict.theirs
    return {
        "ours": ours.value,
        "ours_by": ours.by,
        "ours_at": ours.at.isoformat(),
        "theirs": theirs.value,
        "theirs_at": theirs.at.isoformat(),
    }
