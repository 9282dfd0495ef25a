"""The vendor's endpoints: who may ask, and which function answers."""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from simulators.clinic import Change
from simulators.control import PREFIX, read_body
from simulators.faults import Fault, Fits, Listing
from simulators.front import said
from simulators.halaxy import codes
from simulators.halaxy.bundles import Bundles
from simulators.halaxy.controls import CONTROLS, described
from simulators.halaxy.groups import Clock, Group
from simulators.halaxy.hooks import Hooks
from simulators.halaxy.knobs import Knobs
from simulators.halaxy.outcomes import Refused, refusal
from simulators.halaxy.queries import Query
from simulators.halaxy.resources import TYPES, Asked, answer
from simulators.halaxy.tokens import Tokens, client_of
from simulators.records import Appointment
from simulators.serving import Reply, Request

TOKEN_PATH = "/main/oauth/token"  # noqa: S105 - a path
RESOURCE = re.compile(r"/main/(?P<type>[A-Za-z]+)(?:/(?P<id>[^/]+))?$")
AGENT = re.compile(r"[^()]+ \([^()\s@]+@[^()\s@]+\)$")
BREAKABLE = {"Appointment": ("id", "start", "participant")}


class Halaxy:
    """The vendor behind the front door."""

    def __init__(
        self, groups: dict[str, Group], tokens: Tokens, clock: Clock, knobs: Knobs
    ) -> None:
        self.groups: dict[str, Group] = groups
        self.tokens: Tokens = tokens
        self.clock: Clock = clock
        self.clinics = {id_: group.clinic for id_, group in groups.items()}
        self.hooks: Hooks = Hooks(lambda: self.knobs, clock)
        self._bundles = {id_: Bundles() for id_ in groups}
        for id_, clinic in self.clinics.items():
            clinic.watchers.append(self._watcher(id_))
        self.set_knobs(knobs)

    def _watcher(self, group_id: str) -> Any:
        def watch(change: Change) -> None:
            self.hooks.note(group_id, change)

        return watch

    def set_knobs(self, knobs: Knobs) -> None:
        self.knobs = knobs
        self.tokens.knobs = knobs
        for group in self.groups.values():
            group.knobs = knobs

    def reply(self, request: Request, fault: Fault | None) -> Reply:
        try:
            return self._reply(request, fault)
        except Refused as refused:
            return refusal(refused)
        except KeyError:
            return refusal(Refused(HTTPStatus.NOT_FOUND, "Not found"))

    def _reply(self, request: Request, fault: Fault | None) -> Reply:
        if not AGENT.match(request.headers.get("user-agent", "")):
            raise Refused(HTTPStatus.FORBIDDEN, "User-Agent must be VENDOR_NAME (VENDOR_EMAIL)")
        if (request.method, request.path) == ("POST", TOKEN_PATH):
            return self.tokens.issue(request)
        group = self.groups[self.tokens.admit(request)]
        if not group.is_open:
            raise Refused(HTTPStatus.FORBIDDEN, "The practice has no access to the API")
        found = RESOURCE.match(request.path)
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "Not found")
        asked = Asked(
            group=group,
            bundles=self._bundles[group.id],
            method=request.method,
            type=found["type"],
            id=found["id"],
            query=request.query,
            body=request.body,
            url=f"http://{request.headers.get('host', '')}",
            fault=fault,
        )
        with self.hooks.written_by_api():
            return answer(asked)

    def tenant_of(self, request: Request) -> str | None:
        """The practice group whose key it is, even while a token is being asked for."""
        if request.path == TOKEN_PATH:
            return self.tokens.group_of_client(client_of(request))
        return self.tokens.group_of(request)

    def bucket_of(self, request: Request) -> str:
        return self.tenant_of(request) or "" if self.knobs.limit_per == "key" else ""

    def fits(self, request: Request) -> Collection[Fits]:
        if request.path == TOKEN_PATH:
            return {Fits.ANY}
        if _searched(request) is None:
            return {Fits.ANY, Fits.SIGNED}
        later = [] if Query.read(request.query).one("page") in {None, "", "1"} else [Fits.NEXT_PAGE]
        return {Fits.ANY, Fits.SIGNED, Fits.LIST, Fits.PAGED, *later}

    def listing_of(self, request: Request) -> Listing | None:
        type_ = _searched(request)
        return Listing("entry", BREAKABLE.get(type_, ("id", "name")), type_) if type_ else None

    def is_counted(self, request: Request) -> bool:
        return self.knobs.counts_token_calls or request.path != TOKEN_PATH

    def wording(self, appointment: Appointment) -> str | None:
        return codes.word(appointment.meaning, appointment.variant)

    def control(self, request: Request) -> Reply | None:
        name, _, rest = request.path.removeprefix(PREFIX).partition("/")
        route = CONTROLS.get((request.method, name))
        if route is None:
            return None
        return said(route(self, {**request.values(), **read_body(request)}, rest))

    def described(self) -> list[dict[str, Any]]:
        return [described(group) for group in self.groups.values()]


def _searched(request: Request) -> str | None:
    found = RESOURCE.match(request.path)
    is_search = found and request.method == "GET" and not found["id"] and found["type"] in TYPES
    return found["type"] if found and is_search else None
