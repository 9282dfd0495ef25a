"""What REST lets a client write: a new appointment, another time or status, a cancellation."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from simulators.advancedmd import codes, shapes
from simulators.advancedmd.offices import Column, Office
from simulators.advancedmd.troubles import Refused
from simulators.chance import chance, new_id
from simulators.records import Appointment, Attendee, Meaning, Stated

Json = dict[str, Any]
OVERLAP, FULL = 4101, 4186
NEEDED = ("patientid", "columnid", "startdatetime", "duration", "profileid", "type")


def read(body: bytes) -> Json:
    try:
        told = json.loads(body)
    except ValueError:
        raise _bad("the body is not JSON") from None
    if not isinstance(told, dict):
        raise _bad("the body is not an object")
    return told


def create(office: Office, told: Json) -> Json:
    if missing := [name for name in NEEDED if told.get(name) in (None, "", [])]:
        raise _bad(f"{', '.join(missing)} is required")
    clinic = office.clinic
    column = _column(told["columnid"], office)
    if str(told["profileid"]) != column.profile_id:
        raise _bad("profileid is not the column's")
    types = tuple(_type(each, office) for each in told["type"])
    draft = Appointment(
        id=new_id(chance("posted", office.key, clinic.version, len(clinic.appointments))),
        practitioner_id=column.profile_id,
        start=_start(told["startdatetime"], office),
        minutes=_minutes(told["duration"]),
        stated=Stated.MINUTES,
        attendees=(Attendee(_patient(told["patientid"], office)),),
        type_id=types[0],
    )
    _check_room(draft, column, office)
    added = clinic.add(draft)
    office.placed[added.id], office.chosen_types[added.id] = column.id, types
    return shapes.appointment(added, office)


def change(office: Office, id_: str, told: Json) -> Json:
    row = office.clinic.appointments[id_]
    if unknown := set(told) - set(CHANGES) - {"id"}:
        raise _bad(f"{', '.join(sorted(unknown))} cannot be changed")
    if not set(told) & set(CHANGES):
        raise _bad("nothing to change")
    changed = row
    for name, apply in CHANGES.items():
        if name in told:
            changed = apply(changed, told[name], office)
    column = _column(told["columnid"], office) if "columnid" in told else office.column_of(row)
    if set(told) & {"startdatetime", "duration", "columnid"}:
        _check_room(changed, column, office)
    office.placed[id_] = column.id
    if "statuscode" in told:
        office.codes[id_] = int(told["statuscode"])
    return shapes.appointment(office.clinic.revise(changed), office)


def cancel(office: Office, id_: str, told: Json) -> Json:
    """The body is the id alone: with anything else, such as a reason, the server breaks."""
    row = office.clinic.appointments[id_]
    if str(told.get("id")) != id_:
        raise _bad("id is not the appointment's")
    if set(told) != {"id"}:
        raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "An error has occurred")
    if row.meaning is not Meaning.CANCELLED:
        office.codes[id_] = codes.CODES[Meaning.CANCELLED]
        row = office.clinic.revise(replace(row, meaning=Meaning.CANCELLED))
    return shapes.appointment(row, office)


def _check_room(draft: Appointment, column: Column, office: Office) -> None:
    if draft.meaning in codes.FREES_SLOT:
        return
    others = [
        row
        for row in office.clinic.book(column.profile_id)
        if row.id != draft.id
        and row.meaning not in codes.FREES_SLOT
        and office.column_of(row).id == column.id
        and row.start < draft.end
        and draft.start < row.end
    ]
    if sum(row.start == draft.start for row in others) >= office.knobs.per_slot:
        raise Refused(HTTPStatus.CONFLICT, "The slot is full", FULL)
    if any(row.start != draft.start for row in others):
        raise Refused(HTTPStatus.CONFLICT, "The appointment overlaps another", OVERLAP)


def _moved(row: Appointment, value: object, office: Office) -> Appointment:
    return replace(row, start=_start(value, office))


def _lasting(row: Appointment, value: object, office: Office) -> Appointment:
    return replace(row, minutes=_minutes(value))


def _placed(row: Appointment, value: object, office: Office) -> Appointment:
    return replace(row, practitioner_id=_column(value, office).profile_id)


def _marked(row: Appointment, value: object, office: Office) -> Appointment:
    if not isinstance(value, int) or isinstance(value, bool) or value not in codes.MEANINGS:
        raise _bad("statuscode is not known")
    return replace(row, meaning=codes.meaning_of(value, row.meaning))


CHANGES: Mapping[str, Callable[[Appointment, object, Office], Appointment]] = {
    "columnid": _placed,
    "startdatetime": _moved,
    "duration": _lasting,
    "statuscode": _marked,
}


def _start(value: object, office: Office) -> datetime:
    """On the office's clock: a repeated time is its first, a skipped one moves forward."""
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        raise _bad("startdatetime is like 2026-06-02T09:00") from None
    if when.tzinfo is not None:
        raise _bad("startdatetime has no offset")
    return when.replace(tzinfo=office.clinic.zone).astimezone(UTC)


def _minutes(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _bad("duration is a number of minutes")
    return value


def _column(value: object, office: Office) -> Column:
    column = office.columns.get(int(str(value))) if str(value).isdecimal() else None
    if column is None:
        raise _bad("columnid is not known")
    return column


def _patient(value: object, office: Office) -> str:
    if str(value) not in office.clinic.patients:
        raise _bad("patientid is not known")
    return str(value)


def _type(value: object, office: Office) -> str:
    id_ = str(value.get("id")) if isinstance(value, dict) else ""
    if id_ not in office.clinic.types:
        raise _bad("type is a list of objects with a known id")
    return id_


def _bad(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, message)
