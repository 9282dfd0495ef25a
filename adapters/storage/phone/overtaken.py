"""What a caller was to be told of a write, and has changed by phone themselves since."""

from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

# What somebody at the practice changed since is theirs to tell. Who was not booked at that time,
# and asked once more, has heard of it or hears of that.
IS_OVERTAKEN = """
    (kept.kind IN ('book', 'reschedule', 'cancel') AND EXISTS (
      SELECT FROM pms_writes AS later
      WHERE later.connection_id = kept.connection_id AND later.pms_id = kept.pms_id
        AND later.kind IN ('reschedule', 'cancel') AND later.state = 'confirmed'
        AND later.asked_by = 'call' AND later.created_at > kept.created_at)
    OR kept.kind = 'book' AND kept.state IN ('failed', 'withdrawn') AND EXISTS (
      SELECT FROM pms_writes AS later
      WHERE later.connection_id = kept.connection_id AND later.kind = 'book'
        AND later.pms_patient_id = kept.pms_patient_id AND later.start_at = kept.start_at
        AND later.state = 'confirmed' AND later.asked_by = 'call'
        AND later.created_at > kept.created_at))
"""
_LOOK = text(
    f"SELECT {IS_OVERTAKEN} FROM pms_writes AS kept WHERE kept.id = :id"  # noqa: S608 - a constant
)


def is_overtaken(db: Db, write_id: UUID) -> bool:
    """Whether it was moved, cancelled, or booked after all, in a call since it was asked for."""
    return bool(db.execute(_LOOK, {"id": write_id}).scalar())
