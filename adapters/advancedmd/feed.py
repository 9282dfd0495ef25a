"""What changed since the server's own mark: ids only, for they come without their days."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from adapters.advancedmd.line import Line
from adapters.advancedmd.times import stamp
from adapters.advancedmd.wire import Message, every
from adapters.advancedmd.words import bare
from domain.errors import Refused, SyncError

ACTION = "getupdatedvisits"
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
    message = Message(
        action=ACTION, kind="api", attributes={"datechanged": since}, buckets=("tier1",)
    )
    told = line.tell(message, faults=_FAULTS)
    found = (bare(one.get("@id")) for one in every(told, "visitlist", "visit"))
    return Changes(tuple(dict.fromkeys(one for one in found if one)), _mark(told))


def now(line: Line) -> str:
    """A stamp to ask from where there is no mark yet."""
    return stamp(line.now())


def _mark(told: Mapping[str, Any]) -> str | None:
    found = told.get("@servertime")
    usable = isinstance(found, str) and 0 < len(found) <= _MOST_MARK and found.isprintable()
    return str(found) if usable else None
