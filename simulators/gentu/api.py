"""The vendor's endpoints: who may ask, and which function answers."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from simulators.control import PREFIX, read_body
from simulators.faults import Fault, Fits, Listing
from simulators.front import refusal, said
from simulators.gentu.controls import CONTROLS, described
from simulators.gentu.knobs import Knobs
from simulators.gentu.listing import Pages
from simulators.gentu.resources import NOT_FOUND, ROUTES, Asked, answer, status
from simulators.gentu.tenants import Access, Tenants
from simulators.gentu.tokens import Tokens
from simulators.gentu.wording import wording
from simulators.records import Appointment
from simulators.serving import Reply, Request

BASE = "/v1"
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
PAIRING = re.compile(r"/apps/(?P<app>[^/]+)/pairing/(?P<code>[^/]+)$")
TENANT = re.compile(
    r"/tenants/(?P<tenant>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<id>[^/]+))?(?P<more>/.+)?$"
)
LISTINGS = {
    "appointments": Listing("appointments", ("id", "startAt", "participant")),
    "practitioners": Listing("", ("id", "name")),
    "appointment-types": Listing("", ("id", "name")),
    "users": Listing("", ("id", "name")),
}


class Gentu:
    """The vendor behind the front door."""

    def __init__(self, tenants: Tenants, tokens: Tokens, knobs: Knobs) -> None:
        self.tenants: Tenants = tenants
        self.tokens: Tokens = tokens
        self.clinics = {tenant.id: tenant.clinic for tenant in tenants.by_id.values()}
        self.set_knobs(knobs)

    def set_knobs(self, knobs: Knobs) -> None:
        """Forgets encoded records and cursors, which were made under the old ones."""
        self.knobs = knobs
        self.tokens.seconds = knobs.token_seconds
        self._pages = {id_: Pages(clinic, knobs) for id_, clinic in self.clinics.items()}

    def reply(self, request: Request, fault: Fault | None) -> Reply:
        path = _bare(request.path)
        if (request.method, path) == ("POST", TOKEN_PATH):
            return self.tokens.issue(request)
        if not self.tokens.accepts(request):
            return refusal(HTTPStatus.UNAUTHORIZED, "Invalid access token")
        if request.method == "PUT" and (pairing := PAIRING.match(path)):
            return self._pair(pairing["app"], pairing["code"])
        if request.method == "GET" and path == "/tenants":
            return said(self.tenants.listed(self.knobs))
        if request.method == "GET" and (found := TENANT.match(path)):
            return self._of_tenant(request, found, fault)
        return NOT_FOUND

    def _pair(self, app_id: str, code: str) -> Reply:
        if app_id != self.tokens.credentials.app_id:
            return refusal(HTTPStatus.FORBIDDEN, "Not your app")
        return self.tenants.pair(code, self.knobs)

    def _of_tenant(self, request: Request, found: re.Match[str], fault: Fault | None) -> Reply:
        tenant = self.tenants.by_id.get(found["tenant"])
        route = ROUTES.get((found["name"], bool(found["id"]), found["more"] or ""))
        if tenant is None or route is None:
            return NOT_FOUND
        if tenant.access is Access.UNPAIRED:
            return refusal(self.knobs.unpaired_status, "Not found")
        if tenant.access is Access.DISABLED and route is not status:
            return refusal(HTTPStatus.FORBIDDEN, "Access to this practice is disabled")
        pages = self._pages[tenant.id]
        asked = Asked(tenant, pages, request.values(), fault, self.knobs, found["id"] or "")
        return answer(route, asked)

    def tenant_of(self, request: Request) -> str | None:
        found = TENANT.match(_bare(request.path))
        return found["tenant"] if found and found["tenant"] in self.clinics else None

    def fits(self, request: Request) -> Collection[Fits]:
        if _bare(request.path) == TOKEN_PATH:
            return {Fits.ANY}
        name = _list_name(request)
        if name != "appointments":
            return {Fits.ANY, Fits.SIGNED, *([Fits.LIST] if name else [])}
        later = [Fits.NEXT_PAGE] if "cursor" in request.values() else []
        return {Fits.ANY, Fits.SIGNED, Fits.LIST, Fits.PAGED, *later}

    def listing_of(self, request: Request) -> Listing | None:
        return LISTINGS.get(_list_name(request) or "")

    def is_counted(self, request: Request) -> bool:
        return self.knobs.counts_token_calls or _bare(request.path) != TOKEN_PATH

    def wording(self, appointment: Appointment) -> str | None:
        return wording(appointment)

    def control(self, request: Request) -> Reply | None:
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        route = CONTROLS.get((request.method, name))
        if route is None:
            return None
        return said(route(self, {**request.values(), **read_body(request)}, rest))

    def described(self) -> list[dict[str, Any]]:
        return [described(tenant, self.knobs) for tenant in self.tenants.by_id.values()]


def _bare(path: str) -> str:
    """The document's base ends in /v1; the same paths answer without it."""
    return path.removeprefix(BASE)


def _list_name(request: Request) -> str | None:
    found = TENANT.match(_bare(request.path))
    return found["name"] if found and not found["id"] and found["name"] in LISTINGS else None
