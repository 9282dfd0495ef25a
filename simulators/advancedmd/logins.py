"""The login in two posts: the first says which server, the second gives the token."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from xml.etree.ElementTree import Element, SubElement

from simulators.advancedmd import messages, troubles
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.messages import Message
from simulators.advancedmd.offices import Office
from simulators.advancedmd.tokens import Tokens
from simulators.advancedmd.troubles import Faulted, Refused
from simulators.serving import Reply

NEEDED = ("class", "msgtime", "username", "psw", "officecode", "appname")


@dataclass(slots=True)
class Logins:
    offices: dict[str, Office]
    tokens: Tokens
    _last: dict[tuple[str, bool], datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def first(self, message: Message, host: str, knobs: Knobs) -> Reply:
        """Anywhere but at the office's own server."""
        office = self._admit(message, knobs, is_own=False)
        results = Element("Results")
        SubElement(results, "usercontext", webserver=webserver(office, host))
        return messages.faulted(message, Faulted(troubles.REDIRECT), results)

    def second(self, message: Message, server: int, host: str, knobs: Knobs) -> Reply:
        office = self.offices.get(message.maybe("officecode"))
        if office and office.server != server:
            return self.first(message, host, knobs)
        office = self._admit(message, knobs, is_own=True)
        results = Element("Results")
        told = {"webserver": webserver(office, host)} if knobs.tells_server_again else {}
        SubElement(results, "usercontext", told).text = self.tokens.grant(office, knobs)
        return messages.answered(message, results)

    def _admit(self, message: Message, knobs: Knobs, *, is_own: bool) -> Office:
        for name in NEEDED:
            message.get(name)
        office = self.offices.get(message.get("officecode"))
        if office is None:
            raise Faulted(troubles.REFUSED)
        self._throttle(office, knobs, is_own=is_own)
        check(office, message, knobs)
        return office

    def _throttle(self, office: Office, knobs: Knobs, *, is_own: bool) -> None:
        """The two posts of one login are counted apart; a refused one spends nothing."""
        now = self.tokens.clock.now()
        with self._lock:
            last = self._last.get((office.key, is_own))
            if last and 0 <= (now - last).total_seconds() < knobs.login_seconds:
                raise Refused(HTTPStatus.TOO_MANY_REQUESTS, "Too many logins; wait a minute")
            self._last[office.key, is_own] = now


def check(office: Office, message: Message, knobs: Knobs) -> None:
    if office.is_locked:
        raise Faulted(troubles.LOCKED)
    told = (message.get("username"), message.get("psw"), message.get("appname"))
    if told != (office.username, office.password, office.app_name):
        office.wrong_tries += 1
        office.is_locked = office.wrong_tries >= knobs.most_tries
        raise Faulted(troubles.REFUSED)
    if office.is_expired:
        raise Faulted(troubles.EXPIRED)
    office.wrong_tries = 0


def webserver(office: Office, host: str) -> str:
    return f"http://{host}/processrequest/api-{office.server}/{office.app_name}"
