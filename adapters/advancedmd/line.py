"""One office's line to AdvancedMD: requests placed on the server its login named."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.advancedmd.faults import is_redirect
from adapters.advancedmd.login import LOGIN, SERVICE, Session
from adapters.advancedmd.wire import Message, Wire, results
from adapters.rest.auth import Ask
from adapters.rest.caller import Caller
from adapters.rest.vendor import Fault
from domain.connections import Connection
from domain.credentials import Token
from domain.errors import BadInput
from domain.window import zone


class OfficeCaller(Caller):
    """Addresses below the base mean the office's own server; which one is in the session."""

    __slots__ = ()

    def _renew(self) -> datetime | None:
        """As always; a login that was refused is told of here too, for there is no token."""
        ends = super()._renew()
        request = self.auth.token(self._desk())
        if request is not None:
            Session.of(self.ports.tokens.current(request), now=self.ports.clock())
        return ends

    def _with(self, token: Token | None, ask: Ask) -> Ask:
        if token is None:
            raise TypeError("AdvancedMD is asked nothing without a session")
        session = Session.of(token, now=self.ports.clock())
        path = ask.url.removeprefix(self.base_url)
        is_message = path.startswith(SERVICE)
        signed = (
            {"cookie": f"token={session.token}"}
            if is_message
            else {"authorization": f"Bearer {session.token}"}
        )
        base = session.webserver if is_message else session.rest
        # Which server it is depends on the session.
        told_as = path if ask.told_as is None else ask.told_as
        headers = {**signed, **(ask.headers or {})}
        return replace(ask, url=base + path, headers=headers, told_as=told_as)

    def _fault(self, ask: Ask, answer: Any, body: Any) -> Fault | None:
        if ask.name == LOGIN and is_redirect(body):
            return None
        return super()._fault(ask, answer, body)


class Line:
    """Messages and REST requests of one connection."""

    def __init__(self, caller: Caller, connection: Connection) -> None:
        self.caller = caller
        self._zone = zone(connection.timezone)
        self._wire = wire_of(connection)

    def now(self) -> datetime:
        """By the office's clock."""
        return self.caller.ports.clock().astimezone(self._zone)

    def tell(self, message: Message, **overrides: Any) -> Mapping[str, Any]:
        """Send one message; what it brought."""
        ask = message.ask(self.caller.base_url + SERVICE, at=self.now(), wire=self._wire)
        body = self.caller.signed(replace(ask, **overrides)).body
        return results(body, named=message.action)


def wire_of(connection: Connection) -> Wire:
    """The setting `wire`: json, or its older twin."""
    told = str(connection.settings.get("wire") or "json").casefold()
    if told == "json":
        return "json"
    if told == "xml":
        return "xml"
    raise BadInput("wire is json or xml.")
