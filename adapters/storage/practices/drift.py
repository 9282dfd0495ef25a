"""What a connection's PMS sent that its description does not know, as counted by the syncs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.drift import Drift

_READ = text(
    """
    SELECT what, times, first_seen_at, last_seen_at FROM pms_drift
    WHERE pms_connection_id = :id ORDER BY last_seen_at DESC, what
    """
)


def read_drift(db: Db, connection_id: UUID) -> Sequence[Drift]:
    """Latest first, inside its account's transaction."""
    return [Drift(**row) for row in db.execute(_READ, {"id": connection_id}).mappings()]
