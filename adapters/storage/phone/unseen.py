"""Writes that a PMS's own copy of its book may not show yet, or that may change it any moment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.phone import holds
from adapters.storage.phone.asked_again import LATELY
from domain.writes import SHOWN_AFTER, KeptWrite

# No sheet is asked about cancellations: a status somebody set there would hide the PMS's own lag.
_UNSEEN = text(
    """
    SELECT * FROM pms_writes AS kept
    WHERE connection_id = :connection_id
      AND (state = 'confirmed' AND settled_at > :not_shown
             AND (kind = 'cancel' OR kind IN ('book', 'reschedule') AND pms_id IS NOT NULL
                  AND EXISTS (SELECT FROM slot_holds WHERE write_id = kept.id))
           OR kind IN ('book', 'reschedule', 'cancel') AND state IN ('submitted', 'unknown')
             AND created_at > :lately)
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

_LAST_MOVE = text(
    """
    SELECT * FROM pms_writes
    WHERE connection_id = :connection_id AND kind = 'reschedule' AND pms_id = :pms_id
      AND state IN ('submitted', 'unknown', 'confirmed') AND created_at > (
        SELECT created_at FROM pms_writes WHERE id = :id)
    ORDER BY created_at DESC LIMIT 1
    """
)

# A write is settled within hours of its beginning, by which its connection's are found.
_WRITTEN_SINCE = text(
    """
    SELECT EXISTS (
      SELECT FROM pms_writes
      WHERE connection_id = :connection_id AND created_at > :lately
        AND state = 'confirmed' AND settled_at >= :since)
    """
)


def written_since(db: Db, connection_id: UUID, since: datetime) -> bool:
    """Whether the PMS has taken anything from us: what was read of it before is no longer so."""
    values = {"connection_id": connection_id, "since": since, "lately": since - LATELY}
    return bool(db.execute(_WRITTEN_SINCE, values).scalar_one())


def last_move(db: Db, kept: KeptWrite) -> RowMapping | None:
    """The last move of what a booking made that stands or may."""
    about = {"id": kept.id, "connection_id": kept.connection_id, "pms_id": kept.pms_id}
    return db.execute(_LAST_MOVE, about).mappings().first()


def receipts_beside(db: Db, kept: KeptWrite, *, since: datetime) -> frozenset[str]:
    """What the vendor said of the account's other writes since then."""
    values = {"id": kept.id, "connection_id": kept.connection_id, "since": since}
    return frozenset(db.execute(_BESIDE, values).scalars())


def rows(db: Db, connection_id: UUID, *, now: datetime) -> Sequence[RowMapping]:
    """Bookings and moves that no sync has come to show, and cancellations; done or under way."""
    holds.drop_seen(db, connection_id)
    values = {
        "connection_id": connection_id,
        "not_shown": now - SHOWN_AFTER,
        "lately": now - LATELY,
    }
    return db.execute(_UNSEEN, values).mappings().all()
