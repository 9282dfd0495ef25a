"""The columns of the sheet over JSON: calling one by the name people know."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from adapters.storage.practices.clinicians import name_mark, rename_clinician
from domain.people import Permission
from producers.doors import Door, door
from producers.sheet_answers import OneColumn
from producers.versions import MaybeIfMatch

router = APIRouter(prefix="/api/run-sheet/clinicians", tags=["run sheet"])


class Naming(BaseModel):
    """What the column is to be called."""

    model_config = ConfigDict(extra="forbid")

    name: str


@router.patch("/{clinician_id}", summary="Rename a column of the sheet")
def rename(
    door: Annotated[Door, Depends(door(Permission.CONFIGURE))],
    response: Response,
    clinician_id: UUID,
    body: Naming,
    if_match: MaybeIfMatch = None,
) -> OneColumn:
    """Rename a column; the last one to do so is right.

    A name is one short value that the caller gives whole, so If-Match need not be sent: a later
    one overwrites nothing that a person has not seen above the column. Where the ETag of an
    earlier renaming is sent, the column must be called that still.
    """
    mark = None if if_match in {None, "*"} else str(if_match).removeprefix("W/").strip('"')
    with door.transaction() as db:
        named = rename_clinician(db, clinician_id, body.name, hand=door.hand, expected=mark)
    response.headers["ETag"] = f'"{name_mark(named.name)}"'
    return OneColumn(clinician=named)
