"""What a record may look beyond itself for: side lists of its page, references elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Follow = Callable[[str, Mapping[str, str], Mapping[str, str]], Any]
"""(path template, query, values of the template) to what the vendor holds there, or None."""

ReadCodes = Callable[[Any], Mapping[str, Any]]
"""The answer of a code list, None where there is none, to what each code means."""

Codes = Callable[[str, str, ReadCodes], Any]
"""(path template, code, how its list is read) to what the code means, or None."""


def _no_follow(path: str, query: Mapping[str, str], parts: Mapping[str, str]) -> Any:
    raise LookupError(f"nothing to follow {path} with")


def _no_codes(path: str, code: str, read: ReadCodes) -> Any:
    raise LookupError(f"nothing to read {path} with")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that; it may be nothing.

    `now` is when the page was read, for words whose meaning depends on it; `kept` is what has been
    made of its side lists so far; `unread` names what was followed and cannot be had.
    """

    included: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    follow: Follow = _no_follow
    codes: Codes = _no_codes
    now: datetime | None = None
    kept: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)
    unread: list[str] = field(default_factory=list, repr=False, compare=False)


NOWHERE = Surroundings()
