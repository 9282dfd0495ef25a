"""Writes that may be what is asked for once more: of the same call, or lately of another."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage import locks
from domain.writes import SHOWN_AFTER, NewWrite

LATELY = timedelta(days=1)

OF_CALL = text(
    """
    SELECT * FROM pms_writes
    WHERE account_id = :account_id AND call_id = :call_id AND kind = 'book'
      AND state NOT IN ('failed', 'withdrawn') AND called_off_at IS NULL
    """
)
MADE = text(
    """
    SELECT * FROM pms_writes
    WHERE account_id = :account_id AND connection_id = CAST(:connection_id AS uuid)
      AND kind = 'book' AND asked_by = 'call' AND state = 'confirmed' AND pms_id = :pms_id
    ORDER BY created_at DESC LIMIT 1
    """
)
_EARLIER = text(
    """
    SELECT * FROM pms_writes
    WHERE account_id = :account_id AND connection_id = :connection_id AND kind = :kind
      AND asked_by = :asked_by AND state NOT IN ('failed', 'withdrawn') AND created_at > :since
      AND (call_id = :call_id OR state <> 'confirmed' OR settled_at > :not_shown)
      AND (kind <> 'book' OR start_at = :start)
    ORDER BY created_at DESC
    """
)


def in_turn(db: Db, new: NewWrite) -> None:
    """Of two equal wishes at once, one sees the other."""
    locks.take(db, f"{new.connection_id}/{new.write.kind.value}")


def earlier(db: Db, new: NewWrite, *, account_id: str, now: datetime) -> Sequence[RowMapping]:
    """The newest first; of other calls, what a PMS may not show yet; bookings of that time only."""
    values = {
        "account_id": account_id,
        "connection_id": new.connection_id,
        "kind": new.write.kind.value,
        "asked_by": new.asked_by,
        "call_id": new.call_id,
        "start": getattr(new.write.wish, "start", None),
        "since": now - LATELY,
        "not_shown": now - SHOWN_AFTER,
    }
    return db.execute(_EARLIER, values).mappings().all()
