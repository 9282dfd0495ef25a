"""Open conflicts: a field that a person and the PMS both changed, with both values sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.entries import EntrySeal
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
    UPDATE run_sheet_conflicts SET settled_at = :at, settled_as = :settled_as, settled_by = :by
    WHERE appointment_id = :appointment_id AND field = ANY(:fields) AND settled_at IS NULL
    """
)


def open_conflicts(
    db: Db,
    seal: EntrySeal,
    appointment_id: UUID,
    conflicts: Sequence[Conflict],
    *,
    account_id: str,
    run_id: UUID | None,
) -> None:
    """One open row for each field; a conflict whose sides moved is the same conflict."""
    rows: list[dict[str, Any]] = [
        {
            "account_id": account_id,
            "appointment_id": appointment_id,
            "field": one.field,
            "run_id": run_id,
            "both_values": seal.document(
                appointment_id,
                "both_values",
                _both(one),
                table=TABLE,
            ),
        }
        for one in conflicts
    ]
    if rows:
        db.execute(_OPEN, rows)


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


def close_conflicts(
    db: Db,
    appointment_id: UUID,
    conflicts: Sequence[Conflict],
    *,
    settled_as: str,
    by: str,
    at: datetime,
) -> None:
    """Close the open rows of these fields: a person chose, or both sides came to agree."""
    if conflicts:
        values = {
            "appointment_id": appointment_id,
            "fields": [one.field for one in conflicts],
            "settled_as": settled_as,
            "by": by,
            "at": at,
        }
        db.execute(_CLOSE, values)
