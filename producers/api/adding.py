"""Appointments that no PMS told of: typed by a person, or read from a scan of the day."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.by_hand.given_rows import read_rows
from adapters.storage.by_hand.own_rows import Placed, Refused, place
from adapters.storage.sheet import linking, overlaps
from domain.errors import BadInput
from domain.fields import Source
from domain.people import Permission
from domain.sheet import OtherVisit
from producers.days import account_zone
from producers.doors import Door, door
from producers.idempotency import Answer, Once
from producers.problems import Problem
from producers.sheet_answers import AddedRow, AddedRows

router = APIRouter(prefix="/api/run-sheet", tags=["run sheet"])

Editor = Annotated[Door, Depends(door(Permission.EDIT_SHEET))]
MOST = 200


class Row(BaseModel):
    """One appointment; `start` is aware, or on the practice's own clock."""

    model_config = ConfigDict(extra="forbid")

    start: str | None = None
    duration_minutes: int | str | None = None
    patient_name: str | None = None
    patient_phone: str | None = None
    patient_email: str | None = None
    patient_date_of_birth: str | None = None
    kind: Literal["visit", "block"] | None = Field(
        None, description="A visit (the usual) is of a patient, by name; a block is of nobody."
    )
    clinician: str | None = Field(
        None, description="A name; a new one that a person gives gets a column."
    )
    clinician_id: UUID | None = None
    appointment_type: str | None = None
    status: str | None = None
    notes: str | None = None
    is_telehealth: bool | None = None
    timezone: str | None = Field(None, description="IANA; else the clinician's practice's.")


class Adding(Row):
    """One appointment, or many of one source."""

    source: Literal["manual", "ocr"]
    appointments: list[Row] | None = Field(None, min_length=1, max_length=MOST)


@router.post(
    "/appointments",
    status_code=HTTPStatus.CREATED,
    response_model=AddedRows,
    summary="Put appointments of a person or of a scan on the sheet",
)
def add(door: Editor, told: Adding, once: Once) -> JSONResponse:
    """Put them on the sheet, each linked to the PMS's row of its visit where there is one.

    The same scan sent again changes nothing, with or without the same key. Of a list that was
    scanned, a line that cannot be an appointment is `rejected` with its `reason`; the rest goes on.
    `overlaps` are visits of the clinician at the same time; under the policy "block" what a person
    gives is refused for one with 409, a scan never.
    """
    rows = _rows(told)

    def do(db: Db) -> Answer:
        linking.alone(db, door.account_id)
        hand = door.hand
        given = read_rows(db, Source(told.source), rows, timezone=account_zone(db), hand=hand)
        if told.appointments is None and isinstance(given[0], Refused):
            raise BadInput(given[0].reason)
        made = place(db, door.seal, given, hand=hand)
        ids = [one.id for one in made if isinstance(one, Placed)]
        beside = overlaps.beside(db, ids, account_id=door.account_id)
        placed = AddedRows(appointments=[_answered(one, beside) for one in made])
        return Answer(status=HTTPStatus.CREATED, body=placed.model_dump(mode="json"))

    return once.answer(door, do)


def _answered(placed: Placed | Refused, beside: Mapping[UUID, Sequence[OtherVisit]]) -> AddedRow:
    if isinstance(placed, Refused):
        return AddedRow(id=None, linked=False, outcome="rejected", reason=placed.reason)
    return AddedRow(
        id=placed.id,
        linked=placed.linked,
        outcome=placed.outcome,
        overlaps=beside.get(placed.id, ()),
    )


def _rows(told: Adding) -> list[dict[str, Any]]:
    single = told.model_dump(exclude={"source", "appointments"}, exclude_none=True)
    if told.appointments is None:
        return [single]
    if single:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Send one appointment, or a list of them under 'appointments', not both.",
        )
    return [row.model_dump(exclude_none=True) for row in told.appointments]
