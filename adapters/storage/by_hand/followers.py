"""Rows that stood behind one which was taken over went along with it; set free, they go back."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.by_hand.history import side
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.linking import is_of_pms

_LINES = text(
    """
    SELECT appointment_id, before FROM run_sheet_history
    WHERE appointment_id = ANY(:ids) AND what IN ('linked', 'put_back', 'undone')
      AND before IS NOT NULL
    ORDER BY id
    """
)


def came_with(db: Db, seal: EntrySeal, rows: Sequence[RowMapping]) -> Mapping[UUID, UUID]:
    """Of rows that stand behind the same one: which came with which other."""
    behind = {row["id"] for row in rows}
    owners = [row["id"] for row in rows if is_of_pms(row)]
    if not owners or len(behind) == 1:
        return {}
    found: dict[UUID, UUID] = {}
    for line in db.execute(_LINES, {"ids": owners}):
        linked = behind.intersection(side(seal, line.appointment_id, line.before).linked)
        if linked:
            # Whoever took them stood for itself then.
            found.pop(line.appointment_id, None)
            found |= dict.fromkeys(linked, line.appointment_id)
    return {row: _first(found, row) for row in found}


def _first(found: Mapping[UUID, UUID], row: UUID) -> UUID:
    while row in found:
        row = found[row]
    return row
