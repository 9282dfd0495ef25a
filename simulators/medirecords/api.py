"""The vendor's endpoints: who may ask, and which function answers."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from simulators.control import PREFIX, read_body
from simulators.faults import Fault, Fits, Listing
from simulators.front import said
from simulators.medirecords import codes, fhir, shapes
from simulators.medirecords.controls import CONTROLS, described
from simulators.medirecords.knobs import Knobs
from simulators.medirecords.listing import Pages
from simulators.medirecords.offices import Office
from simulators.medirecords.resources import (
    NOT_FOUND,
    ROUTES,
    Asked,
    answer,
    patient,
    problem,
    search,
)
from simulators.medirecords.tokens import Api, Grant, Tokens
from simulators.records import Appointment
from simulators.serving import Reply, Request

INTERVALS = re.compile(r"(?:/v1)?/code-system/appointment-Interval-Code$")  # the capital is theirs
PATIENT = re.compile(r"/v1/patients/(?P<id>[^/]+)$")
PRACTICE = re.compile(r"/v1/practices/(?P<practice>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<id>[^/]+))?$")
LISTINGS = {
    "appointments": Listing("data", ("id", "scheduleTime", "appointmentStatus")),
    "appointment-types": Listing("data", ("id", "duration")),
}


class Medirecords:
    """The vendor behind the front door."""

    def __init__(self, offices: dict[str, Office], tokens: Tokens, knobs: Knobs) -> None:
        self.offices = offices
        self.tokens: Tokens = tokens
        self.clinics = {id_: office.clinic for id_, office in offices.items()}
        self._pages = {id_: Pages(office) for id_, office in offices.items()}
        self.set_knobs(knobs)

    def set_knobs(self, knobs: Knobs) -> None:
        self.knobs = knobs
        for office in self.offices.values():
            office.knobs = knobs

    def reply(self, request: Request, fault: Fault | None) -> Reply:
        grant = self.tokens.grant_of(request)
        if request.path.startswith(fhir.PREFIX):
            return self._fhir(request, grant)
        if grant is None or grant.api is not Api.REST:
            return problem(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        return answer(lambda: self._rest(request, grant, fault))

    def _fhir(self, request: Request, grant: Grant | None) -> Reply:
        if grant is None or grant.api is not Api.FHIR:
            return fhir.outcome(HTTPStatus.UNAUTHORIZED)
        url = f"http://{request.headers.get('host', '')}"
        return fhir.read(request.path, request.method, self._covered(grant), url)

    def _rest(self, request: Request, grant: Grant, fault: Fault | None) -> Reply:
        if found := PRACTICE.match(request.path):
            return self._of_practice(request, found, grant, fault)
        if request.method == "GET" and INTERVALS.match(request.path):
            return said(shapes.intervals(self.knobs.interval_shape))
        if (request.method, request.path) == ("POST", "/v1/patients/search"):
            return search(self._covered(grant), request.body, request.values(), self.knobs)
        if request.method == "GET" and (found := PATIENT.match(request.path)):
            return patient(self._covered(grant), found["id"])
        return NOT_FOUND

    def _of_practice(
        self, request: Request, found: re.Match[str], grant: Grant, fault: Fault | None
    ) -> Reply:
        id_ = found["practice"]
        if id_ not in grant.practices:
            return problem(self.knobs.uncovered_status, "The token does not cover this practice")
        route = ROUTES.get((request.method, found["name"], bool(found["id"])))
        if route is None:
            return NOT_FOUND
        asked = Asked(
            office=self.offices[id_],
            pages=self._pages[id_],
            values=request.values(),
            body=request.body,
            fault=fault,
            id=found["id"] or "",
        )
        return route(asked)

    def _covered(self, grant: Grant) -> list[Office]:
        return [office for id_, office in self.offices.items() if id_ in grant.practices]

    def tenant_of(self, request: Request) -> str | None:
        """The practice in the path, else the only one the token covers."""
        found = PRACTICE.match(request.path)
        if found and found["practice"] in self.clinics:
            return found["practice"]
        grant = self.tokens.grant_of(request)
        return next(iter(grant.practices)) if grant and len(grant.practices) == 1 else None

    def bucket_of(self, request: Request) -> str:
        return self.tenant_of(request) or "" if self.knobs.limit_per == "practice" else ""

    def fits(self, request: Request) -> Collection[Fits]:
        fits = {Fits.ANY, Fits.SIGNED}
        name = _list_name(request)
        if name:
            fits.add(Fits.LIST)
        if name == "appointments":
            fits.add(Fits.PAGED)
            if request.values().get("page", "0") != "0":
                fits.add(Fits.NEXT_PAGE)
        return fits

    def listing_of(self, request: Request) -> Listing | None:
        return LISTINGS.get(_list_name(request) or "")

    def is_counted(self, request: Request) -> bool:
        return True

    def wording(self, appointment: Appointment) -> str | None:
        return str(codes.status(appointment))

    def control(self, request: Request) -> Reply | None:
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        route = CONTROLS.get((request.method, name))
        if route is None:
            return None
        return said(route(self, {**request.values(), **read_body(request)}, rest))

    def described(self) -> list[dict[str, Any]]:
        return [described(office) for office in self.offices.values()]


def _list_name(request: Request) -> str | None:
    found = PRACTICE.match(request.path)
    is_list = found and request.method == "GET" and not found["id"] and found["name"] in LISTINGS
    return found["name"] if found and is_list else None
