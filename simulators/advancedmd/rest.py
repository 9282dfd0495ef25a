"""The REST API: one array or one object, and refusals as JSON."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from simulators.advancedmd import scheduler
from simulators.advancedmd.offices import Office
from simulators.advancedmd.troubles import Refused
from simulators.front import said
from simulators.serving import Reply, Request

Route = Callable[[Office, Request, str], Any]
PLACE = re.compile(r"(?i)scheduler/(?P<name>[a-z]+)(?:/(?P<id>\d+))?(?:/(?P<verb>[a-z]+))?$")


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
    return said(told)


def refused(trouble: Refused) -> Reply:
    code = {"code": trouble.code} if trouble.code is not None else {}
    return said({**code, "message": trouble.message}, trouble.status)


def _listed(rows: list[Any], office: Office) -> Any:
    """One row comes as it is, without an array around it."""
    return rows[0] if len(rows) == 1 and office.knobs.lone_row == "object" else rows


ROUTES: Mapping[tuple[str, str, bool, str], Route] = {
    ("GET", "appointments", False, ""): lambda office, request, _: _listed(
        scheduler.appointments(office, request.values()), office
    ),
    ("GET", "appointments", True, ""): lambda office, _, id_: scheduler.appointment(office, id_),
}
