"""Tokens of the offices; they live by the vendor's clock."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from simulators.advancedmd.clock import Clock
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.offices import Office
from simulators.chance import chance, new_id
from simulators.serving import Request


@dataclass(frozen=True, slots=True)
class Grant:
    office_key: str
    until: datetime


@dataclass(slots=True)
class Tokens:
    seed: object
    clock: Clock
    _grants: dict[str, Grant] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def grant(self, office: Office, knobs: Knobs) -> str:
        until = self.clock.now() + timedelta(seconds=knobs.token_seconds)
        with self._lock:
            if not knobs.many_tokens:
                self._end(office.key)
            word = new_id(chance("advancedmd", "token", self.seed, office.key, self.clock.stamp()))
            token = word.replace("-", "")
            self._grants[token] = Grant(office.key, until)
            return token

    def office_key(self, token: str) -> str | None:
        """Whose it is, while it lives."""
        found = self._grants.get(token)
        return found.office_key if found and self.clock.now() < found.until else None

    def known(self, token: str) -> str | None:
        """Whose it is or was."""
        found = self._grants.get(token)
        return found.office_key if found else None

    def expire(self, office_key: str | None = None) -> int:
        """All of one office or of every one; the tokens stay known as what they were."""
        with self._lock:
            return self._end(office_key)

    def _end(self, office_key: str | None) -> int:
        now, ended = self.clock.now(), 0
        for token, found in self._grants.items():
            if found.office_key == (office_key or found.office_key) and found.until > now:
                self._grants[token] = Grant(found.office_key, now)
                ended += 1
        return ended


def of_header(request: Request) -> str:
    """The bearer of REST, or the cookie of a message."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer
    cookies = request.headers.get("cookie", "").split(";")
    pairs = (each.strip().partition("=") for each in cookies)
    return next((value for name, _, value in pairs if name == "token"), "")


def of_message(root: Element) -> str:
    """The text of a first child that says it stands for the cookie."""
    first = next(iter(root), None)
    is_it = first is not None and first.tag == "usercontext" and first.get("nocookie") == "1"
    return (first.text or "").strip() if first is not None and is_it else ""


def is_misplaced(root: Element) -> bool:
    """The token as an attribute, here or in the user's context."""
    context = root.find("usercontext")
    strange = set(context.attrib) - {"nocookie"} if context is not None else set()
    return bool(strange or {"token", "usercontext"} & set(root.attrib))
