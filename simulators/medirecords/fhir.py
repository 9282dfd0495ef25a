"""The other API, as far as it is needed: who the practitioners are."""

import re
from http import HTTPStatus

from simulators.front import said
from simulators.medirecords import shapes
from simulators.medirecords.offices import Office
from simulators.records import Practitioner
from simulators.serving import Reply

PREFIX = "/fhir/v1/"
PRACTITIONER = re.compile(r"/fhir/v1/Practitioner(?:/(?P<id>[^/]+))?$")
CODES = {
    HTTPStatus.UNAUTHORIZED: "login",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not-found",
}


def outcome(status: HTTPStatus) -> Reply:
    issue = {"severity": "error", "code": CODES[status], "diagnostics": status.phrase}
    return said({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def read(path: str, method: str, offices: list[Office], url: str) -> Reply:
    found = PRACTITIONER.match(path)
    if found is None or method != "GET":
        return outcome(HTTPStatus.NOT_FOUND)
    people = {
        id_: person for office in offices for id_, person in office.clinic.practitioners.items()
    }
    if found["id"] is None:
        return said(_bundle(list(people.values()), url))
    if found["id"] not in people:
        return outcome(HTTPStatus.NOT_FOUND)
    return said(shapes.practitioner(people[found["id"]]))


def _bundle(people: list[Practitioner], url: str) -> dict[str, object]:
    """All on one page; the paging of this API is not described."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(people),
        "link": [{"relation": "self", "url": f"{url}/fhir/v1/Practitioner"}],
        "entry": [
            {
                "fullUrl": f"{url}/fhir/v1/Practitioner/{each.id}",
                "resource": shapes.practitioner(each),
                "search": {"mode": "match"},
            }
            for each in people
        ],
    }
