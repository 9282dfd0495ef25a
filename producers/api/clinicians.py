"""The columns of the sheet over JSON: calling one by the name people know."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from adapters.storage.clinicians import rename_clinician
from domain.people import Permission
from domain.sheet import as_json
from producers.doors import Door, door

router = APIRouter(prefix="/api/run-sheet/clinicians", tags=["run sheet"])


class Naming(BaseModel):
    """What the column is to be called."""

    model_config = ConfigDict(extra="forbid")

    name: str


@router.patch("/{clinician_id}", summary="Rename a column of the sheet")
def rename(
    door: Annotated[Door, Depends(door(Permission.CONFIGURE))], clinician_id: UUID, body: Naming
) -> dict[str, Any]:
    """Rename a column; the last one to do so is right.

    There is no If-Match: a name is one short value that the caller gives whole, so a later
    one overwrites nothing that a person has not seen above the column.
    """
    with door.transaction() as db:
        named = rename_clinician(db, clinician_id, body.name, hand=door.hand)
    return {"success": True, "clinician": as_json(named)}
