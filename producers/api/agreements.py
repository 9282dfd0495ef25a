"""Agreements on patient data over JSON: listed and recorded."""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters import pms
from adapters.storage.audit.audit import record
from adapters.storage.people import agreements
from adapters.storage.people.agreements import CUSTOMER, Agreement, NewAgreement
from domain.errors import BadInput
from domain.people import Permission
from producers.answers import Success
from producers.doors import Door, door
from producers.words import Line

router = APIRouter(prefix="/api/agreements", tags=["audit"])

Privacy = Annotated[Door, Depends(door(Permission.CONFIGURE))]


class Signed(BaseModel):
    """`party` is `customer`, the account itself, or a vendor by its name."""

    model_config = ConfigDict(extra="forbid")

    party: Line
    version: Annotated[Line, Field(min_length=1, max_length=80)]
    signed_by: Annotated[Line, Field(min_length=1, max_length=200)]
    signed_on: date
    ends_on: date | None = None


class Agreements(Success):
    agreements: Sequence[Agreement]


class OneAgreement(Success):
    agreement: Agreement


@router.get("", summary="List agreements on patient data")
def list_(door: Privacy) -> Agreements:
    """Newest first; of each party the newest counts."""
    with door.transaction() as db:
        found = agreements.listed(db)
    return Agreements(agreements=found)


@router.post("", status_code=HTTPStatus.CREATED, summary="Record an agreement on patient data")
def add(door: Privacy, body: Signed) -> OneAgreement:
    """Kept for good, with who recorded it."""
    if body.party != CUSTOMER and body.party not in pms.registered():
        raise BadInput(f"There is no party '{CUSTOMER}' or vendor of that name.")
    new = NewAgreement(**body.model_dump())
    with door.transaction() as db:
        kept = agreements.keep(
            db, new, account_id=door.account_id, by=door.person.name, at=door.ports.clock()
        )
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="agreement.recorded",
            summary=f"{kept.party}, version {kept.version}",
            status=HTTPStatus.CREATED,
        )
    return OneAgreement(agreement=kept)
