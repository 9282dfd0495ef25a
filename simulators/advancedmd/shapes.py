"""The vendor's REST rows."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.advancedmd import wording
from simulators.advancedmd.names import held, listed
from simulators.advancedmd.offices import FACILITIES, FIRST_FACILITY, Office
from simulators.chance import share_of
from simulators.records import Appointment, Meaning, Practitioner

Json = dict[str, Any]
INITIALS = "AEJLMRST"


def appointment(row: Appointment, office: Office) -> Json:
    clinic, column = office.clinic, office.column_of(row)
    local = wording.naive(row.start, clinic.zone)
    return {
        "id": int(row.id),
        "startdatetime": local if row.variant % 2 else local[:-3],
        "duration": row.minutes,
        "columnid": column.id,
        "profileid": int(row.practitioner_id),
        "provider": provider(clinic.practitioners[row.practitioner_id]),
        "heading": held(column.name),
        "facility": facility(column.facility_id),
        "facilityid": column.facility_id,
        "appointmenttypeids": [int(each) for each in office.types_of(row)],
        **_patient(row, office),
        **_confirmation(row, office),
        "status": office.code_of(row),
        "lastupdated": lastupdated(row, office),
    }


def lastupdated(row: Appointment, office: Office) -> str:
    zone = ZoneInfo(office.knobs.server_zone)
    return wording.naive(office.clinic.updated_at(row.id), zone, timespec="milliseconds")


def provider(person: Practitioner) -> str:
    share = share_of("middle", person.id)
    middle = INITIALS[int(share * len(INITIALS))] if share < 1 / 2 else None
    return listed(person.first, person.last, middle)


def facility(id_: int) -> str:
    return FACILITIES[(id_ - FIRST_FACILITY) % len(FACILITIES)]


def _patient(row: Appointment, office: Office) -> Json:
    if not row.attendees:
        return dict.fromkeys(("patientid", "firstname", "lastname"))
    person = office.clinic.patients[row.attendees[0].patient_id]
    return {
        "patientid": int(person.id),
        "firstname": held(person.first),
        "lastname": held(person.last),
    }


def _confirmation(row: Appointment, office: Office) -> Json:
    """Those who have come may have confirmed before; those still to come have, or have not."""
    if not is_confirmed(row):
        return {"confirmdate": None, "confirmmethod": None}
    before = row.start - timedelta(days=1)
    date = wording.naive(before, office.clinic.zone)
    return {"confirmdate": date, "confirmmethod": row.variant % 4 + 1}


def is_confirmed(row: Appointment) -> bool:
    if row.meaning is Meaning.BOOKED or not row.attendees:
        return row.meaning is Meaning.CONFIRMED
    return row.meaning is Meaning.CONFIRMED or row.variant % 2 == 0
