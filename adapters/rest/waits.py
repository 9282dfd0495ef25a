"""How long a vendor asks us to wait, and what its headers say is left."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from adapters.rest.instants import read_http_date

DEFAULT_PAUSE = 60.0
_SHORTEST, _LONGEST = 1.0, 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateHeaders:
    """The headers a vendor reports its allowance in; `reset` in seconds or as an epoch instant.

    A vendor need not have all of them: some say of a refusal alone when they answer again.
    """

    limit: str | None = None
    remaining: str | None = None
    reset: str | None = None
    reset_is_epoch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a vendor's headers said."""

    limit: int | None
    remaining: int | None
    reset_seconds: float | None


def asked_pause(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds of Retry-After, a number or a date, within reason; None where there is none.

    A date is by the vendor's clock, which its Date header tells. One that is over asks for nothing.
    """
    told = headers.get("retry-after", "").strip()
    seconds = _number(told)
    if seconds is None:
        seconds = _until(told, now=read_http_date(headers.get("date")) or now)
    return None if seconds is None else bounded(seconds)


def bounded(seconds: float) -> float:
    return min(max(seconds, _SHORTEST), _LONGEST)


def allowance(names: RateHeaders, headers: Mapping[str, str], *, now: datetime) -> Allowance | None:
    """The allowance told, or None where the headers say nothing."""
    limit, remaining, reset = (
        _number(headers.get(name or "", "")) for name in (names.limit, names.remaining, names.reset)
    )
    if limit is None and remaining is None and reset is None:
        return None
    if reset is not None and names.reset_is_epoch:
        reset -= now.timestamp()
    return Allowance(
        limit=None if limit is None else int(limit),
        remaining=None if remaining is None else int(remaining),
        reset_seconds=None if reset is None else bounded(reset),
    )


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(text: str, *, now: datetime) -> float | None:
    when = read_http_date(text)
    return (when - now).total_seconds() if when is not None and when > now else None
