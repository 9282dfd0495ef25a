"""When two visits take the same time of one clinician, and what an account has done about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from uuid import UUID

from domain.appointments import Status
from domain.errors import BadInput, SyncError
from domain.window import Window, zone


class Overlapping(SyncError):
    """What a person wants would put two visits of one clinician at the same time."""


class Policy(StrEnum):
    """Of what people set by hand: refused, marked, or let be. What a PMS brings always stands."""

    BLOCK = "block"
    WARN = "warn"
    ALLOW = "allow"

    @classmethod
    def read(cls, word: str) -> "Policy":
        if word not in set(cls):
            known = ", ".join(cls)
            raise BadInput(f"There is no way '{word}' to deal with overlaps; there are {known}.")
        return cls(word)


LONGEST = timedelta(days=1)
"""No visit is taken for longer, so that an index can find all that may be in the way."""
MOST = 500
"""So many are told of at once: a book in which everything overlaps is told no better by more."""
DECIDING = frozenset({"start", "duration_minutes", "clinician", "status"})
"""The fields that say whether a row takes its clinician's time, and which."""
_NOT_THERE = frozenset({Status.CANCELLED, Status.NO_SHOW})


def reaching_into(window: Window) -> Window:
    """Where whatever takes time of that window may begin."""
    return Window(window.start - LONGEST, window.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The time that a row takes of its clinician.

    `visit` is the PMS's appointment: of a group each patient has a row, and all are one visit.
    """

    id: UUID
    clinician: UUID
    start: datetime
    end: datetime
    visit: tuple[UUID, str] | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two visits of one clinician at the same time, the earlier one first."""

    first: Taken
    second: Taken

    @property
    def start(self) -> datetime:
        return max(self.first.start, self.second.start)

    @property
    def end(self) -> datetime:
        return min(self.first.end, self.second.end)

    @property
    def ids(self) -> frozenset[UUID]:
        return frozenset({self.first.id, self.second.id})


def takes_time(status: str) -> bool:
    """Whoever called off or did not come takes nobody's."""
    return status not in _NOT_THERE


def overlap(one: Taken, other: Taken) -> bool:
    """Not where one ends as the other begins, and not the patients of one visit."""
    if one.clinician != other.clinician or one.id == other.id:
        return False
    if one.visit is not None and one.visit == other.visit:
        return False
    return max(one.start, other.start) < min(one.end, other.end)


def overlaps(taken: Iterable[Taken], *, most: int = MOST) -> list[Overlap]:
    """Every two that overlap, in the order in which they begin to."""
    return list(islice(_found(taken), most))


def made(before: Iterable[Taken], after: Iterable[Taken]) -> list[Overlap]:
    """Those that were not there before."""
    known = {one.ids for one in _found(before)}
    return [one for one in _found(after) if one.ids not in known]


def refusal(found: Overlap, *, moved: UUID, clinician: str, timezone: str) -> str:
    """Why a row may not stand where a person wants it; it names nobody but the clinician."""
    wanted, other = found.first, found.second
    if moved == other.id:
        wanted, other = other, wanted
    return (
        f"{span(wanted.start, wanted.end, timezone)} overlaps another appointment of {clinician},"
        f" {span(other.start, other.end, timezone)}; choose another time or another clinician."
    )


def span(start: datetime, end: datetime, timezone: str) -> str:
    """10:00 to 10:30, on the practice's own clock."""
    here = zone(timezone)
    return f"{start.astimezone(here):%H:%M} to {end.astimezone(here):%H:%M}"


def _found(taken: Iterable[Taken]) -> Iterator[Overlap]:
    under_way: dict[UUID, list[Taken]] = {}
    for one in sorted(taken, key=lambda one: (one.start, one.end, one.id)):
        still = [other for other in under_way.get(one.clinician, ()) if other.end > one.start]
        yield from (Overlap(other, one) for other in still if overlap(other, one))
        under_way[one.clinician] = [*still, one]
