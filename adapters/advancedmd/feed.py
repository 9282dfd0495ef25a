"""What changed since the server's own mark: ids only, for they come without their days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from adapters.advancedmd.line import Line
from adapters.advancedmd.times import read_clock, read_slashed, stamp
from adapters.advancedmd.wire import Message, listed
from adapters.advancedmd.words import bare
from adapters.rest.record import id_in
from domain.errors import Refused, SyncError

ACTION = "getupdatedvisits"
OVERLAP = timedelta(minutes=1)
_MOST_MARK = 64


class NotAllowed(Refused):
    """The user may not read the list of changes; the days still can be read."""


_FAULTS: Mapping[int, type[SyncError]] = {HTTPStatus.FORBIDDEN: NotAllowed}


@dataclass(frozen=True, slots=True)
class Changes:
    """The visits that changed, and the server's time to ask from next.

    They are not `whole` where one does not say its id, nor where its clock was put back since the
    mark: what changed in the hour that came twice bears stamps from before it.
    """

    ids: tuple[str, ...]
    mark: str | None
    whole: bool = True


def changes(line: Line, *, since: str | None) -> Changes:
    """`since` is a mark as the server told it; nobody knows in which zone it is meant.

    Without one the changes as of now are asked for.
    """
    momentary = frozenset({"datechanged"}) if since is None else frozenset[str]()
    since = since or now(line)
    asked = {"datechanged": _a_little_earlier(since)}
    message = Message(
        action=ACTION, kind="api", attributes=asked, buckets=("tier1",), momentary=momentary
    )
    told = line.tell(message, faults=_FAULTS)
    found = [bare(id_in(one, "@id")) for one in listed(told, "visitlist", "visit")]
    ids, mark = tuple(dict.fromkeys(one for one in found if one)), _mark(told)
    return Changes(ids, mark, whole=None not in found and not _is_put_back(since, mark))


def now(line: Line) -> str:
    """A stamp to ask from where there is no mark yet."""
    return stamp(line.now())


def _a_little_earlier(mark: str) -> str:
    """What was under way when the mark was told has a stamp from before it.

    A mark of another shape goes back as it came.
    """
    at = _read(mark)
    return mark if at is None else stamp(at - OVERLAP)


def _is_put_back(before: str, now: str | None) -> bool:
    """Whether the server's clock tells less than it did; of other shapes nobody can say."""
    then, at = _read(before), _read(now or "")
    return then is not None and at is not None and at < then


def _read(mark: str) -> datetime | None:
    text, _, clock = mark.partition(" ")
    day, at = read_slashed(text), read_clock(clock)
    return None if day is None or at is None else datetime.combine(day, at)


def _mark(told: Mapping[str, Any]) -> str | None:
    found = told.get("@servertime")
    usable = isinstance(found, str) and 0 < len(found) <= _MOST_MARK and found.isprintable()
    return str(found) if usable else None
