"""Writes that a PMS's own copy of its book may not show yet, or that may change it any moment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage import holds
from adapters.storage.asked_again import LATELY
from domain.writes import SHOWN_AFTER, KeptWrite

# No sheet is asked about cancellations: a status somebody set there would hide the PMS's own lag.
_UNSEEN = text(
    """
    SELECT * FROM pms_writes AS kept
    WHERE connection_id = :connection_id
      AND (state = 'confirmed' AND settled_at > :not_shown
             AND (kind = 'cancel' OR kind IN ('book', 'reschedule') AND pms_id IS NOT NULL
                  AND EXISTS (SELECT FROM slot_holds WHERE write_id = kept.id))
           OR kind = 'cancel' AND state IN ('submitted', 'unknown') AND created_at > :lately)
    ORDER BY settled_at NULLS LAST, created_at
    """
)

_BESIDE = text(
    """
    SELECT receipt FROM pms_writes
    WHERE id <> :id AND receipt IS NOT NULL AND created_at > :since AND connection_id IN (
      SELECT twin.id FROM pms_connections AS own JOIN pms_connections AS twin USING (connector)
      WHERE own.id = :connection_id)
    """
)


def receipts_beside(db: Db, kept: KeptWrite, *, since: datetime) -> frozenset[str]:
    """What the vendor said of the account's other writes since then."""
    values = {"id": kept.id, "connection_id": kept.connection_id, "since": since}
    return frozenset(db.execute(_BESIDE, values).scalars())


def rows(db: Db, connection_id: UUID, *, now: datetime) -> Sequence[RowMapping]:
    """Bookings and moves that no sync has come to show; cancellations, done or under way."""
    holds.drop_seen(db, connection_id)
    values = {
        "connection_id": connection_id,
        "not_shown": now - SHOWN_AFTER,
        "lately": now - LATELY,
    }
    return db.execute(_UNSEEN, values).mappings().all()
