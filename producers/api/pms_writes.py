"""What became of something written to a practice: asked for until it is final."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import text

from adapters.storage.audit.audit import record
from adapters.storage.phone import unreached, untold
from adapters.storage.phone.unreached import Unreached
from adapters.storage.phone.untold import Untold
from domain.people import Permission
from domain.sheet import NotOnSheet
from domain.writes import WriteState
from producers.doors import Door, door
from producers.entrance import entrance
from producers.in_a_call import require_call
from producers.practice_answers import (
    OneWrite,
    ToldCaller,
    UnreachedAnswer,
    UntoldAnswer,
    UntoldWrites,
    WriteAnswer,
)
from producers.reading import BOUNDED, count_each, reading

router = APIRouter(prefix="/api/pms/writes", tags=["practice"])

Reader = Annotated[Door, Depends(entrance(Permission.SEE_SHEET))]
Clerk = Annotated[Door, Depends(door(Permission.EDIT_SHEET))]
MOST_UNTOLD = 100

SAID = {
    WriteState.CONFIRMED: "confirmed",
    WriteState.FAILED: "failed",
    WriteState.WITHDRAWN: "withdrawn",
}
_READ = text(
    """
    SELECT id, kind, state, confirmation, pms_id, start_at, end_at, reason, created_at, settled_at,
           shown, shown_start_at
    FROM pms_writes WHERE id = :id AND (CAST(:call_id AS text) IS NULL OR call_id = :call_id)
    """
)


_UNTOLD_PHI = ("phone", "patient_name", "appointment_time")


@router.get("/untold", summary="List callers who wait for a call", responses=BOUNDED)
def untold_(door: Clerk) -> UntoldWrites:
    """What they were only promised has ended, and no text could tell them so.

    Or what they were told is done is `shown` otherwise in the practice's own book: `elsewhere`, at
    `shownTime`; `missing`; or `standing`, though it was called off. That stays until somebody has
    seen to it, whatever text has gone out. Who asked from another number for what had been asked
    for already, and was promised a call, is listed beside (`text`: `call_back`). A booking that did
    not come about has `onSheetTime` where an appointment of theirs has come to the sheet since.

    `unreached` are those who asked for a person in the last week, were to be put through, and
    reached nobody; of several calls from one number the last.
    """
    writes, calls = _to_be_told(door)
    return UntoldWrites(
        writes=[_told_of(one) for one in writes],
        unreached=[UnreachedAnswer(**asdict(one)) for one in calls],
    )


@router.post("/{untold_id}/told", summary="Say that a caller has been told")
def told_(door: Clerk, untold_id: UUID) -> ToldCaller:
    """By the `id` of the list."""
    now = door.ports.clock()
    with door.transaction() as db:
        is_write = untold.told(db, untold_id, now=now)
        if not is_write and not unreached.called(db, untold_id, now=now):
            raise NotOnSheet("There is no such caller to tell.")
        record(
            db, door.access, account_id=door.account_id, action="api.caller_told",
            summary=f"{'write' if is_write else 'call'} {untold_id}",
        )  # fmt: skip
    return ToldCaller(id=untold_id)


def _to_be_told(door: Door) -> tuple[Sequence[Untold], Sequence[Unreached]]:
    """Audited where there are any: their names and numbers are shown."""
    now, sealer = door.ports.clock(), door.ports.sealer
    with reading(door) as db:
        found = untold.untold(db, now=now, limit=MOST_UNTOLD, sealer=sealer)
        calls = unreached.unreached(db, limit=MOST_UNTOLD, sealer=sealer)
        if found or calls:
            record(
                db, door.access, account_id=door.account_id, action="api.callers_untold",
                phi_fields=_UNTOLD_PHI if found else ("phone",),
                summary=f"{len(found)} writes, {len(calls)} calls",
            )  # fmt: skip
        count_each(db, door, [*(one.id for one in found), *(one.id for one in calls)])
    return found, calls


def _told_of(one: Untold) -> UntoldAnswer:
    return UntoldAnswer(
        id=one.id,
        write_id=one.write_id,
        kind=one.kind,
        status=SAID.get(WriteState(one.state), "unknown"),
        confirmation_number=one.confirmation,
        start_time=one.start,
        requested_at=one.asked_at,
        practice=one.practice,
        patient_name=one.patient,
        phone=one.phone,
        text=one.text_state,
        shown=one.shown,
        shown_time=one.shown_start,
        on_sheet_time=one.on_sheet,
    )


@router.get("/{write_id}", summary="See what became of a write")
def read(door: Reader, write_id: UUID) -> OneWrite:
    """`status` is requested until it is confirmed, failed or withdrawn.

    What is confirmed, and the practice's own book was seen to have otherwise, is `shown` so: see
    the list of those to be told. An assistant is told of what was written in its own call.
    """
    call_id = require_call(door).id if door.by_assistant else None
    with door.transaction() as db:
        row = db.execute(_READ, {"id": write_id, "call_id": call_id}).mappings().first()
        if row is None:
            raise NotOnSheet("There is no such write.")
        phi = ("appointment_time",) if row["start_at"] else ()
        record(
            db, door.access, account_id=door.account_id, action="api.write", phi_fields=phi,
            summary=f"write {write_id}", vapi_call_id=call_id,
        )  # fmt: skip
    told = WriteAnswer(
        id=row["id"],
        kind=row["kind"],
        status=SAID.get(WriteState(row["state"]), "requested"),
        confirmation_number=row["confirmation"],
        pms_id=row["pms_id"],
        start_time=row["start_at"],
        end_time=row["end_at"],
        reason=row["reason"],
        requested_at=row["created_at"],
        settled_at=row["settled_at"],
        shown=row["shown"],
        shown_time=row["shown_start_at"],
    )
    return OneWrite(write=told)
