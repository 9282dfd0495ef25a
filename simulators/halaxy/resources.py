"""What each endpoint of a practice group answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from simulators.faults import Fault
from simulators.front import said
from simulators.halaxy import searching, writes
from simulators.halaxy.bundles import Bundles, Row
from simulators.halaxy.groups import Group
from simulators.halaxy.outcomes import Refused
from simulators.halaxy.queries import Query
from simulators.halaxy.shapes import Json, Shapes
from simulators.records import Appointment
from simulators.serving import Reply

TYPES = (
    "Appointment", "Patient", "Practitioner", "PractitionerRole", "HealthcareService",
    "Organization",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to one practice group, taken apart."""

    group: Group
    bundles: Bundles
    method: str
    type: str
    id: str | None
    query: str
    body: bytes
    url: str
    fault: Fault | None

    @property
    def shapes(self) -> Shapes:
        return Shapes(self.group, self.url)


def answer(asked: Asked) -> Reply:
    if asked.type not in TYPES:
        raise Refused(HTTPStatus.NOT_FOUND, f"There is no {asked.type}")
    if asked.type in asked.group.refused:
        raise Refused(HTTPStatus.FORBIDDEN, f"The key has no scope for {asked.type}")
    if asked.type == "Appointment" and asked.method in WRITES:
        return WRITES[asked.method](asked)
    if asked.method != "GET":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"No {asked.method} here")
    return _search(asked) if asked.id is None else _one(asked, asked.id)


def _search(asked: Asked) -> Reply:
    query, shapes = Query.read(asked.query), asked.shapes
    if asked.type == "Appointment":
        rows = searching.appointments(asked.group, query)
        return said(_bundle(asked, query, rows, lambda page: _told(page, query, shapes)))
    resources = searching.others(asked.type, query, shapes)
    return said(_bundle(asked, query, resources, lambda page: (list(page), [])))


def _told(
    rows: Sequence[Appointment], query: Query, shapes: Shapes
) -> tuple[list[Json], list[Json]]:
    matches = [shapes.appointment(row) for row in rows]
    return matches, searching.included(list(rows), query, shapes)


def _bundle(
    asked: Asked,
    query: Query,
    rows: Sequence[Row],
    told: Callable[[Sequence[Row]], tuple[list[Json], list[Json]]],
) -> Json:
    return asked.bundles.read(
        rows,
        query,
        address=f"{asked.url}/main/{asked.type}",
        knobs=asked.group.knobs,
        fault=asked.fault,
        told=told,
    )


def _one(asked: Asked, id_: str) -> Reply:
    shapes, clinic = asked.shapes, asked.group.clinic
    readers: Mapping[str, Callable[[], Json]] = {
        "Appointment": lambda: shapes.appointment(clinic.appointments[id_]),
        "Patient": lambda: shapes.patient(clinic.patients[id_]),
        "Practitioner": lambda: shapes.practitioner(clinic.practitioners[id_]),
        "PractitionerRole": lambda: shapes.role(asked.group.roles()[id_]),
        "HealthcareService": lambda: shapes.service(clinic.types[id_]),
        "Organization": lambda: _organization(asked, id_),
    }
    return said(readers[asked.type]())


def _organization(asked: Asked, id_: str) -> Json:
    if id_ not in {asked.group.id, *asked.group.clinic_ids}:
        raise KeyError(id_)
    return asked.shapes.organization(id_)


def _patch(asked: Asked) -> Reply:
    row = writes.patch(asked.group, asked.id or "", writes.read(asked.body))
    return said(asked.shapes.appointment(row))


def _book(asked: Asked) -> Reply:
    if asked.id != "$book":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Appointments are booked by $book")
    row = writes.book(asked.group, writes.read(asked.body))
    return said(asked.shapes.appointment(row), HTTPStatus.CREATED)


WRITES: Mapping[str, Callable[[Asked], Reply]] = {"PATCH": _patch, "POST": _book}
