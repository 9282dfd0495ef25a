"""What became of something written to a practice: asked for until it is final."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import text

from adapters.storage.audit.audit import record
from adapters.storage.phone import untold
from adapters.storage.phone.untold import Untold
from domain.people import Permission
from domain.sheet import NotOnSheet
from domain.writes import WriteState
from producers.doors import Door, door
from producers.entrance import entrance
from producers.in_a_call import require_call
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


@router.get("/untold", summary="List callers who are still to be told", responses=BOUNDED)
def untold_(door: Clerk) -> dict[str, Any]:
    """What they were only promised has ended, and no text could tell them so.

    Or what they were told is done is `shown` otherwise in the practice's own book: `elsewhere`, at
    `shownTime`; `missing`; or `standing`, though it was called off. That stays until somebody has
    seen to it, whatever text has gone out. Who asked from another number for what had been asked
    for already, and was promised a call, is listed beside (`text`: `call_back`). A booking that did
    not come about has `onSheetTime` where an appointment of theirs has come to the sheet since.
    """
    return {"success": True, "writes": [_told_of(one) for one in _to_be_told(door)]}


@router.post("/{untold_id}/told", summary="Say that a caller has been told")
def told_(door: Clerk, untold_id: UUID) -> dict[str, Any]:
    """By the `id` of the list."""
    with door.transaction() as db:
        if not untold.told(db, untold_id, now=door.ports.clock()):
            raise NotOnSheet("There is no such caller to tell.")
        record(
            db, door.access, account_id=door.account_id, action="api.caller_told",
            summary=f"write {untold_id}",
        )  # fmt: skip
    return {"success": True, "id": str(untold_id)}


def _to_be_told(door: Door) -> Sequence[Untold]:
    """Audited where there are any: their names and numbers are shown."""
    now, sealer = door.ports.clock(), door.ports.sealer
    with reading(door) as db:
        found = untold.untold(db, now=now, limit=MOST_UNTOLD, sealer=sealer)
        if found:
            record(
                db, door.access, account_id=door.account_id, action="api.callers_untold",
                phi_fields=_UNTOLD_PHI, summary=f"{len(found)} writes",
            )  # fmt: skip
        count_each(db, door, [one.id for one in found])
    return found


def _told_of(one: Untold) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "writeId": str(one.write_id),
        "kind": one.kind,
        "status": SAID.get(WriteState(one.state), "unknown"),
        "confirmationNumber": one.confirmation,
        "startTime": one.start and one.start.isoformat(),
        "requestedAt": one.asked_at.isoformat(),
        "practice": one.practice,
        "patientName": one.patient,
        "phone": one.phone,
        "text": one.text_state,
        "shown": one.shown and one.shown.value,
        "shownTime": one.shown_start and one.shown_start.isoformat(),
        "onSheetTime": one.on_sheet and one.on_sheet.isoformat(),
    }


@router.get("/{write_id}", summary="See what became of a write")
def read(door: Reader, write_id: UUID) -> dict[str, Any]:
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
    told = {
        "id": str(row["id"]),
        "kind": row["kind"],
        "status": SAID.get(WriteState(row["state"]), "requested"),
        "confirmationNumber": row["confirmation"],
        "pmsId": row["pms_id"],
        "startTime": row["start_at"] and row["start_at"].isoformat(),
        "endTime": row["end_at"] and row["end_at"].isoformat(),
        "reason": row["reason"],
        "requestedAt": row["created_at"].isoformat(),
        "settledAt": row["settled_at"] and row["settled_at"].isoformat(),
        "shown": row["shown"],
        "shownTime": row["shown_start_at"] and row["shown_start_at"].isoformat(),
    }
    return {"success": True, "write": told}
