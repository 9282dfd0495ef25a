"""The vendor's doors: who may ask, and which function answers."""

import re
import threading
from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from simulators.advancedmd import messages, rest, tokens, troubles
from simulators.advancedmd.actions import ACTIONS
from simulators.advancedmd.asking import REST, SERVER, Asked, asked, is_message
from simulators.advancedmd.clock import Clock
from simulators.advancedmd.controls import CONTROLS, described
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.ledger import MINUTE, Ledger
from simulators.advancedmd.logins import Logins
from simulators.advancedmd.lost import sent
from simulators.advancedmd.messages import Message
from simulators.advancedmd.offices import Office
from simulators.advancedmd.scripted import Scripts
from simulators.advancedmd.tiers import tier_of
from simulators.advancedmd.tokens import Tokens
from simulators.advancedmd.troubles import Faulted, Refused
from simulators.control import PREFIX, read_body
from simulators.faults import Fault, Fits, Listing
from simulators.front import said
from simulators.records import Appointment
from simulators.serving import Reply, Request


class Advancedmd:
    """The vendor behind the front door."""

    def __init__(
        self,
        offices: dict[str, Office],
        *,
        seed: object,
        clock: Clock,
        stopping: threading.Event,
    ) -> None:
        self.offices = offices
        self.clock = clock
        self.stopping = stopping
        self.clinics = {key: office.clinic for key, office in offices.items()}
        self.tokens: Tokens = Tokens(seed, clock)
        self.logins: Logins = Logins(offices, self.tokens)
        self.ledger: Ledger = Ledger(clock)
        self.scripts: Scripts = Scripts(seed)

    def set_knobs(self, knobs: Knobs) -> None:
        self.knobs = knobs
        for office in self.offices.values():
            office.knobs = knobs

    def reply(self, request: Request, fault: Fault | None) -> Reply:
        told = self._asked(request)
        try:
            if is_message(request):
                return self._message(request, told)
            if found := REST.match(request.path):
                return sent(self._rest(request, found, told), fault, self.stopping)
        except Refused as trouble:
            return rest.refused(trouble)
        return rest.refused(Refused(HTTPStatus.NOT_FOUND, "Not found"))

    def _asked(self, request: Request) -> Asked:
        return asked(request, self.offices, self.tokens)

    def _message(self, request: Request, told: Asked) -> Reply:
        if request.method != "POST":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Post a message")
        message = messages.read(request)
        try:
            self._fail_as_told(told)
            return self._login(message, request) if told.is_login else self._act(message, request)
        except Faulted as fault:
            return messages.faulted(message, fault)

    def _fail_as_told(self, told: Asked) -> None:
        if (number := self.scripts.pick(told.action)) is not None:
            raise Faulted(number)

    def _login(self, message: Message, request: Request) -> Reply:
        host, found = request.headers.get("host", ""), SERVER.match(request.path)
        if found is None:
            return self.logins.first(message, host, self.knobs)
        return self.logins.second(message, int(found[1]), host, self.knobs)

    def _act(self, message: Message, request: Request) -> Reply:
        if tokens.is_misplaced(message.root):
            raise Refused(HTTPStatus.BAD_REQUEST, "The token is improperly formatted")
        token = tokens.of_header(request) or tokens.of_message(message.root)
        office = self._office(token, SERVER.match(request.path))
        if office is None:
            raise Faulted(troubles.SESSION)
        action = ACTIONS.get(message.action)
        if action is None:
            raise Faulted(troubles.WRONG, "action")
        if action.class_ and message.get("class") != action.class_:
            raise Faulted(troubles.WRONG, "class")
        with office.clinic.lock:
            return messages.answered(message, action.answer(message, office))

    def _rest(self, request: Request, found: re.Match[str], told: Asked) -> Reply:
        office = self._office(told.token, found)
        if office is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        try:
            self._fail_as_told(told)
        except Faulted as fault:
            return rest.faulted(fault.number)
        return rest.answer(office, request, found[3])

    def _office(self, token: str, found: re.Match[str] | None) -> Office | None:
        """Whose token it is, at that office's own server."""
        office = self.offices.get(self.tokens.office_key(token) or "")
        return office if office and found and office.server == int(found[1]) else None

    def meter(self, request: Request) -> float | None:
        """Write the call down; seconds to wait when it is refused for being one too many."""
        told = self._asked(request)
        is_rest = REST.match(request.path)
        tier = self.knobs.rest_tier if is_rest else tier_of(told.action)
        call = self.ledger.note(told.office_key or "", told.action, tier, self.knobs)
        return MINUTE if call.is_refused else None

    def tenant_of(self, request: Request) -> str | None:
        return self._asked(request).office_key

    def bucket_of(self, request: Request) -> str:
        return self.tenant_of(request) or ""

    def fits(self, request: Request) -> Collection[Fits]:
        told, found = self._asked(request), {Fits.ANY}
        if told.office_key and not told.is_login:
            found.add(Fits.SIGNED)
        if self.listing_of(request):
            found.add(Fits.LIST)
        if REST.match(request.path) and request.method in {"POST", "PUT"}:
            found.add(Fits.WRITE)
        return found

    def listing_of(self, request: Request) -> Listing | None:
        is_list = self._asked(request).action == rest.LIST
        return rest.ROWS if is_list else None

    def is_counted(self, request: Request) -> bool:
        told = self._asked(request)
        return bool(told.office_key and told.action)

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
