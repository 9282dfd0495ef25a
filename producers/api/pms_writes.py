"""What became of something written to a practice: asked for until it is final."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import text

from adapters.storage.audit import record
from domain.people import Permission
from domain.sheet import NotOnSheet
from domain.writes import WriteState
from producers.doors import Door
from producers.entrance import entrance

router = APIRouter(prefix="/api/pms/writes", tags=["practice"])

Reader = Annotated[Door, Depends(entrance(Permission.SEE_SHEET))]

SAID = {
    WriteState.CONFIRMED: "confirmed",
    WriteState.FAILED: "failed",
    WriteState.WITHDRAWN: "withdrawn",
}
_READ = text(
    """
    SELECT id, kind, state, confirmation, pms_id, start_at, end_at, reason, created_at, settled_at
    FROM pms_writes WHERE id = :id
    """
)


@router.get("/{write_id}", summary="See what became of a write")
def read(door: Reader, write_id: UUID) -> dict[str, Any]:
    """`status` is requested until it is confirmed, failed or withdrawn."""
    with door.transaction() as db:
        row = db.execute(_READ, {"id": write_id}).mappings().first()
        if row is None:
            raise NotOnSheet("There is no such write.")
        phi = ("appointment_time",) if row["start_at"] else ()
        record(
            db, door.access, account_id=door.account_id, action="api.write", phi_fields=phi,
            summary=f"write {write_id}",
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
    }
    return {"success": True, "write": told}
