"""Patients at the practice itself: found, read, registered, changed, and what is on record."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StrictFloat, StrictInt

from domain import desk_calls
from domain.people import Permission
from producers.api.pms_appointments import Key, Words
from producers.desk_calls import asked
from producers.doors import Door
from producers.entrance import entrance
from producers.practice_answers import (
    BalanceAnswer,
    CoverageAdded,
    Coverages,
    NoteAdded,
    OnePmsPatient,
    PatientChanged,
    PatientNotes,
    PaymentRecorded,
    PmsPatients,
    Registered,
    written,
)
from producers.words import Id, Line
from producers.words import Words as Name

router = APIRouter(prefix="/api/pms", tags=["practice"])

Reader = Annotated[Door, Depends(entrance(Permission.SEE_SHEET))]
Writer = Annotated[Door, Depends(entrance(Permission.EDIT_SHEET))]
Limit = Annotated[int, Field(ge=1, le=50)]
Short = Annotated[Line, Field(max_length=200)]
FLOATING = 6
"""Decimals to which a number is meant."""


class Sought(BaseModel):
    """A name, a telephone number or an e-mail address; a birthday beside a name."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    query: Name
    dateOfBirth: Short | None = None  # noqa: N815
    limit: Limit = 10


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    street: Short | None = None
    city: Short | None = None
    state: Short | None = None
    zip: Short | None = None


class NewPatient(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    firstName: Name  # noqa: N815 - the name clients know
    lastName: Name  # noqa: N815
    dateOfBirth: Short | None = None  # noqa: N815
    phone: Short | None = None
    email: Short | None = None
    address: Address | None = None
    providerId: Id | None = None  # noqa: N815


class PatientChange(BaseModel):
    """Only what is given changes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    firstName: Name | None = None  # noqa: N815
    lastName: Name | None = None  # noqa: N815
    phone: Short | None = None
    email: Short | None = None
    address: Address | None = None


class NewNote(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    content: Annotated[str, Field(min_length=1, max_length=4000)]
    category: Short | None = None


class NewInsurance(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="forbid", hide_input_in_errors=True)

    provider: Name = Field(validation_alias=AliasChoices("provider", "providerName"))
    policyNumber: Name  # noqa: N815
    groupNumber: Short | None = None  # noqa: N815
    isPrimary: bool = True  # noqa: N815
    subscriberName: Short | None = None  # noqa: N815
    subscriberDob: Short | None = None  # noqa: N815
    relationship: Short | None = None
    effectiveDate: Short | None = None  # noqa: N815
    expirationDate: Short | None = None  # noqa: N815


class NewPayment(BaseModel):
    """A payment that was made already: it is recorded, nothing is charged."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    patientId: Id  # noqa: N815
    amount: Annotated[str | StrictInt | StrictFloat, Field(union_mode="left_to_right")]
    method: Short
    last4: Annotated[Line, Field(pattern=r"^\d{4}$")] | None = None
    notes: Words | None = None


@router.get("/patients/search", response_model=PmsPatients, summary="Find patients")
@router.get("/patients", response_model=PmsPatients, summary="Find patients")
async def search(
    door: Reader,
    query: Annotated[Name, Query(description="A name, a number or an e-mail address.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    dateOfBirth: Annotated[Line | None, Query(max_length=200)] = None,  # noqa: N803
) -> JSONResponse:
    """An assistant finds the patient its caller is or speaks for; a person, whoever fits."""
    given = {"query": query, "limit": limit, "dateOfBirth": dateOfBirth}
    return await asked(door, desk_calls.PATIENTS, given)


@router.post(
    "/patients/search",
    response_model=PmsPatients,
    summary="Find patients, without a name in the address",
)
async def search_by_body(door: Reader, body: Sought) -> JSONResponse:
    return await asked(door, desk_calls.PATIENTS, body.model_dump())


@router.get("/patients/{patient_id}", response_model=OnePmsPatient, summary="Read a patient")
async def read(door: Reader, patient_id: Id) -> JSONResponse:
    return await asked(door, desk_calls.PATIENT, {"patientId": patient_id})


@router.post("/patients", **written(Registered, status=201), summary="Register a patient")
async def create(door: Writer, body: NewPatient, key: Key = None) -> JSONResponse:
    return await asked(door, desk_calls.CREATE_PATIENT, _plain(body), key=key)


@router.patch("/patients/{patient_id}", **written(PatientChanged), summary="Change a patient")
async def change(
    door: Writer, patient_id: Id, body: PatientChange, key: Key = None
) -> JSONResponse:
    given = {"patientId": patient_id, **_plain(body)}
    return await asked(door, desk_calls.UPDATE_PATIENT, given, key=key)


@router.get(
    "/patients/{patient_id}/notes", response_model=PatientNotes, summary="Read a patient's notes"
)
async def notes(door: Reader, patient_id: Id) -> JSONResponse:
    return await asked(door, desk_calls.NOTES, {"patientId": patient_id})


@router.post("/patients/{patient_id}/notes", **written(NoteAdded, status=201), summary="Add a note")
async def add_note(door: Writer, patient_id: Id, body: NewNote, key: Key = None) -> JSONResponse:
    given = {"patientId": patient_id, **_plain(body)}
    return await asked(door, desk_calls.ADD_NOTE, given, key=key)


@router.get(
    "/patients/{patient_id}/insurance",
    response_model=Coverages,
    summary="Read a patient's insurance",
)
async def insurance(door: Reader, patient_id: Id) -> JSONResponse:
    return await asked(door, desk_calls.INSURANCE, {"patientId": patient_id})


@router.post(
    "/patients/{patient_id}/insurance",
    **written(CoverageAdded, status=201),
    summary="Add an insurance",
)
async def add_insurance(
    door: Writer, patient_id: Id, body: NewInsurance, key: Key = None
) -> JSONResponse:
    given = {"patientId": patient_id, **_plain(body)}
    return await asked(door, desk_calls.ADD_INSURANCE, given, key=key)


@router.get(
    "/patients/{patient_id}/balance",
    response_model=BalanceAnswer,
    summary="Read what a patient owes",
)
async def balance(door: Reader, patient_id: Id) -> JSONResponse:
    return await asked(door, desk_calls.BALANCE, {"patientId": patient_id})


@router.post("/payments", **written(PaymentRecorded, status=201), summary="Record a payment")
async def pay(door: Writer, body: NewPayment, key: Key = None) -> JSONResponse:
    # A sum that a program has computed is off in its last digits.
    amount = round(body.amount, FLOATING) if isinstance(body.amount, float) else body.amount
    return await asked(door, desk_calls.PAY, {**_plain(body), "amount": str(amount)}, key=key)


def _plain(body: BaseModel) -> dict[str, Any]:
    return body.model_dump(exclude_none=True)
