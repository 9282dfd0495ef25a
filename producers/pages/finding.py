"""Looks for a patient in all columns of a day, also in those that the page does not show."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.sheet.sheet_finding import MOST_FOUND, find
from domain.people import Permission
from producers.doors import Door, door
from producers.pages.rendering import clock
from producers.reading import count_rows, reading

router = APIRouter(include_in_schema=False)

Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]


class Sought(BaseModel):
    """A name or phone is told in a body: addresses are written down by whatever they pass."""

    model_config = ConfigDict(extra="forbid")

    day: date
    name: Annotated[str, Field(min_length=1, max_length=100)]


@router.post("/sheet/find")
def look(door: Reader, sought: Sought) -> dict[str, Any]:
    """Who is called or reached so, when and with whom; `most` is as many as are told at once."""
    with reading(door, much=True) as db:
        found = find(
            db, door.seal, sought.day, sought.name, account_id=door.account_id, access=door.access
        )
        count_rows(db, door, len(found))
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "time": clock(one.start, one.timezone),
            "clinician": one.clinician,
        }
        for one in found
    ]
    return {"success": True, "found": rows, "most": MOST_FOUND}
