"""The listings of one slice, read one after another, and what stands for a place in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from adapters.rest.vendor import Listing

T = TypeVar("T")

_WHICH = re.compile(r"\+(\d{1,3}) (.*)", re.DOTALL)
"""Before the place in a further listing: which of them it is."""


@dataclass(frozen=True, slots=True)
class Stretch(Generic[T]):
    """One listing of a slice; `mark` is the page to begin at, None the first."""

    listing: Listing[T]
    number: int
    mark: str | None
    is_last: bool

    def onward(self, mark: str | None, *, is_last: bool, now: datetime) -> str | None:
        """The place after one of its pages, `mark` being what its paging calls the next one."""
        if not is_last:
            return _placed(self.number, _dated(self.listing, mark, now=now))
        return None if self.is_last else _placed(self.number + 1, "")

    def kept(self, onward: str | None, *, is_last: bool) -> str | None:
        """That place if it is good for any time: where a listing begins always is."""
        return onward if is_last or self.listing.paging.mark_seconds is None else None


def stretches(listing: Listing[T], *, resume: str | None, now: datetime) -> Iterator[Stretch[T]]:
    """What is still to be read; a listing whose place does not keep that long is begun anew."""
    every = (listing, *listing.further)
    found = _WHICH.fullmatch(resume or "")
    first, dated = (int(found[1]), found[2]) if found else (0, resume)
    if first >= len(every):
        first, dated = 0, None
    mark = _still_good(every[first], dated, now=now)
    for number, one in enumerate(every[first:], first):
        is_last = number == len(every) - 1
        yield Stretch(one, number, mark if number == first else None, is_last)


def _placed(number: int, dated: str | None) -> str | None:
    return dated if dated is None or number == 0 else f"+{number} {dated}"


def _dated(listing: Listing[T], mark: str | None, *, now: datetime) -> str | None:
    """The mark with the instant it ends, 0 for never; None where no place is worth keeping."""
    seconds = listing.paging.mark_seconds
    if mark is None or seconds == 0:
        return None
    ends = 0 if seconds is None else int(now.timestamp() + seconds)
    return f"{ends} {mark}"


def _still_good(listing: Listing[T], dated: str | None, *, now: datetime) -> str | None:
    if listing.paging.mark_seconds == 0:
        return None
    ends, _, mark = (dated or "").partition(" ")
    if not ends.isdigit() or 0 < int(ends) <= now.timestamp():
        return None
    return mark or None
