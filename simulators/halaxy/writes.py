"""What a client may write: changes to an appointment, and bookings; nothing is ever deleted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from simulators.chance import chance, new_id
from simulators.halaxy import codes
from simulators.halaxy.groups import Group
from simulators.halaxy.outcomes import Refused
from simulators.halaxy.queries import malformed, reference
from simulators.records import Appointment, Attendee, Meaning, Stated

Json = dict[str, Any]
TEXT = "description"


def read(body: bytes) -> Json:
    try:
        told = json.loads(body)
    except ValueError:
        raise Refused(HTTPStatus.BAD_REQUEST, "The body is not JSON") from None
    if not isinstance(told, dict):
        raise malformed("The body")
    return told


def patch(group: Group, id_: str, told: Json) -> Appointment:
    """A merge patch: what is left out stays."""
    with group.clinic.lock:
        row = _timed(group.clinic.appointments[id_], told)
        if TEXT in told:
            row = replace(row, notes=told[TEXT])
        for code in _statuses(told):
            row = replace(row, meaning=_meaning(code), variant=0)
        return group.clinic.revise(row)


def book(group: Group, told: Json) -> Appointment:
    """Of a Parameters resource."""
    given = {each.get("name"): each for each in told.get("parameter", [])}
    draft = (given.get("appt-resource") or {}).get("resource")
    if not isinstance(draft, dict) or "start" not in draft or "end" not in draft:
        raise malformed("appt-resource")
    clinic = group.clinic
    with clinic.lock:
        row = Appointment(
            id=new_id(chance("booked", group.id, clinic.version)),
            practitioner_id=_practitioner(group, draft),
            start=clinic.made_at,
            minutes=0,
            attendees=(Attendee(_known(given, "patient-id", "Patient", clinic.patients)),),
            type_id=_known(given, "healthcare-service-id", "HealthcareService", clinic.types),
            meaning=_meaning((given.get("status") or {}).get("valueCode", "booked")),
            notes=draft.get(TEXT),
        )
        added = clinic.add(_timed(row, draft))
        if place := (given.get("location-type") or {}).get("valueCode"):
            group.locations[added.id] = place
        return added


def _timed(row: Appointment, told: Json) -> Appointment:
    start = _instant(told, "start") or row.start
    end = _instant(told, "end") or start + timedelta(minutes=row.minutes)
    if end < start:
        raise malformed("end")
    stated = Stated.BOTH if "end" in told else row.stated
    minutes = int((end - start) / timedelta(minutes=1))
    return replace(row, start=start, minutes=minutes, stated=stated)


def _instant(told: Json, name: str) -> datetime | None:
    if told.get(name) is None:
        return None
    try:
        when = datetime.fromisoformat(str(told[name]))
    except ValueError:
        raise malformed(name) from None
    if when.tzinfo is None:
        raise malformed(name)
    return when.astimezone(UTC)


def _statuses(told: Json) -> Iterator[str]:
    for participant in told.get("participant", []):
        for extension in participant.get("modifierExtension", []):
            yield str(extension.get("valueCoding", {}).get("code"))


def _meaning(code: str) -> Meaning:
    meaning = codes.WRITABLE.get(codes.plain(str(code)))
    if meaning is None:
        raise malformed("status")
    return meaning


def _known(given: dict[Any, Json], name: str, type_: str, things: Any) -> str:
    value = (given.get(name) or {}).get("valueReference", {}).get("reference", "")
    id_ = reference(value, name, type_)
    if id_ is None or id_ not in things:
        raise malformed(name)
    return id_


def _practitioner(group: Group, draft: Json) -> str:
    """Whoever the draft names, else the first at work."""
    roles = group.roles()
    for each in draft.get("participant", []):
        id_ = reference(each["actor"]["reference"], "participant", "PractitionerRole")
        if id_ in roles:
            return roles[id_].practitioner_id
    return group.clinic.practice.at_work[0].id
