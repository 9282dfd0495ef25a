"""What was done to a connection: its audit row, and word of it to every open page."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.sheet.sheet_events import tell
from producers.doors import Door

CHANGED: Final = "connection_changed"


def noted(
    db: Db,
    door: Door,
    connection_id: UUID,
    what: str,
    *,
    summary: str | None = None,
    status: int = 200,
) -> None:
    """Both in the transaction of the change; `summary` names things and holds no value."""
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=f"connection.{what}",
        connection_id=connection_id,
        summary=summary,
        status=status,
    )
    told_pages(db, door, connection_id, what)


def told_pages(db: Db, door: Door, connection_id: UUID, what: str) -> None:
    """Word to every open page alone, of what is audited elsewhere."""
    tell(
        db,
        account_id=door.account_id,
        kind=CHANGED,
        connection_id=connection_id,
        detail={"what": what},
    )
