"""The appointment types a practice offers, and which of them are telehealth."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.practices import connection_list, mapping
from adapters.storage.practices.connection_details import read_types
from domain.people import Permission
from producers import seen
from producers.answers import TypeAnswer, Types
from producers.doors import Door, door
from producers.noting import noted
from producers.versions import IfMatch, expected, tag
from producers.words import Id

router = APIRouter(
    prefix="/api/pms/connections/{connection_id}/appointment-types",
    tags=["connections"],
)

MOST = 2000


class TypeChange(BaseModel):
    """What a person says of one type; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    type_id: Id
    is_telehealth: bool | None = None
    sync_enabled: bool | None = None


class TypeChanges(BaseModel):
    model_config = ConfigDict(extra="forbid")

    types: Annotated[list[TypeChange], Field(min_length=1, max_length=MOST)]


@router.get("", summary="List a connection's appointment types")
def read(
    door: Annotated[Door, Depends(door(Permission.SEE_STATUS))],
    response: Response,
    connection_id: UUID,
) -> Types:
    """`classified` says whether anybody, person or PMS, has said if it is telehealth."""
    with door.transaction() as db:
        tag(response, seen.details(db, door, connection_id).version)
        return _answer(db, connection_id)


@router.patch("", summary="Mark types as telehealth, or leave types off the sheet")
def change(
    door: Annotated[Door, Depends(door(Permission.CONFIGURE))],
    response: Response,
    connection_id: UUID,
    body: TypeChanges,
    if_match: IfMatch = None,
) -> Types:
    """All of it, or nothing; the sheet follows with the next sync, which is due at once."""
    version = expected(if_match)
    choices = [mapping.TypeChoice(**one.model_dump()) for one in body.types]
    with door.transaction() as db:
        connection_list.claim(db, connection_id, expected=version)
        mapping.mark_types(db, connection_id, choices)
        noted(db, door, connection_id, "types_marked", summary=f"{len(choices)} types")
        tag(response, seen.details(db, door, connection_id).version)
        return _answer(db, connection_id)


def _answer(db: Db, connection_id: UUID) -> Types:
    return Types(types=[TypeAnswer(**row) for row in read_types(db, connection_id)])
