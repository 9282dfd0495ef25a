"""The vendor's JSON: one function per resource of the document."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.chance import id_of, share_of
from simulators.medirecords import codes
from simulators.medirecords.offices import Office
from simulators.records import Appointment, AppointmentType, Patient, Practitioner

Json = dict[str, Any]
BEFORE = timedelta(hours=3)  # longer than any clock change


def stamp(when: datetime) -> str:
    """Milliseconds, and an offset without its colon."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def clock(when: datetime, zone: ZoneInfo) -> str:
    return when.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def appointment(row: Appointment, office: Office) -> Json:
    clinic = office.clinic
    return {
        "id": row.id,
        "practiceId": office.id,
        "patientId": row.attendees[0].patient_id if row.attendees else None,
        "appointmentTypeId": row.type_id,
        "scheduleTime": _schedule_time(row, office),
        "appointmentStatus": codes.status(row),
        "appointmentIntervalCode": codes.interval(row),
        "notes": _notes(row),
        **office.own_fields(row),
        "createdBy": id_of("user", row.practitioner_id),
        "createdDateTime": stamp(clinic.created_at(row.id)),
        "updatedBy": id_of("user", row.practitioner_id),
        "updatedDateTime": stamp(clinic.updated_at(row.id)),
    }


def _notes(row: Appointment) -> str | None:
    return row.notes or ("" if row.variant % 3 else None)


def _schedule_time(row: Appointment, office: Office) -> str:
    zone = office.clinic.zone
    if share_of("gap", row.id) < office.knobs.gap_times:
        old_offset = (row.start - BEFORE).astimezone(zone).utcoffset() or timedelta()
        old_clock = row.start.astimezone(UTC).replace(tzinfo=None) + old_offset
        if clock(old_clock.replace(tzinfo=zone).astimezone(UTC), zone) != f"{old_clock:%FT%H:%M}":
            return f"{old_clock:%FT%H:%M}"
    return clock(row.start, zone)


def appointment_type(kind: AppointmentType) -> Json:
    return {
        "id": kind.id,
        "name": kind.name,
        "duration": codes.length(kind.minutes),
        "telehealth": kind.is_telehealth,
        "activeStatus": True,
    }


def patient(person: Patient, office: Office) -> Json:
    return {
        "id": person.id,
        "firstName": person.first,
        "lastName": person.last,
        "gender": codes.GENDERS.get(person.gender or ""),
        "dob": person.born_on.isoformat() if person.born_on else None,
        "email": person.email,
        "mobilePhone": person.phone,
        "defaultPracticeId": office.id,
    }


def practice(office: Office) -> Json:
    zone = {"timeZone": office.clinic.zone.key} if office.knobs.tells_zone else {}
    return {"id": office.id, "name": office.name, "activeStatus": True, **zone}


def intervals(shape: str) -> Any:
    """The length of an appointment by its code; the shape is assumed."""
    rows = [
        {"code": code, "display": codes.length(minutes)}
        for code, minutes in enumerate(codes.INTERVALS, start=1)
    ]
    if shape == "list":
        return rows
    return {"data": rows} if shape == "data" else {"concept": rows}


def practitioner(person: Practitioner) -> Json:
    """FHIR R4; its id is taken to be the providerId of the other API."""
    prefix = {"prefix": [person.prefix]} if person.prefix else {}
    return {
        "resourceType": "Practitioner",
        "id": person.id,
        "active": person.is_active,
        "name": [{"use": "official", "family": person.last, "given": [person.first], **prefix}],
        "telecom": [{"system": "email", "value": person.email, "use": "work"}],
    }
