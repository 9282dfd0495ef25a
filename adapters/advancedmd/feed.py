"""What changed since the server's own mark: ids only, for they come without their days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from adapters.advancedmd.line import Line
from adapters.advancedmd.times import read_clock, read_slashed, stamp
from adapters.advancedmd.wire import Message, every
from adapters.advancedmd.words import bare
from domain.errors import Refused, SyncError

ACTION = "getupdatedvisits"
OVERLAP = timedelta(minutes=1)
_MOST_MARK = 64


class NotAllowed(Refused):
    """The user may not read the list of changes; the days still can be read."""


_FAULTS: Mapping[int, type[SyncError]] = {HTTPStatus.FORBIDDEN: NotAllowed}


@dataclass(frozen=True, slots=True)
class Changes:
    """The visits that changed, and the server's time to ask from next."""

    ids: tuple[str, ...]
    mark: str | None


def changes(line: Line, *, since: str) -> Changes:
    """`since` is a mark as the server told it; nobody knows in which zone it is meant."""
    asked = {"datechanged": _a_little_earlier(since)}
    message = Message(action=ACTION, kind="api", attributes=asked, buckets=("tier1",))
    told = line.tell(message, faults=_FAULTS)
    found = (bare(one.get("@id")) for one in every(told, "visitlist", "visit"))
    return Changes(tuple(dict.fromkeys(one for one in found if one)), _mark(told))


def now(line: Line) -> str:
    """A stamp to ask from where there is no mark yet."""
    return stamp(line.now())


def _a_little_earlier(mark: str) -> str:
    """What was under way when the mark was told has a stamp from before it.

    A mark of another shape goes back as it came.
    """
    text, _, clock = mark.partition(" ")
    day, at = read_slashed(text), read_clock(clock)
    if day is None or at is None:
        return mark
    return stamp(datetime.combine(day, at) - OVERLAP)


def _mark(told: Mapping[str, Any]) -> str | None:
    found = told.get("@servertime")
    usable = isinstance(found, str) and 0 < len(found) <= _MOST_MARK and found.isprintable()
    return str(found) if usable else None
