"""Searches of one practice group: which rows match, and what comes with them."""

from collections.abc import Callable, Iterator, Mapping

from simulators.chance import share_of
from simulators.halaxy import codes
from simulators.halaxy.groups import Group, Role
from simulators.halaxy.queries import Query, date_test, malformed, reference
from simulators.halaxy.shapes import Json, Shapes
from simulators.records import Appointment

Test = Callable[[Appointment], bool]
DATES = ("date", "created", "_lastUpdated")
SORTS = {"date": False, "-date": True}
PATIENT, ROLE = "Appointment:patient", "Appointment:practitioner-role"
PERSON, PLACE = "PractitionerRole:practitioner", "PractitionerRole:organization"


def appointments(group: Group, query: Query) -> list[Appointment]:
    tests = list(_tests(group, query))
    with group.clinic.lock:
        rows = [
            row
            for row in group.clinic.appointments.values()
            if all(is_match(row) for is_match in tests)
        ]
    return _sorted(rows, group, query)


def _sorted(rows: list[Appointment], group: Group, query: Query) -> list[Appointment]:
    sort = query.one("_sort")
    is_by_start = sort in SORTS or group.knobs.order == "start"
    return sorted(
        rows,
        key=lambda row: (row.start.timestamp() if is_by_start else 0, row.id),
        reverse=SORTS.get(sort or "", False),
    )


def _tests(group: Group, query: Query) -> Iterator[Test]:
    """Names that are not among these are passed over without a word."""
    for name in DATES:
        for value in query.all(name):
            yield _date(group, name, value)
    if ids := query.one("_id"):
        yield _among(set(ids.split(",")))
    if status := query.one("part-status"):
        yield _with_status(group, codes.plain(status))
    for name, (type_, ids_of) in _references(group).items():
        if named := query.one(name):
            id_ = reference(named, name, type_)
            if id_ is not None:
                yield _naming(id_, ids_of)


def _date(group: Group, name: str, value: str) -> Test:
    is_in = date_test(value, name, group.clinic.zone)
    tests: Mapping[str, Test] = {
        "date": lambda row: is_in(row.start),
        "created": lambda row: is_in(group.clinic.created_at(row.id)),
        "_lastUpdated": lambda row: is_in(group.clinic.updated_at(row.id)),
    }
    return tests[name]


def _among(ids: set[str]) -> Test:
    return lambda row: row.id in ids


def _with_status(group: Group, status: str) -> Test:
    return lambda row: any(
        codes.plain(group.code_of(row, each.patient_id) or "") == status for each in row.attendees
    )


def _naming(id_: str, ids_of: Callable[[Appointment], list[str]]) -> Test:
    return lambda row: id_ in ids_of(row)


def _references(group: Group) -> dict[str, tuple[str, Callable[[Appointment], list[str]]]]:
    return {
        "patient": ("Patient", lambda row: [each.patient_id for each in row.attendees]),
        "practitioner": ("Practitioner", lambda row: [row.practitioner_id]),
        "practitioner-role": ("PractitionerRole", lambda row: [group.role_of(row).id]),
        "organization": ("Organization", lambda row: [group.role_of(row).clinic_id, group.id]),
    }


def included(rows: list[Appointment], query: Query, shapes: Shapes) -> list[Json]:
    """Each once a page, and some never."""
    asked = {*query.all("_include"), *query.all("_include:iterate")}
    group = shapes.group
    resources: list[Json] = []
    if PATIENT in asked:
        ids = dict.fromkeys(each.patient_id for row in rows for each in row.attendees)
        resources += [shapes.patient(group.clinic.patients[id_]) for id_ in ids]
    if ROLE in asked:
        roles = list(dict.fromkeys(group.role_of(row) for row in rows))
        resources += [shapes.role(role) for role in roles]
        resources += _iterated(roles, asked, shapes)
    gaps = group.knobs.include_gaps
    return [each for each in resources if share_of("gap", each["resourceType"], each["id"]) >= gaps]


def _iterated(roles: list[Role], asked: set[str], shapes: Shapes) -> list[Json]:
    """What the roles of this page lead to."""
    resources: list[Json] = []
    if PERSON in asked:
        people = dict.fromkeys(role.practitioner_id for role in roles)
        resources += [shapes.practitioner(shapes.group.clinic.practitioners[id_]) for id_ in people]
    if PLACE in asked:
        places = dict.fromkeys(role.clinic_id for role in roles)
        resources += [shapes.organization(id_) for id_ in places]
    return resources


def others(type_: str, query: Query, shapes: Shapes) -> list[Json]:
    """Any other resource, filtered by its id only."""
    group = shapes.group
    listed: Mapping[str, Callable[[], list[Json]]] = {
        "Patient": lambda: [shapes.patient(each) for each in group.clinic.patients.values()],
        "Practitioner": lambda: [
            shapes.practitioner(each) for each in group.clinic.practitioners.values()
        ],
        "PractitionerRole": lambda: [shapes.role(each) for each in group.roles().values()],
        "HealthcareService": lambda: [shapes.service(each) for each in group.clinic.types.values()],
        "Organization": lambda: [
            shapes.organization(each) for each in (group.id, *group.clinic_ids)
        ],
    }
    ids = query.one("_id")
    if ids == "":
        raise malformed("_id")
    found = listed[type_]()
    return [each for each in found if each["id"] in ids.split(",")] if ids else found
