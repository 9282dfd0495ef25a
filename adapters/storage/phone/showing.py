"""Whether the sheet shows what a PMS has taken on as it was asked for; what is kept where not."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.phone import call_backs
from domain.showing import Otherwise


def _changed_since(where: str) -> str:
    """Whether there is a later change of the same appointment, of which `where` is true."""
    return f"""
    EXISTS (
      SELECT FROM pms_writes AS later
      WHERE later.connection_id = kept.connection_id AND later.pms_id = kept.pms_id
        AND later.kind IN ('reschedule', 'cancel') AND later.created_at > kept.created_at
        AND {where})
    """


# What was moved or cancelled since counts as shown: nobody will ever see it as it was asked for.
IS_SHOWN = f"""
    (EXISTS (
      SELECT FROM run_sheet_appointments AS entry
      WHERE entry.pms_connection_id = kept.connection_id AND entry.pms_appointment_id = kept.pms_id
        AND (kept.kind = 'cancel' OR entry.pms_start = kept.start_at)
        AND (kept.kind <> 'cancel' OR entry.removed_at IS NOT NULL
             OR entry.appointment_status = 'cancelled'))
    OR {_changed_since("later.state = 'confirmed'")})
"""
_SHOWN = text(
    f"""
    SELECT kept.kind NOT IN ('book', 'reschedule', 'cancel') OR {IS_SHOWN}
    FROM pms_writes AS kept WHERE kept.id = :id
    """  # noqa: S608 - a constant
)
# A move may be shown where it was for as long as a copy is old; what is new was nowhere before.
_ELSEWHERE = text(
    """
    SELECT EXISTS (
      SELECT FROM pms_writes AS kept JOIN run_sheet_appointments AS entry
        ON entry.pms_connection_id = kept.connection_id AND entry.pms_appointment_id = kept.pms_id
      WHERE kept.id = :id AND kept.kind = 'book' AND entry.pms_last_synced_at > kept.settled_at
        AND entry.removed_at IS NULL AND entry.pms_start <> kept.start_at)
    """
)
_IN_DOUBT = "later.state IN ('submitted', 'unknown') AND later.submitted_at > :since"
_CHANGING = text(
    f"""
    SELECT {_changed_since(_IN_DOUBT)}
    FROM pms_writes AS kept WHERE kept.id = :id
    """  # noqa: S608 - made of constants
)
_KEEP = text(
    """
    UPDATE pms_writes SET shown = :shown, shown_start_at = :start,
      text_state = CASE WHEN text_state = 'by_person' THEN 'none' ELSE text_state END
    WHERE id = :id AND shown IS NULL RETURNING id
    """
)


def is_shown(db: Db, write_id: UUID) -> bool:
    """Whether the sheet has come to show it; what leaves no trace there counts as shown."""
    return bool(db.execute(_SHOWN, {"id": write_id}).scalar_one())


def is_elsewhere(db: Db, write_id: UUID) -> bool:
    """Whether the sheet has a new appointment, read since, at another time."""
    return bool(db.execute(_ELSEWHERE, {"id": write_id}).scalar_one())


def is_changing(db: Db, write_id: UUID, *, since: datetime) -> bool:
    """Whether a change of it that was sent after `since` may yet be carried out."""
    return bool(db.execute(_CHANGING, {"id": write_id, "since": since}).scalar_one())


def keep(db: Db, write_id: UUID, found: Otherwise) -> bool:
    """Keep how the book shows it, for the practice to see to; False where that is kept already."""
    values = {"id": write_id, "shown": found.how.value, "start": found.start}
    if db.execute(_KEEP, values).first() is None:
        return False
    call_backs.promise_again(db, write_id)
    return True
