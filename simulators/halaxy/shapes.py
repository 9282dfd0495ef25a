"""The vendor's JSON: one function per resource of the document."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulators.chance import chance, share_of
from simulators.halaxy.groups import Group, Role
from simulators.records import (
    Appointment,
    AppointmentType,
    Meaning,
    Patient,
    Practitioner,
    Stated,
)

Json = dict[str, Any]
STATUS_URL = "https://terminology.halaxy.com/StructureDefinition/appointment-participant-status"
STATUS_SYSTEM = "https://au-api.halaxy.com/presets/CodeSystem/appointment-participant-status"
LOCATION_URL = "https://terminology.halaxy.com/StructureDefinition/location-type"
DURATION_URL = "https://terminology.halaxy.com/StructureDefinition/healthcare-service-duration"
DISAGREEMENT = 10  # minutes
LANDLINES = ("(03)", "03", "+61 3", "+613")


@dataclass(frozen=True, slots=True)
class Shapes:
    group: Group
    url: str  # of the host, as the client called it

    def appointment(self, row: Appointment) -> Json:
        is_utc = share_of("utc", row.id) < self.group.knobs.utc
        zone = ZoneInfo("UTC") if is_utc else self.group.clinic.zone
        comments = {"description": row.notes} if row.notes else {}
        return {
            "resourceType": "Appointment",
            "id": row.id,
            **self._dates(row.id),
            **comments,
            **_times(row, zone),
            **_cancellation(row),
            "supportingInformation": list(self._information(row)),
            "participant": list(self._participants(row)),
        }

    def _dates(self, id_: str) -> Json:
        clinic = self.group.clinic
        return {
            "meta": {"lastUpdated": stamp(clinic.updated_at(id_))},
            "created": stamp(clinic.created_at(id_)),
        }

    def _reference(self, type_: str, id_: str, *, of: str) -> Json:
        """Now the path alone, now the whole address."""
        is_whole = share_of("absolute", of, type_, id_) < self.group.knobs.absolute
        path = f"/main/{type_}/{id_}"
        return {"reference": f"{self.url}{path}" if is_whole else path, "type": type_}

    def _information(self, row: Appointment) -> Iterator[Json]:
        if row.type_id:
            yield self._reference("HealthcareService", row.type_id, of=row.id)
        code = self.group.location_of(row)
        if code and self.group.knobs.location_type != "none":
            yield _location(self.group.knobs.location_type, code)

    def _participants(self, row: Appointment) -> Iterator[Json]:
        """The status beside an actor is no attendance: everybody has accepted."""
        yield {"actor": self._worker(row), "status": "accepted"}
        for each in row.attendees:
            actor = self._reference("Patient", each.patient_id, of=row.id)
            code = self.group.code_of(row, each.patient_id)
            extension = {"modifierExtension": [_status(code)]} if code else {}
            yield {"actor": actor, "status": "accepted", **extension}

    def _worker(self, row: Appointment) -> Json:
        if share_of("direct", row.id) < self.group.knobs.direct_practitioners:
            return self._reference("Practitioner", row.practitioner_id, of=row.id)
        return self._reference("PractitionerRole", self.group.role_of(row).id, of=row.id)

    def patient(self, person: Patient) -> Json:
        known = {
            "birthDate": person.born_on.isoformat() if person.born_on else None,
            "gender": person.gender,
        }
        return {
            "resourceType": "Patient",
            "id": person.id,
            "meta": {"lastUpdated": stamp(self.group.clinic.updated_at(person.id))},
            "active": True,
            "name": list(_names(person)),
            "telecom": list(_telecom(person)),
            **{name: value for name, value in known.items() if value},
        }

    def practitioner(self, person: Practitioner) -> Json:
        prefix = {"prefix": [person.prefix]} if person.prefix else {}
        return {
            "resourceType": "Practitioner",
            "id": person.id,
            "active": person.is_active,
            "name": [{"use": "official", "family": person.last, "given": [person.first], **prefix}],
            "telecom": [{"system": "email", "value": person.email}],
        }

    def role(self, role: Role) -> Json:
        return {
            "resourceType": "PractitionerRole",
            "id": role.id,
            "active": self.group.clinic.practitioners[role.practitioner_id].is_active,
            "practitioner": self._reference("Practitioner", role.practitioner_id, of=role.id),
            "organization": self._reference("Organization", role.clinic_id, of=role.id),
        }

    def service(self, kind: AppointmentType) -> Json:
        quantity = {"value": kind.minutes, "unit": "minutes"}
        length = [{"url": DURATION_URL, "valueQuantity": quantity}] if kind.minutes else []
        return {
            "resourceType": "HealthcareService",
            "id": kind.id,
            "active": True,
            "name": kind.name,
            **({"extension": length} if length else {}),
        }

    def organization(self, id_: str) -> Json:
        whole: Json = {"resourceType": "Organization", "id": id_, "active": True}
        if id_ == self.group.id:
            return {**whole, "name": self.group.name}
        above = self._reference("Organization", self.group.id, of=id_)
        name = f"{self.group.name}, rooms {id_.removeprefix('CL-')}"
        return {**whole, "name": name, "partOf": above}


def stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds")


def _times(row: Appointment, zone: ZoneInfo) -> Json:
    """Where end and length disagree, the end is right."""
    times: Json = {"start": row.start.astimezone(zone).isoformat(timespec="seconds")}
    if row.stated is not Stated.MINUTES:
        times["end"] = row.end.astimezone(zone).isoformat(timespec="seconds")
    if row.stated is not Stated.END:
        wrong = DISAGREEMENT if row.stated is Stated.CONFLICT else 0
        times["minutesDuration"] = row.minutes + wrong
    return times


def _cancellation(row: Appointment) -> Json:
    """Many lack it; where nobody takes part, it is all there is."""
    if row.meaning is not Meaning.CANCELLED or (row.attendees and row.variant % 2):
        return {}
    return {"cancellationReason": {"text": "Cancelled by the practice"}}


def _status(code: str) -> Json:
    coding = {"system": STATUS_SYSTEM, "code": code, "display": code.capitalize()}
    return {"url": STATUS_URL, "valueCoding": coding}


def _location(shape: str, code: str) -> Json:
    """How a location-type reads is not public; the first is the run-sheet plan's."""
    shapes: dict[str, Json] = {
        "value": {"type": "location-type", "value": code},
        "valueCode": {"type": "location-type", "valueCode": code},
        "valueString": {"type": "location-type", "valueString": code},
        "valueCoding": {"type": "location-type", "valueCoding": {"code": code}},
        "name": {"name": "location-type", "valueCode": code},
        "url": {"url": LOCATION_URL, "valueCode": code},
    }
    return shapes[shape]


def _names(person: Patient) -> Iterator[Json]:
    """The usual name may be a given name alone."""
    given = {"given": [person.first]} if person.first else {}
    prefix = {"prefix": [person.prefix]} if person.prefix else {}
    if person.first and share_of("usual", person.id) < 1 / 4:
        yield {"use": "usual", "given": [person.first[:3]]}
    yield {"use": "official", "family": person.last, **given, **prefix}


def _telecom(person: Patient) -> Iterator[Json]:
    """A mobile is under sms; the number to call comes before any other."""
    if chance("fax", person.id).randrange(8) == 0:
        yield {"system": "fax", "value": "(03) 5550 1999"}
    for index, number in enumerate(person.phones):
        is_mobile = index == 0 and not number.startswith(LANDLINES)
        yield {"system": "sms" if is_mobile else "phone", "value": number}
    if person.email:
        yield {"system": "email", "value": person.email}
