"""Whether a practice is connected still, for jobs that may outlive its removal."""

from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices import connections
from domain.connections import Connection
from domain.errors import BadInput, CalledOff

REMOVED = "This connection was removed meanwhile."

_IS_REMOVED = text(
    "SELECT EXISTS (SELECT FROM pms_connections WHERE id = :id AND removed_at IS NOT NULL)"
)


def is_removed(db: Db, connection_id: UUID) -> bool:
    return bool(db.execute(_IS_REMOVED, {"id": connection_id}).scalar_one())


def load(db: Db, connection_id: UUID) -> Connection:
    """As `connections.load`; CalledOff where the connection was removed."""
    try:
        return connections.load(db, connection_id)
    except BadInput:
        raise CalledOff(REMOVED) from None
