"""AdvancedMD's faults, which come with status 200: what each means for what happens next."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from adapters.advancedmd.wire import fault_codes, has_fault, text_of
from adapters.rest.answers import dig
from adapters.rest.vendor import Fault
from domain.errors import NeedsReconnect, Refused, TokenExpired
from infra.http import NotSent

REDIRECT = "-2147220476"
"""At login: go to the practice's own server. Later: it lives elsewhere now, so log in again."""

OVER = "-2147217350"
OVERLAP, FULL = "4101", "4186"


class TooMany(Refused):
    """More than 1,000 records: ask for fewer days, or fewer columns."""


class Concurrent(NotSent):
    """Somebody else was writing to it at that moment: nothing was done, and it may be retried."""


class LoginRefused(NeedsReconnect):
    """AdvancedMD does not let this user in; asking again may lock the account."""


_REFUSED = Fault(
    error=LoginRefused,
    reason="the login was refused; enter the user name, password and office key again",
)
_LOCKED = Fault(
    error=LoginRefused,
    reason="the account is locked; the practice's AdvancedMD administrator must unlock it, "
    "then enter the password again",
)
_EXPIRED = Fault(
    error=LoginRefused,
    reason="the account has expired; the practice's AdvancedMD administrator must renew it, "
    "then enter the password again",
)
_SESSION = Fault(error=TokenExpired, reason="the session has ended")
_ADDRESS = Fault(error=LoginRefused, reason="this address may not log in; ask AdvancedMD")
_VERSION = Fault(error=LoginRefused, reason="this version may not log in; ask AdvancedMD")
_OURS = Fault(error=Refused, reason="a request was not understood")
_BUSY = Fault(error=Concurrent, reason="somebody else is changing this just now")
_TOO_MANY = Fault(error=TooMany, reason="more than 1,000 records at once")

CODES: Mapping[str, Fault] = {
    "1024": _REFUSED,
    "-2147220480": _REFUSED,
    "1025": _SESSION,
    "-2147220479": _SESSION,
    REDIRECT: _SESSION,
    "-2147220474": _LOCKED,
    "-2147220449": _EXPIRED,
    "1026": _ADDRESS,
    "1027": _VERSION,
    "2048": _OURS,
    "2049": _OURS,
    "2050": _OURS,
    "2051": _OURS,
    "2052": _OURS,
    "2053": _OURS,
    "-2147219456": _OURS,
    OVER: _TOO_MANY,
    "-2147217398": _BUSY,
}

CONFLICTS: Mapping[str, str] = {
    OVERLAP: "another appointment stands at that time",
    FULL: "that time is full",
}
"""Told with 409 when something is written over something else."""


def read_fault(status: int, body: Any) -> Fault | None:
    """By the long code, then the short one; a Fault nobody knows is a refusal."""
    if status == HTTPStatus.CONFLICT:
        return _conflict(body)
    found = fault_codes(body)
    for code in found:
        if code in CODES:
            return CODES[code]
    if has_fault(body):
        told = found[0] if found and found[0].lstrip("-").isdigit() else "without a number"
        return Fault(error=Refused, reason=f"a fault came back ({told[:16]})")
    # The scheduler tells it in words, with a status that may mean anything.
    is_crowded = status == HTTPStatus.BAD_REQUEST and "1000 records" in _said(body)
    return _TOO_MANY if is_crowded else None


def is_redirect(body: Any) -> bool:
    return REDIRECT in fault_codes(body)


def _conflict(body: Any) -> Fault:
    """Something stands in the way, by the code that is somewhere in the answer; else somebody."""
    told = {text_of(dig(body, path)) for path in ("code", "errorCode", "error.code")}
    for code, words in CONFLICTS.items():
        if code in told or code in _said(body):
            return Fault(error=Refused, reason=words)
    return _BUSY


def _said(body: Any) -> str:
    found = dig(body, "message")
    return found if isinstance(found, str) else ""
