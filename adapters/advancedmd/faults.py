"""AdvancedMD's faults, which come with status 200: what each means for what happens next."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from adapters.advancedmd.wire import fault_codes, has_fault
from adapters.rest.answers import dig
from adapters.rest.vendor import Fault
from domain.errors import NeedsReconnect, Refused, TokenExpired, Transient

REDIRECT = "-2147220476"
"""At login: go to the practice's own server. Later: it lives elsewhere now, so log in again."""

OVER = "-2147217350"
OVERLAP, FULL = "4101", "4186"


class TooMany(Refused):
    """More than 1,000 records: ask for fewer days, or fewer columns."""


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
_BUSY = Fault(error=Transient, reason="somebody else is changing this just now")

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
    OVER: Fault(error=TooMany, reason="more than 1,000 records at once"),
    "-2147217398": _BUSY,
}

CONFLICTS: Mapping[str, str] = {
    OVERLAP: "Another appointment stands at that time in AdvancedMD",
    FULL: "That time is full in AdvancedMD",
}
"""Told with 409 when something is written over something else."""


def read_fault(status: int, body: Any) -> Fault | None:
    """By the long code, then the short one; a Fault nobody knows is a refusal."""
    if status == HTTPStatus.CONFLICT:
        return Fault(error=Refused, reason=conflict(body))
    found = fault_codes(body)
    for code in found:
        if code in CODES:
            return CODES[code]
    if has_fault(body):
        told = found[0] if found and found[0].lstrip("-").isdigit() else "without a number"
        return Fault(error=Refused, reason=f"a fault came back ({told[:16]})")
    return None


def is_redirect(body: Any) -> bool:
    return REDIRECT in fault_codes(body)


def conflict(body: Any) -> str:
    """What stands in the way, by the code that is somewhere in the answer."""
    told = {str(dig(body, path)) for path in ("code", "errorCode", "error.code", "Code")}
    told |= {str(one) for one in fault_codes(body)}
    text = str(body)
    for code, words in CONFLICTS.items():
        if code in told or code in text:
            return words
    return "the change does not fit with what is in AdvancedMD"
