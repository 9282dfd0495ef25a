"""Callers the practice has to tell: promised word they never had, or told what its book denies."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.phone import call_backs, kept_writes
from adapters.storage.phone.overtaken import IS_OVERTAKEN
from adapters.storage.phone.showing import IS_SHOWN
from adapters.storage.phone.texts import TABLE as TEXTS
from adapters.storage.phone.unreached import IS_WAITING
from adapters.storage.sheet.entries import EntrySeal
from domain.showing import Shown
from infra.sealing import Sealer

BY_PERSON = "by_person"
"""The state of a write's text where somebody has told the caller instead."""

CALL_BACK = "call_back"
"""In its place where a call was promised, and no text."""

A_MOMENT = timedelta(minutes=1)
"""A text is put just after its write is settled."""

GIVEN_UP = timedelta(hours=6)

CALLS_BACK_WITHIN = timedelta(days=14)
"""Who calls to ask how it ended asks by then."""

OVERDUE = timedelta(minutes=30)
"""A text that is not known to have left by then may never come."""

_UNHEARD = """
    (kept.told = 'requested' AND (
      kept.text_state IN ('off', 'failed', 'opted_out')
      OR (kept.text_state = 'none'
          AND COALESCE(kept.settled_at + CAST(:moment AS interval),
                       kept.submitted_at + CAST(:given_up AS interval)) < :now)
      OR (kept.text_state IN ('due', 'sending', 'unknown')
          AND COALESCE(kept.settled_at, kept.submitted_at + CAST(:given_up AS interval))
              + CAST(:overdue AS interval) < :now)))
"""
# What the row itself says comes first and alone: what others say is asked of the few it leaves.
_IS_UNTOLD = f"""
    ({_UNHEARD} OR (kept.shown IS NOT NULL AND kept.text_state <> 'by_person'))
    AND NOT {IS_OVERTAKEN} AND ({_UNHEARD} OR NOT {IS_SHOWN})
"""
_OF_WRITE = """
    kept.id AS write_id, kept.kind, kept.state, kept.confirmation, kept.shown, kept.shown_start_at,
    COALESCE(kept.start_at, entry.pms_start) AS start_at, kept.account_id, kept.request,
    kept.connection_id, own.display_name AS practice, own.timezone, entry.id AS entry_id,
    entry.patient_name, asked.id AS asked_id, asked.caller, theirs.pms_start AS on_sheet_at
"""
_ON_SHEET = """
    JOIN pms_connections AS own ON own.id = kept.connection_id
    LEFT JOIN LATERAL (
      SELECT id, pms_start, patient_name FROM run_sheet_appointments
      WHERE pms_connection_id = kept.connection_id AND pms_appointment_id = kept.pms_id
      ORDER BY (patient_name IS NULL), updated_at DESC LIMIT 1) AS entry ON true
    LEFT JOIN LATERAL (
      SELECT pms_start FROM run_sheet_appointments AS made
      WHERE kept.kind = 'book' AND kept.state <> 'confirmed'
        AND made.pms_connection_id = kept.connection_id
        AND made.pms_patient_id = kept.pms_patient_id AND made.pms_start > :now
        AND made.created_at > kept.created_at AND made.removed_at IS NULL
        AND made.appointment_status NOT IN ('cancelled', 'no_show')
      ORDER BY (made.pms_start <> kept.start_at), made.pms_start LIMIT 1) AS theirs ON true
"""
_UNTOLD = text(
    f"""
    SELECT kept.id, kept.text_state, kept.created_at, message.id AS message_id, message.recipient,
           {_OF_WRITE}
    FROM pms_writes AS kept {_ON_SHEET}
    LEFT JOIN LATERAL (
      SELECT id, recipient FROM text_messages WHERE write_id = kept.id
      ORDER BY created_at DESC LIMIT 1) AS message ON true
    LEFT JOIN LATERAL (
      SELECT id, caller FROM tool_calls
      WHERE account_id = kept.account_id AND call_id = kept.call_id AND caller IS NOT NULL
      ORDER BY created_at DESC LIMIT 1) AS asked ON true
    WHERE {_IS_UNTOLD}
    ORDER BY kept.created_at DESC, kept.id LIMIT :limit
    """  # noqa: S608 - made of constants
)
_IS_TO_CALL = f"""
    asked.call_back = 'due' AND NOT {IS_OVERTAKEN}
    AND COALESCE(kept.settled_at, kept.submitted_at + CAST(:given_up AS interval)) < :now
"""
# Who was promised a call is called once there is an end to tell, whatever text another one gets.
_TO_CALL = text(
    f"""
    SELECT asked.id, '{CALL_BACK}' AS text_state, asked.created_at,
           CAST(NULL AS uuid) AS message_id, CAST(NULL AS bytea) AS recipient, {_OF_WRITE}
    FROM tool_calls AS asked JOIN pms_writes AS kept ON kept.id = asked.write_id {_ON_SHEET}
    WHERE {_IS_TO_CALL}
    ORDER BY asked.created_at DESC, asked.id LIMIT :limit
    """  # noqa: S608 - made of constants
)
_OF_APPOINTMENTS = text(
    f"""
    SELECT * FROM pms_writes AS kept
    WHERE connection_id = :connection_id AND pms_patient_id = :patient_id
      AND created_at > :asked_since AND start_at > :now
      AND kind IN ('book', 'reschedule', 'cancel') AND shown IS NULL
      AND state IN ('confirmed', 'failed', 'withdrawn') AND NOT {IS_OVERTAKEN}
      AND (told = 'requested' AND text_state NOT IN ('sent', 'delivered', 'by_person')
           OR EXISTS (SELECT FROM tool_calls WHERE write_id = kept.id AND call_back = 'due'))
    ORDER BY created_at, id
    """  # noqa: S608 - made of constants
)
_OF_PATIENT = text(
    """
    SELECT id AS entry_id, patient_name FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND pms_patient_id = :patient_id
      AND patient_name IS NOT NULL
    ORDER BY updated_at DESC LIMIT 1
    """
)
_WAITING = text(
    f"""
    SELECT (SELECT count(*) FROM pms_writes AS kept WHERE {_IS_UNTOLD})
         + (SELECT count(*) FROM tool_calls AS asked JOIN pms_writes AS kept
              ON kept.id = asked.write_id WHERE {_IS_TO_CALL})
         + (SELECT count(*) FROM phone_calls AS call WHERE {IS_WAITING})
    """  # noqa: S608 - made of constants
)
_TOLD = text(
    f"""
    UPDATE pms_writes AS kept SET text_state = :by_person, updated_at = :now
    WHERE kept.id = :id AND {_IS_UNTOLD} RETURNING kept.id
    """  # noqa: S608 - made of constants
)
_CALLED = text(
    "UPDATE tool_calls SET call_back = 'done' WHERE id = :id AND call_back = 'due' RETURNING id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """One request whose end a caller has not heard; `phone` is where they can be called.

    Of several who asked for the same each has one of their own, with an `id` of its own.

    `patient` is whom it is for, where the sheet or the request itself names them. `shown` says how
    the practice's book has it, from `shown_start` on, where not as it was asked for. Of a booking
    that did not come about, `on_sheet` is when the patient has one that came to the sheet since.
    """

    id: UUID
    write_id: UUID
    kind: str
    state: str
    start: datetime | None
    confirmation: str
    text_state: str
    asked_at: datetime
    practice: str | None
    timezone: str
    shown: Shown | None = None
    shown_start: datetime | None = None
    on_sheet: datetime | None = None
    phone: str | None = field(default=None, repr=False)
    patient: str | None = field(default=None, repr=False)


def untold(db: Db, *, now: datetime, limit: int, sealer: Sealer | None = None) -> Sequence[Untold]:
    """The account's, newest first; with numbers and names where they can be unsealed."""
    values = {**_when(now), "limit": limit}
    rows = [row for one in (_UNTOLD, _TO_CALL) for row in db.execute(one, values).mappings()]
    rows.sort(key=lambda row: row["created_at"], reverse=True)
    return [
        Untold(
            id=row["id"],
            write_id=row["write_id"],
            kind=row["kind"],
            state=row["state"],
            start=row["start_at"],
            confirmation=row["confirmation"],
            text_state=row["text_state"],
            asked_at=row["created_at"],
            practice=row["practice"],
            timezone=row["timezone"],
            shown=Shown(row["shown"]) if row["shown"] else None,
            shown_start=row["shown_start_at"],
            on_sheet=row["on_sheet_at"],
            phone=_phone(sealer, row) if sealer else None,
            patient=_patient(db, sealer, row) if sealer else None,
        )
        for row in rows[:limit]
    ]


def waiting(db: Db) -> int:
    """How many callers of the account wait for a call, by the database's clock."""
    now: datetime = db.execute(text("SELECT now()")).scalar_one()
    count: int = db.execute(_WAITING, _when(now)).scalar_one()
    return count


def of_appointments(
    db: Db, connection_id: UUID, patient_id: str, *, now: datetime
) -> Sequence[RowMapping]:
    """Writes of a patient's appointments to come whose end they may ask for when they call."""
    values = {
        "connection_id": connection_id,
        "patient_id": patient_id,
        "asked_since": now - CALLS_BACK_WITHIN,
        "now": now,
    }
    return db.execute(_OF_APPOINTMENTS, values).mappings().all()


def told(db: Db, untold_id: UUID, *, now: datetime) -> bool:
    """Somebody has told them; False where there is nobody to be told."""
    values = {**_when(now), "id": untold_id, "by_person": BY_PERSON}
    return any(db.execute(one, values).first() is not None for one in (_TOLD, _CALLED))


def _when(now: datetime) -> dict[str, object]:
    return {"now": now, "moment": A_MOMENT, "given_up": GIVEN_UP, "overdue": OVERDUE}


def _patient(db: Db, sealer: Sealer, row: RowMapping) -> str | None:
    """Their name on the sheet, of this appointment or another; a new patient is named in the wish.

    Nobody else is known by name here: a caller's own word for it is not kept with the request.
    """
    entries = EntrySeal(sealer, account_id=row["account_id"])
    if row["patient_name"] is not None:
        return entries.name_of(row["entry_id"], row["patient_name"])
    wish = kept_writes.document(sealer, row["request"], row["write_id"], row["account_id"])
    if wish.get("patient_id"):
        values = {"connection_id": row["connection_id"], "patient_id": wish["patient_id"]}
        found = db.execute(_OF_PATIENT, values).first()
        return entries.name_of(found.entry_id, found.patient_name) if found else None
    parts = (wish.get("first_name"), wish.get("last_name"))
    return " ".join(one for one in parts if one) or None


def _phone(sealer: Sealer, row: RowMapping) -> str | None:
    """Where the text would have gone, else the number that called."""
    if row["recipient"] is not None:
        place = {"table": TEXTS, "row": row["message_id"], "account": row["account_id"]}
        return sealer.open_text(row["recipient"], column="recipient", **place)
    about = {"account_id": row["account_id"], "row_id": row["asked_id"]}
    return call_backs.number(sealer, row["caller"], **about)
