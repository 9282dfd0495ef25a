"""Who works at a practice, and which clinician of the sheet each of them is."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.practices import connection_list, connections, mapping
from adapters.storage.practices.connection_details import (
    PractitionerRow,
    read_clinicians,
    read_practitioners,
)
from domain.names import Confidence, suggestion
from domain.people import Permission
from producers import seen
from producers.answers import (
    ClinicianAnswer,
    PractitionerAnswer,
    Practitioners,
    SuggestionAnswer,
)
from producers.doors import Door, door
from producers.noting import noted
from producers.versions import IfMatch, expected, tag
from producers.words import Id, Words

router = APIRouter(
    prefix="/api/pms/connections/{connection_id}/practitioners",
    tags=["connections"],
)

MOST = 1000
SCORES = {Confidence.EXACT: 1.0, Confidence.LIKELY: 0.7}


class Mapping(BaseModel):
    """`match` wants the clinician's id; `create` may give the column another name."""

    model_config = ConfigDict(extra="forbid")

    pms_id: Id
    action: Literal["match", "create", "skip"]
    clinician_id: UUID | None = None
    name: Words | None = None


class Mappings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mappings: Annotated[list[Mapping], Field(min_length=1, max_length=MOST)]


@router.get("", summary="List a connection's practitioners, with suggestions")
def read(
    door: Annotated[Door, Depends(door(Permission.SEE_STATUS))],
    response: Response,
    connection_id: UUID,
) -> Practitioners:
    """Those in the practice's book, and those on the sheet though no longer in it."""
    with door.transaction() as db:
        tag(response, seen.details(db, door, connection_id).version)
        return _answer(db, connection_id)


@router.post("", summary="Map practitioners to clinicians")
def choose(
    door: Annotated[Door, Depends(door(Permission.CONFIGURE))],
    response: Response,
    connection_id: UUID,
    body: Mappings,
    if_match: IfMatch = None,
) -> Practitioners:
    """All of the choices are carried out, or none; those not named stay as they are."""
    version = expected(if_match)
    choices = [mapping.Choice(**one.model_dump()) for one in body.mappings]
    with door.transaction() as db:
        connection_list.claim(db, connection_id, expected=version)
        mapping.choose(db, connections.load(db, connection_id), choices)
        noted(db, door, connection_id, "mapped", summary=f"{len(choices)} practitioners")
        tag(response, seen.details(db, door, connection_id).version)
        return _answer(db, connection_id)


def _answer(db: Db, connection_id: UUID) -> Practitioners:
    clinicians = {one["id"]: one["name"] for one in read_clinicians(db)}
    named = {str(one): name for one, name in clinicians.items()}
    return Practitioners(
        practitioners=[_one(row, named) for row in read_practitioners(db, connection_id)],
        clinicians=[ClinicianAnswer(id=one, name=name) for one, name in clinicians.items()],
    )


def _one(row: PractitionerRow, clinicians: dict[str, str]) -> PractitionerAnswer:
    """A match that a person has made, or a proposal for whoever is undecided."""
    is_proposed = row.reason is not None
    found = suggestion(row.name, clinicians) if is_proposed else None
    suggested = None
    if found is not None and found.match is not None:
        suggested = SuggestionAnswer(
            clinician_id=UUID(found.match),
            clinician=clinicians[found.match],
            score=SCORES[found.confidence],
        )
    return PractitionerAnswer(
        pms_id=row.pms_id,
        name=row.name,
        active=row.active,
        sync_enabled=row.action != "skip",
        clinician_id=None if is_proposed else row.clinician_id,
        clinician=None if is_proposed else row.clinician,
        suggestion=suggested,
    )
