"""The open conflicts of an account, each with both values and the row it is about."""

from dataclasses import dataclass
from dataclasses import field as of_class
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.audit import Access, record
from adapters.storage.conflicts import TABLE
from adapters.storage.entries import EntrySeal
from domain.errors import BadInput

_OPEN = text(
    """
    SELECT conflict.id, conflict.appointment_id, conflict.field, conflict.both_values,
           conflict.opened_at, entry.appointment_time AS start, entry.timezone
    FROM run_sheet_conflicts AS conflict
    JOIN run_sheet_appointments AS entry ON entry.id = conflict.appointment_id
    WHERE conflict.settled_at IS NULL
    ORDER BY conflict.opened_at DESC, conflict.id LIMIT :limit
    """
)
_FIND = text("SELECT id FROM run_sheet_conflicts WHERE id::text LIKE :start LIMIT 2")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConflict:
    """A field a person and the PMS both changed."""

    id: UUID
    entry_id: UUID
    field: str
    ours: Any = of_class(repr=False)
    theirs: Any = of_class(repr=False)
    start: datetime
    timezone: str
    opened_at: datetime


def listed(
    db: Db, seal: EntrySeal, *, account_id: str, access: Access, limit: int
) -> list[OpenConflict]:
    """The newest open conflicts, opened and audited."""
    rows = db.execute(_OPEN, {"limit": limit}).mappings().all()
    found = []
    for row in rows:
        both = seal.open_document(
            row["appointment_id"], "both_values", row["both_values"], table=TABLE
        )
        found.append(
            OpenConflict(
                id=row["id"],
                entry_id=row["appointment_id"],
                field=row["field"],
                ours=both["ours"],
                theirs=both["theirs"],
                start=row["start"],
                timezone=row["timezone"],
                opened_at=row["opened_at"],
            )
        )
    record(
        db,
        access,
        account_id=account_id,
        action="conflicts.read",
        phi_fields=sorted({one.field for one in found}),
        summary=f"{len(found)} open",
    )
    return found


def find(db: Db, wanted: str) -> UUID:
    """The id that starts so."""
    start = wanted.strip().lower()
    if not start or not set(start) <= set("0123456789abcdef-"):
        raise BadInput(f"'{wanted}' is not a conflict id; see 'pms-sync conflicts list'.")
    rows = db.execute(_FIND, {"start": f"{start}%"}).all()
    if len(rows) != 1:
        problem = "More than one conflict id starts with" if rows else "There is no conflict"
        raise BadInput(f"{problem} {wanted}; see 'pms-sync conflicts list'.")
    found: UUID = rows[0].id
    return found
