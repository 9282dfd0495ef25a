"""Sikka's error codes: the status alone does not tell what went wrong, or that anything did."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from adapters.rest.vendor import Fault
from domain.errors import (
    BadInput,
    NeedsReconnect,
    Refused,
    SyncError,
    Throttled,
    TokenExpired,
    Transient,
    by_status,
)
from domain.window import day_start, local_day

BY_STATUS: Mapping[int, type[SyncError]] = {HTTPStatus.UNAUTHORIZED: NeedsReconnect}
"""An expired key is told by its code; a 401 is about the application or the practice."""


class NotInPlan(NeedsReconnect):
    """The application's plan does not cover this; the connection may work for everything else."""


_NO_KEYS = Fault(error=NeedsReconnect, reason="the application's keys are missing or wrong")
_NEVER_LOADED = 1800.0
QUOTAS = frozenset({"API2011", "API2012"})
"""Told with 429 when a day's allowance is used up: the next day brings another."""

CODES: Mapping[str, Fault] = {
    "API0008": Fault(error=Refused, reason="the practice's system did not take the change"),
    "API1001": _NO_KEYS,
    "API1002": _NO_KEYS,
    "API1004": Fault(error=TokenExpired),
    "API1005": Fault(error=NeedsReconnect, reason="the office's secret is missing"),
    "API1020": Fault(error=Refused, reason="a value is missing"),
    "API1025": Fault(error=TokenExpired),
    "API1026": Fault(error=Refused, reason="a value is not accepted"),
    "API2003": _NO_KEYS,
    "API2004": Fault(error=NotInPlan, reason="this is not in the plan of the application"),
    "API2007": Fault(error=NeedsReconnect, reason="the practice has not authorised us"),
    "API2010": Fault(error=Transient, pause=_NEVER_LOADED),
    "API2013": Fault(error=Refused, reason="it exists already"),
    "API2015": Fault(error=Refused, reason="it exists already"),
    "API2017": Fault(error=Refused, reason="the practice's computer is offline at the moment"),
    "API2019": Fault(error=Refused, reason="a value is not accepted"),
    "API4002": Fault(error=Refused, reason="the answer was refused"),
    "API4003": Fault(error=Refused, reason="the answer was refused"),
    "API4004": Fault(error=Refused, reason="the answer was refused"),
    "API4005": Fault(error=Refused, reason="the answer was refused"),
}


def reader(clock: Callable[[], datetime], timezone: str) -> Callable[[int, Any], Fault | None]:
    """Reads a failure for a practice in that zone."""

    def read(status: int, body: Any) -> Fault | None:
        told = said(body)
        code = told.get("error_code")
        if code in QUOTAS:
            return Fault(error=Throttled, pause=_until_tomorrow(clock(), timezone))
        if isinstance(code, str) and code in CODES:
            return CODES[code]
        return _hidden(status, told)

    return read


def read_fault(status: int, body: Any) -> Fault | None:
    """As `reader`, where neither the time nor the practice is at hand."""
    told = said(body)
    code = told.get("error_code")
    if code in QUOTAS:
        return Fault(error=Throttled, pause=_A_DAY)
    return CODES.get(code) if isinstance(code, str) and code in CODES else _hidden(status, told)


def said(body: Any) -> Mapping[str, Any]:
    """The answer itself, which may come alone in a list."""
    one = body[0] if isinstance(body, list) and len(body) == 1 else body
    return one if isinstance(one, dict) else {}


_A_DAY = 86_400.0


def _hidden(status: int, told: Mapping[str, Any]) -> Fault | None:
    """A failure inside a success: the status that the body names."""
    inside = str(told.get("http_code") or "")
    if not (status < HTTPStatus.BAD_REQUEST and inside.isdigit() and len(inside) == len("400")):
        return None
    if int(inside) < HTTPStatus.BAD_REQUEST:
        return None
    if int(inside) == HTTPStatus.TOO_MANY_REQUESTS:
        return Fault(error=Throttled)
    return Fault(error=by_status(int(inside), BY_STATUS))


def _until_tomorrow(now: datetime, timezone: str) -> float:
    try:
        tomorrow = day_start(local_day(now, timezone) + timedelta(days=1), timezone)
    except BadInput:
        return _A_DAY
    return (tomorrow - now).total_seconds()
