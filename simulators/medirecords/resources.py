"""What each endpoint of the REST API answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from simulators.faults import Fault
from simulators.front import said
from simulators.medirecords import shapes, writes
from simulators.medirecords.knobs import Knobs
from simulators.medirecords.listing import Pages, paged
from simulators.medirecords.offices import Office
from simulators.medirecords.queries import BadRequest, Paging
from simulators.records import Patient
from simulators.serving import Reply

SEARCHABLE: Mapping[str, Callable[[Patient], str | None]] = {
    "firstName": lambda person: person.first,
    "lastName": lambda person: person.last,
    "email": lambda person: person.email,
    "mobilePhone": lambda person: person.phone,
    "dob": lambda person: person.born_on.isoformat() if person.born_on else None,
}
FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to one practice, taken apart."""

    office: Office
    pages: Pages
    values: dict[str, str]
    body: bytes
    fault: Fault | None
    id: str


def problem(status: int, message: str) -> Reply:
    return said({"status": int(status), "message": message}, status)


def answer(route: Callable[[], Reply]) -> Reply:
    try:
        return route()
    except BadRequest as trouble:
        return problem(HTTPStatus.BAD_REQUEST, str(trouble))
    except KeyError:
        return NOT_FOUND


def _practice(asked: Asked) -> Reply:
    return said(shapes.practice(asked.office))


def _appointments(asked: Asked) -> Reply:
    return said(asked.pages.read(asked.values, asked.fault))


def _appointment(asked: Asked) -> Reply:
    return said(shapes.appointment(asked.office.clinic.appointments[asked.id], asked.office))


def _types(asked: Asked) -> Reply:
    kinds = [shapes.appointment_type(each) for each in asked.office.clinic.types.values()]
    for name in ("telehealth", "activeStatus"):
        if asked.values.get(name) in FLAGS:
            kinds = [each for each in kinds if each[name] is FLAGS[asked.values[name]]]
    return said(paged(kinds, Paging.read(asked.values, asked.office.knobs)))


def _type(asked: Asked) -> Reply:
    return said(shapes.appointment_type(asked.office.clinic.types[asked.id]))


def patient(offices: list[Office], id_: str) -> Reply:
    for office in offices:
        if id_ in office.clinic.patients:
            return said(shapes.patient(office.clinic.patients[id_], office))
    return NOT_FOUND


def search(offices: list[Office], body: bytes, values: dict[str, str], knobs: Knobs) -> Reply:
    """Every field named must match, in any case; the fields are assumed to be the patient's own."""
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    found = [
        shapes.patient(person, office)
        for office in offices
        for person in office.clinic.patients.values()
        if _matches(person, told)
    ]
    return said(paged(found, Paging.read({**told, **values}, knobs)))


def _matches(person: Patient, told: dict[str, Any]) -> bool:
    return all(
        str(told[name]).casefold() == (read(person) or "").casefold()
        for name, read in SEARCHABLE.items()
        if told.get(name)
    )


NOT_FOUND = problem(HTTPStatus.NOT_FOUND, "Not found")
Route = Callable[[Asked], Reply]
ROUTES: Mapping[tuple[str, str | None, bool], Route] = {
    ("GET", None, False): _practice,
    ("GET", "appointments", False): _appointments,
    ("POST", "appointments", False): lambda asked: writes.create(asked.office, asked.body),
    ("GET", "appointments", True): _appointment,
    ("PUT", "appointments", True): lambda asked: writes.overwrite(
        asked.office, asked.id, asked.body
    ),
    ("DELETE", "appointments", True): lambda asked: writes.remove(asked.office, asked.id),
    ("GET", "appointment-types", False): _types,
    ("GET", "appointment-types", True): _type,
}
