"""The REST API: one array or one object, and refusals as JSON."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from simulators.advancedmd import openings, scheduler, troubles, writes
from simulators.advancedmd.offices import Office
from simulators.advancedmd.troubles import DESCRIPTIONS, Refused
from simulators.faults import Listing
from simulators.front import said
from simulators.serving import Reply, Request

Route = Callable[[Office, Request, str], Any]
PLACE = re.compile(r"(?i)scheduler/(?P<name>[a-z]+)(?:/(?P<id>\d+))?(?:/(?P<verb>[a-z]+))?$")

LIST = "get scheduler/appointments"
NUMBER = re.compile(r"\d+")
STATUSES = {
    troubles.SESSION: HTTPStatus.UNAUTHORIZED,
    troubles.CONCURRENT: HTTPStatus.CONFLICT,
}


class Rows(Listing):
    """A list without a name, or a lone row."""

    def records(self, document: Any) -> list[Any]:
        return [document] if isinstance(document, dict) else list(document)


ROWS = Rows("", ("startdatetime", "duration", "columnid", "profileid", "status"))


def answer(office: Office, request: Request, place: str) -> Reply:
    found = PLACE.match(place)
    route = found and ROUTES.get(
        (request.method, found["name"].lower(), bool(found["id"]), (found["verb"] or "").lower())
    )
    if not found or route is None:
        raise Refused(HTTPStatus.NOT_FOUND, "Not found")
    try:
        with office.clinic.lock:
            told = route(office, request, found["id"] or "")
    except KeyError:
        raise Refused(HTTPStatus.NOT_FOUND, "Not found") from None
    return said(told, HTTPStatus.CREATED if request.method == "POST" else HTTPStatus.OK)


def refused(trouble: Refused) -> Reply:
    code = {"code": trouble.code} if trouble.code is not None else {}
    return said({**code, "message": trouble.message}, trouble.status)


def faulted(number: int) -> Reply:
    """A fault of messages as REST would have it."""
    status = STATUSES.get(number, HTTPStatus.BAD_REQUEST)
    return refused(Refused(status, DESCRIPTIONS[number]))


def action_of(request: Request, place: str) -> str:
    """Without the ids, as the bill and the scripts of faults name it."""
    return f"{request.method} {NUMBER.sub('{id}', place)}".lower()


def _listed(rows: list[Any], office: Office) -> Any:
    """One row comes as it is, without an array around it."""
    return rows[0] if len(rows) == 1 and office.knobs.lone_row == "object" else rows


ROUTES: Mapping[tuple[str, str, bool, str], Route] = {
    ("GET", "appointments", False, ""): lambda office, request, _: _listed(
        scheduler.appointments(office, request.values()), office
    ),
    ("GET", "appointments", True, ""): lambda office, _, id_: scheduler.appointment(office, id_),
    ("POST", "appointments", False, ""): lambda office, request, _: writes.create(
        office, writes.read(request.body)
    ),
    ("PUT", "appointments", True, ""): lambda office, request, id_: writes.change(
        office, id_, writes.read(request.body)
    ),
    ("PUT", "appointments", True, "cancel"): lambda office, request, id_: writes.cancel(
        office, id_, writes.read(request.body)
    ),
    ("GET", "blockholds", False, ""): lambda office, request, _: _listed(
        openings.holds(office, request.values()), office
    ),
    ("GET", "columnopenings", False, ""): lambda office, request, _: _listed(
        openings.openings(office, request.values()), office
    ),
}
