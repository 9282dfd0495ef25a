"""Who sends a request and what it asks for, before anything is answered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulators.advancedmd import messages, rest, tokens
from simulators.advancedmd.messages import Message
from simulators.advancedmd.offices import Office
from simulators.advancedmd.tiers import LOGIN
from simulators.advancedmd.tokens import Tokens
from simulators.advancedmd.troubles import Refused
from simulators.serving import Request

DOOR = "/practicemanager/xmlrpc/processrequest.aspx"
SERVER = re.compile(r"/processrequest/api-(\d+)/([^/]+)/xmlrpc/processrequest\.aspx$")
REST = re.compile(r"/api/api-(\d+)/([^/]+)/(.+)$")


def is_message(request: Request) -> bool:
    return request.path == DOOR or bool(SERVER.match(request.path))


def message_of(request: Request) -> Message | None:
    try:
        return messages.read(request) if is_message(request) else None
    except Refused:
        return None


@dataclass(frozen=True, slots=True)
class Asked:
    """As far as it can be read."""

    token: str
    office_key: str | None  # also of a token that has ended
    action: str

    @property
    def is_login(self) -> bool:
        return self.action == LOGIN


def asked(request: Request, offices: Mapping[str, Office], known: Tokens) -> Asked:
    message = message_of(request)
    if message and message.action == LOGIN:
        key = message.maybe("officecode")
        return Asked("", key if key in offices else None, LOGIN)
    token = tokens.of_header(request) or (tokens.of_message(message.root) if message else "")
    found = REST.match(request.path)
    action = message.action if message else rest.action_of(request, found[3]) if found else ""
    return Asked(token, known.known(token), action)


def labelled(request: Request) -> Request:
    """A message's action in the query, so that the log and the scripts of faults know it."""
    message = message_of(request)
    return replace(request, query=f"action={message.action}") if message else request
