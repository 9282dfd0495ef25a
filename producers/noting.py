"""The audit row of what was done to a connection."""

from uuid import UUID

from sqlalchemy import Connection as Db

from adapters.storage.audit import record
from producers.doors import Door


def noted(
    db: Db,
    door: Door,
    connection_id: UUID,
    what: str,
    *,
    summary: str | None = None,
    status: int = 200,
) -> None:
    """One row in the transaction of the change; `summary` names things and holds no value."""
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=f"connection.{what}",
        connection_id=connection_id,
        summary=summary,
        status=status,
    )
