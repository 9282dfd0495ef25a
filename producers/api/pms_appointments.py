"""Appointments at the practice itself: listed, free times, booked, moved and cancelled."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import JSONResponse
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from domain import desk_calls
from domain.people import Permission
from producers.desk_calls import asked
from producers.doors import Door
from producers.entrance import entrance
from producers.practice_answers import (
    AppointmentCancelled,
    AppointmentMoved,
    Booked,
    PmsAppointments,
    Slots,
    written,
)
from producers.words import Id, Line

router = APIRouter(prefix="/api/pms/appointments", tags=["practice"])

Reader = Annotated[Door, Depends(entrance(Permission.SEE_SHEET))]
Writer = Annotated[Door, Depends(entrance(Permission.EDIT_SHEET))]
Key = Annotated[str | None, Header(alias="Idempotency-Key")]
Minutes = Annotated[int, Field(ge=5, le=480)]
Words = Annotated[str, Field(max_length=1000)]


class NewAppointment(BaseModel):
    """`startTime` without an offset is on the practice's own clock."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid", hide_input_in_errors=True)

    patientId: Id  # noqa: N815 - the name clients know
    startTime: Line = Field(validation_alias=AliasChoices("startTime", "start", "dateTime"))  # noqa: N815
    providerId: Id | None = None  # noqa: N815
    type: Annotated[Line, Field(max_length=200)] | None = Field(
        None, validation_alias=AliasChoices("type", "appointmentType", "appointmentTypeId")
    )
    duration: Minutes | None = None
    notes: Words | None = None
    sendConfirmation: bool = False  # noqa: N815


class Moving(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="forbid", hide_input_in_errors=True)

    startTime: Line = Field(  # noqa: N815
        validation_alias=AliasChoices("startTime", "newStartTime", "start")
    )
    providerId: Id | None = None  # noqa: N815
    duration: Minutes | None = None
    reason: Words | None = None
    sendNotification: bool = False  # noqa: N815


class Cancelled(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Words | None = None
    sendNotification: bool = False  # noqa: N815


@router.get("", response_model=PmsAppointments, summary="List appointments of some days")
async def listed(
    door: Reader,
    startDate: Annotated[Line | None, Query()] = None,  # noqa: N803
    endDate: Annotated[Line | None, Query()] = None,  # noqa: N803
    patientId: Annotated[Id | None, Query()] = None,  # noqa: N803
    providerId: Annotated[Id | None, Query()] = None,  # noqa: N803
    status: Annotated[Line | None, Query()] = None,
) -> JSONResponse:
    """Today's where no day is named; `status` is scheduled, completed or cancelled."""
    given = {
        "startDate": startDate,
        "endDate": endDate,
        "patientId": patientId,
        "providerId": providerId,
        "status": status,
    }
    return await asked(door, desk_calls.APPOINTMENTS, given)


@router.get("/availability", response_model=Slots, summary="List the free times of a day")
async def available(
    door: Reader,
    date: Annotated[Line, Query(description="On the practice's own calendar.")],
    providerId: Annotated[Id | None, Query()] = None,  # noqa: N803
    type: Annotated[Line | None, Query()] = None,  # noqa: A002 - the name clients know
    duration: Annotated[int | None, Query(ge=5, le=480)] = None,
) -> JSONResponse:
    """What the practice offers, else its working hours less what is taken, held or ruled out."""
    given = {"date": date, "providerId": providerId, "type": type, "duration": duration}
    return await asked(door, desk_calls.AVAILABILITY, given)


@router.post("", **written(Booked, status=201), summary="Book an appointment")
async def book(door: Writer, body: NewAppointment, key: Key = None) -> JSONResponse:
    """201 once the practice's system has it, 202 while it has not said so."""
    return await asked(door, desk_calls.BOOK, body.model_dump(), key=key)


@router.patch("/{appointment_id}", **written(AppointmentMoved), summary="Move an appointment")
async def move(door: Writer, appointment_id: Id, body: Moving, key: Key = None) -> JSONResponse:
    given = {"appointmentId": appointment_id, **body.model_dump()}
    return await asked(door, desk_calls.RESCHEDULE, given, key=key)


@router.delete(
    "/{appointment_id}", **written(AppointmentCancelled), summary="Cancel an appointment"
)
async def cancel(
    door: Writer,
    appointment_id: Id,
    body: Cancelled | None = None,
    reason: Annotated[Words | None, Query()] = None,
    sendNotification: Annotated[bool, Query()] = False,  # noqa: FBT002, N803 - from the query
    key: Key = None,
) -> JSONResponse:
    """The reason stays on our side where the practice's system has no place for one."""
    told = body or Cancelled()
    about = {
        "appointmentId": appointment_id,
        "reason": told.reason or reason,
        "sendNotification": told.sendNotification or sendNotification,
    }
    return await asked(door, desk_calls.CANCEL, about, key=key)
