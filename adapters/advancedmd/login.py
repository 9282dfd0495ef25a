"""The session: bought in two steps, kept with the server it belongs to, shared by everyone."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from adapters.advancedmd.faults import LoginRefused, is_redirect
from adapters.advancedmd.wire import Message, Wire, results, text_of
from adapters.rest.answers import dig
from adapters.rest.auth import Ask, Desk, digest, secret
from domain.credentials import Token, TokenRequest
from domain.errors import BrokenContract, Gone, NeedsReconnect, Refused, SyncError, TokenExpired

LOGIN = "login"
DOOR = "/practicemanager/xmlrpc/processrequest.aspx"
SERVICE = "/xmlrpc/processrequest.aspx"
DOMAIN = "advancedmd.com"
LIFE = timedelta(hours=22)
"""Tokens live for about a day; nobody should meet the end of one."""

REMEMBERED = timedelta(days=365)
"""A refusal stands until a person gives new secrets: asking again may lock the account."""

FRESH = timedelta(minutes=1)

UNEXPLAINED = (
    "the login was refused without a reason; the practice's AdvancedMD administrator must see that"
    " the account may log in, then enter the user name, password and office key again"
)

_TOKEN = re.compile(r"[\x21-\x3a\x3c-\x7e]{1,4096}")
_PARTS = ("username", "password", "office_key", "app_name")


@dataclass(frozen=True, slots=True)
class Session:
    """What a token's value holds: the token and the server it is good for."""

    token: str = field(repr=False)
    webserver: str

    @classmethod
    def of(cls, token: Token, *, now: datetime) -> "Session":
        """As kept; where a login was refused before, the reason why nobody asks again, and when."""
        told = json.loads(token.value)
        if not is_live(token):
            raise NeedsReconnect(f"{told['refused']}{_since(token, now)}")
        return cls(token=told["token"], webserver=told["webserver"])

    @property
    def rest(self) -> str:
        """The scheduler's address beside that of the messages."""
        return self.webserver.replace("/processrequest/", "/api/", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One login for an office, whoever asks; a refused one is remembered like a token."""

    wire: Wire = "json"

    def owner(self, secrets: Mapping[str, str]) -> str:
        return digest(secret(secrets, "office_key"))

    def token(self, desk: Desk) -> TokenRequest:
        url = desk.address(DOOR)
        parts = [desk.secret(name) for name in _PARTS]
        return TokenRequest(
            key=f"{desk.vendor}:{digest(url, *parts)}",
            fetch=lambda: self._bought(desk, url),
            stand_in=json.dumps({"token": "stand-in-for-a-token", "webserver": desk.base_url}),
        )

    def headers(self, secrets: Mapping[str, str], token: Token | None) -> Mapping[str, str]:
        return {}

    def _bought(self, desk: Desk, url: str) -> Token:
        asked_at = desk.clock()
        try:
            value = json.dumps(self._logged_in(desk, url))
        except Gone as missing:
            raise NeedsReconnect(f"{missing}; check the address of AdvancedMD") from None
        except (NeedsReconnect, TokenExpired, Refused) as refusal:
            value = json.dumps({"refused": _why(refusal)})
            return Token(value=value, expires_at=asked_at + REMEMBERED)
        return Token(value=value, expires_at=asked_at + LIFE)

    def _logged_in(self, desk: Desk, url: str) -> dict[str, str]:
        """At the door, which names the practice's server, then there."""
        ask = self._ask(desk, url)
        answer = desk.send(ask)
        webserver = desk.base_url
        if is_redirect(answer):
            webserver = _server(dig(answer, "PPMDResults.Results.usercontext"), base=desk.base_url)
            there = replace(ask, url=webserver + SERVICE, buckets=("tier3",))
            answer = desk.send(there)
        if is_redirect(answer):
            raise BrokenContract("AdvancedMD: login was sent on twice")
        context = results(answer, named=LOGIN).get("usercontext")
        if isinstance(context, dict) and context.get("@webserver"):
            webserver = _server(context, base=desk.base_url)
        return {"token": _token(context), "webserver": webserver}

    def _ask(self, desk: Desk, url: str) -> Ask:
        message = Message(
            action=LOGIN,
            kind=LOGIN,
            attributes={
                "username": desk.secret("username"),
                "psw": desk.secret("password"),
                "officecode": desk.secret("office_key"),
                "appname": desk.secret("app_name"),
            },
            buckets=("login",),
        )
        return message.ask(url, at=desk.clock().astimezone(UTC), wire=self.wire)


def is_live(token: Token) -> bool:
    """Whether it is a session: a refusal that is remembered is kept like one."""
    return "refused" not in json.loads(token.value)


def _since(token: Token, now: datetime) -> str:
    """What was answered just now is not called remembered."""
    asked_at = token.expires_at - REMEMBERED if token.expires_at else now
    if now - asked_at < FRESH:
        return ""
    return (
        f" (remembered from {asked_at.astimezone(UTC):%d %b %H:%M} UTC, nobody asked again;"
        " enter the password again to ask anew)"
    )


def _why(refusal: SyncError) -> str:
    """Who must act; of a refusal without a reason that we know, both may have to."""
    if isinstance(refusal, LoginRefused):
        return str(refusal)
    told = str(refusal).removeprefix("AdvancedMD: ")
    return f"AdvancedMD: {UNEXPLAINED} ({told})"


def _token(context: Any) -> str:
    found = text_of(context) or ""
    if not _TOKEN.fullmatch(found):
        raise BrokenContract("AdvancedMD: the login's answer holds no token")
    return found


def _server(context: Any, *, base: str) -> str:
    """The practice's server: AdvancedMD's own by https, or where it stands in for it here."""
    found = context.get("@webserver") if isinstance(context, dict) else None
    try:
        usable = _may_follow(urlsplit(str(found or "")), urlsplit(base))
    except ValueError:
        usable = False
    if not usable:
        raise BrokenContract("AdvancedMD: the login named a server that is not AdvancedMD's")
    return str(found).rstrip("/")


def _may_follow(there: SplitResult, base: SplitResult) -> bool:
    if there.username or there.query or there.fragment:
        return False
    is_theirs = there.scheme == "https" and f".{there.hostname}".endswith(f".{DOMAIN}")
    return is_theirs or (there.scheme, there.netloc) == (base.scheme, base.netloc)
