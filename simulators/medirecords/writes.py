"""What a client may write: whole appointments, of which everything left out is blanked."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from simulators.chance import chance, new_id
from simulators.front import said
from simulators.medirecords import codes, shapes
from simulators.medirecords.offices import LINKS, MOST_NOTES, Office
from simulators.medirecords.queries import BadRequest, read_clock
from simulators.records import Appointment, Attendee, Meaning, Stated
from simulators.serving import Reply

Json = dict[str, Any]
OWN = (
    "appointmentIntervalCode",
    "providerId",
    "firstAvailableDoctor",
    "walkIn",
    "urgency",
    "roomId",
    "referralId",
    "cancellationReason",
    "emailReminder",
    "reminderMethod",
    "reminderType",
    "confirmationLink",
    *LINKS,
)


def create(office: Office, body: bytes) -> Reply:
    clinic = office.clinic
    with clinic.lock:
        id_ = new_id(chance("posted", office.id, clinic.version))
        draft = Appointment(
            id=id_, practitioner_id=clinic.practice.at_work[0].id, start=clinic.made_at, minutes=15
        )
        told = _read(body)
        row = _filled(draft, told, office)
        office.written[id_] = {name: told.get(name) for name in OWN}
        added = clinic.add(row)
    return said(shapes.appointment(added, office), office.knobs.created_status)


def overwrite(office: Office, id_: str, body: bytes) -> Reply:
    with office.clinic.lock:
        told = _read(body)
        row = _filled(office.clinic.appointments[id_], told, office)
        office.written[id_] = {name: told.get(name) for name in OWN}
        revised = office.clinic.revise(row)
    return said(shapes.appointment(revised, office))


def remove(office: Office, id_: str) -> Reply:
    """Gone for good: it is not listed and not found."""
    office.clinic.delete(id_)
    return said({"id": id_, "message": "Appointment deleted"}, HTTPStatus.OK)


def _read(body: bytes) -> Json:
    try:
        told = json.loads(body)
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(told, dict):
        raise BadRequest("the body is not an object")
    return told


def _filled(row: Appointment, told: Json, office: Office) -> Appointment:
    clinic = office.clinic
    code = told.get("appointmentStatus")
    meaning = _meaning(told, office)
    patient = _known(told, "patientId", clinic.patients)
    minutes = _minutes(told.get("appointmentIntervalCode"))
    return replace(
        row,
        start=read_clock(told.get("scheduleTime"), "scheduleTime", clinic.zone),
        meaning=meaning,
        variant=codes.variant(meaning, int(code or 0)),
        attendees=(Attendee(patient),) if patient else (),
        type_id=_known(told, "appointmentTypeId", clinic.types),
        practitioner_id=_known(told, "providerId", clinic.practitioners) or row.practitioner_id,
        minutes=minutes or row.minutes,
        stated=Stated.MINUTES if minutes else Stated.NEITHER,
        notes=_notes(told),
    )


def _meaning(told: Json, office: Office) -> Meaning:
    code = told.get("appointmentStatus")
    if code not in codes.MEANINGS:
        raise BadRequest("appointmentStatus must be between 2 and 8")
    if code != codes.CANCELLED:
        return codes.MEANINGS[code]
    if told.get("cancellationReason") is None:
        raise BadRequest("cancellationReason is required")
    is_kept_for_it = told["cancellationReason"] == codes.NO_SHOW_REASON
    return Meaning.NO_SHOW if is_kept_for_it and office.knobs.tells_no_show else Meaning.CANCELLED


def _known(told: Json, name: str, things: Any) -> str | None:
    id_ = told.get(name)
    if id_ is not None and id_ not in things:
        raise BadRequest(f"{name} is not known")
    return id_


def _minutes(code: object) -> int | None:
    if code in {None, codes.UNKNOWN_INTERVAL}:
        return None
    if not isinstance(code, int) or not 1 <= code <= len(codes.INTERVALS):
        raise BadRequest("appointmentIntervalCode is not known")
    return codes.INTERVALS[code - 1]


def _notes(told: Json) -> str | None:
    notes = told.get("notes")
    if notes and len(notes) > MOST_NOTES:
        raise BadRequest(f"notes has at most {MOST_NOTES} characters")
    return notes or None
