"""The vendor's JSON: one function per resource of the document."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.chance import chance, id_of, share_of
from simulators.gentu.knobs import Knobs
from simulators.gentu.wording import wording
from simulators.records import Appointment, AppointmentType, Patient, Practitioner, Stated

Json = dict[str, Any]
REFERRED = 0.3
DISAGREEMENT = 10  # minutes
FIRST_REFERRAL, REFERRAL_DAYS = date(2026, 1, 1), 365


def stamp(when: datetime, zone: ZoneInfo, *, is_zulu: bool = False) -> str:
    text = when.astimezone(ZoneInfo("UTC") if is_zulu else zone).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z") if is_zulu else text


def appointment(row: Appointment, zone: ZoneInfo, knobs: Knobs) -> Json:
    is_zulu = share_of("zulu", row.id) < knobs.zulu
    says_end = row.stated in {Stated.BOTH, Stated.END, Stated.CONFLICT}
    return {
        "id": row.id,
        "startAt": stamp(row.start, zone, is_zulu=is_zulu),
        "endAt": stamp(row.end, zone, is_zulu=is_zulu) if says_end else None,
        "minutesDuration": _minutes(row),
        "status": wording(row),
        "comment": row.notes,
        "description": row.title,
        "participant": list(_participants(row, zone)),
        "appointmentType": {"reference": _reference(row.type_id, knobs)},
        "extension": list(_extensions(row, zone)),
    }


def _minutes(row: Appointment) -> int | None:
    if row.stated in {Stated.END, Stated.NEITHER}:
        return None
    return row.minutes + (DISAGREEMENT if row.stated is Stated.CONFLICT else 0)


def _participants(row: Appointment, zone: ZoneInfo) -> Iterator[Json]:
    for each in row.attendees:
        arrived = {"arrivedAt": stamp(each.arrived_at, zone)} if each.arrived_at else {}
        yield {"referenceType": "patient", "referenceId": each.patient_id, **arrived}
    yield {"referenceType": "provider", "referenceId": row.practitioner_id}
    for index, kind in enumerate(("location", "health_care_service")):
        if row.variant % 3 > index:
            yield {"referenceType": kind, "referenceId": id_of(kind, row.practitioner_id)}


def _reference(type_id: str | None, knobs: Knobs) -> str | None:
    if type_id is None or knobs.type_reference == "bare":
        return type_id
    return f"appointment-types/{type_id}"


def _extensions(row: Appointment, zone: ZoneInfo) -> Iterator[Json]:
    if row.cancelled_at:
        yield {"system": "cancelled-at", "valueDateTime": stamp(row.cancelled_at, zone)}
    if row.variant % 5 == 0:
        yield {"system": "new-patient", "valueBoolean": row.variant % 2 == 0}


def practitioner(person: Practitioner) -> Json:
    return {
        "id": person.id,
        "name": {"family": person.last, "given": person.first, "prefix": person.prefix},
        "contact": [{"system": "email", "use": "work", "rank": 1, "value": person.email}],
        "active": person.is_active,
        "shownInAppointmentBook": person.in_book,
    }


def patient(person: Patient, knobs: Knobs) -> Json:
    return {
        "id": person.id,
        "name": {"family": person.last, "given": person.first, "prefix": person.prefix},
        "birthDate": person.born_on.isoformat() if person.born_on else None,
        "gender": person.gender,
        "address": None,
        "contact": _contacts(person, knobs),
        "identifier": [],
        "deceased": {"deceasedBoolean": True} if person.is_deceased else None,
        "indigenousStatus": None,
        "extension": [],
    }


def _contacts(person: Patient, knobs: Knobs) -> list[Json]:
    """In no order; the smallest rank that has a value is the one to use."""
    has_ranks = share_of("unranked", person.id) >= knobs.unranked
    rng = chance("contacts", person.id)
    contacts = [
        _contact("phone", number, (index + 1) if has_ranks else None)
        for index, number in enumerate(person.phones)
    ]
    if person.email:
        contacts.append(_contact("email", person.email, 1 if has_ranks else None))
    decoys = (("phone", None, 0), ("fax", None, 1), ("email", None, None))
    contacts.extend(_contact(*decoy) for decoy in decoys if rng.randrange(8) == 0)
    rng.shuffle(contacts)
    return contacts


def _contact(system: str, value: str | None, rank: int | None) -> Json:
    return {"system": system, "use": "home", "rank": rank, "value": value}


def appointment_type(kind: AppointmentType) -> Json:
    """The run-sheet plan names these fields (requirement R-GEN-08)."""
    return {
        "id": kind.id,
        "text": kind.name,
        "duration": kind.minutes,
        "colour": None,
        "onlineBookable": False,
    }


def sites(person: Practitioner) -> list[Json]:
    """The document names the path only; the fields are assumed."""
    return [{"id": id_of("location", person.id), "name": "Main rooms"}]


def user(person: Practitioner) -> Json:
    """The fields are assumed."""
    name = {"family": person.last, "given": person.first, "prefix": person.prefix}
    return {"id": id_of("user", person.id), "name": name, "active": person.is_active}


def referrals(person: Patient, practitioner_id: str) -> list[Json]:
    """The fields are assumed; about a third of the patients have one."""
    if share_of("referral", person.id) >= REFERRED:
        return []
    issued = FIRST_REFERRAL + timedelta(days=int(share_of("issued", person.id) * REFERRAL_DAYS))
    return [
        {
            "id": id_of("referral", person.id),
            "patientId": person.id,
            "practitionerId": practitioner_id,
            "issuedAt": issued.isoformat(),
        }
    ]
