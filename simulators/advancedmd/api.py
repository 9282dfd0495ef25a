"""The vendor's doors: who may ask, and which function answers."""

import re
from collections.abc import Collection
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from simulators.advancedmd import messages, rest, tokens, troubles
from simulators.advancedmd.actions import ACTIONS
from simulators.advancedmd.clock import Clock
from simulators.advancedmd.controls import CONTROLS, described
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.logins import Logins
from simulators.advancedmd.messages import Message
from simulators.advancedmd.offices import Office
from simulators.advancedmd.tokens import Tokens
from simulators.advancedmd.troubles import Faulted, Refused
from simulators.control import PREFIX, read_body
from simulators.faults import Fault, Fits, Listing
from simulators.front import said
from simulators.records import Appointment
from simulators.serving import Reply, Request

DOOR = "/practicemanager/xmlrpc/processrequest.aspx"
SERVER = re.compile(r"/processrequest/api-(\d+)/([^/]+)/xmlrpc/processrequest\.aspx$")
REST = re.compile(r"/api/api-(\d+)/([^/]+)/(.+)$")
LOGIN = "login"


class Advancedmd:
    """The vendor behind the front door."""

    def __init__(self, offices: dict[str, Office], seed: object, clock: Clock) -> None:
        self.offices = offices
        self.clock = clock
        self.clinics = {key: office.clinic for key, office in offices.items()}
        self.tokens: Tokens = Tokens(seed, clock)
        self.logins = Logins(offices, self.tokens)

    def set_knobs(self, knobs: Knobs) -> None:
        self.knobs = knobs
        for office in self.offices.values():
            office.knobs = knobs

    def reply(self, request: Request, fault: Fault | None) -> Reply:
        try:
            if request.path == DOOR or SERVER.match(request.path):
                return self._message(request)
            if found := REST.match(request.path):
                return rest.answer(self._rest_office(request, found), request, found[3])
        except Refused as trouble:
            return rest.refused(trouble)
        return rest.refused(Refused(HTTPStatus.NOT_FOUND, "Not found"))

    def _message(self, request: Request) -> Reply:
        if request.method != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Post a message")
        message = messages.read(request)
        try:
            if message.action == LOGIN:
                return self._login(message, request)
            return self._act(message, request)
        except Faulted as fault:
            return messages.faulted(message, fault)

    def _login(self, message: Message, request: Request) -> Reply:
        host, found = request.headers.get("host", ""), SERVER.match(request.path)
        if found is None:
            return self.logins.first(message, host, self.knobs)
        return self.logins.second(message, int(found[1]), host, self.knobs)

    def _act(self, message: Message, request: Request) -> Reply:
        if tokens.is_misplaced(message.root):
            raise Refused(HTTPStatus.BAD_REQUEST, "The token is improperly formatted")
        office = self._office(tokens.of_header(request) or tokens.of_message(message.root))
        found = SERVER.match(request.path)
        if office is None or found is None or int(found[1]) != office.server:
            raise Faulted(troubles.SESSION)
        action = ACTIONS.get(message.action)
        if action is None:
            raise Faulted(troubles.WRONG, "action")
        if action.class_ and message.get("class") != action.class_:
            raise Faulted(troubles.WRONG, "class")
        with office.clinic.lock:
            return messages.answered(message, action.answer(message, office))

    def _rest_office(self, request: Request, found: re.Match[str]) -> Office:
        office = self._office(tokens.of_header(request))
        if office is None or office.server != int(found[1]):
            raise Refused(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        return office

    def _office(self, token: str) -> Office | None:
        return self.offices.get(self.tokens.office_key(token) or "")

    def tenant_of(self, request: Request) -> str | None:
        return self.tokens.known(tokens.of_header(request))

    def bucket_of(self, request: Request) -> str:
        return self.tenant_of(request) or ""

    def fits(self, request: Request) -> Collection[Fits]:
        return {Fits.ANY}

    def listing_of(self, request: Request) -> Listing | None:
        return None

    def is_counted(self, request: Request) -> bool:
        return True

    def wording(self, appointment: Appointment) -> str | None:
        for office in self.offices.values():
            if appointment.id in office.clinic.appointments:
                return str(office.code_of(appointment))
        return None

    def control(self, request: Request) -> Reply | None:
        name, _, rest_ = request.path.removeprefix(PREFIX).partition("/")
        route = CONTROLS.get((request.method, name))
        if route is None:
            return None
        return said(route(self, {**request.values(), **read_body(request)}, rest_))

    def described(self) -> list[dict[str, Any]]:
        return [described(office) for office in self.offices.values()]


def labelled(request: Request) -> Request:
    """A message's action in the query, so that the log and the scripts of faults know it."""
    if request.path != DOOR and not SERVER.match(request.path):
        return request
    try:
        return replace(request, query=f"action={messages.read(request).action}")
    except Refused:
        return request
