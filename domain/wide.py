"""Of a day with very many columns some are shown at once: which, and what is told of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

WIDE_FROM = 60
"""A day with more columns is shown in parts: all take seconds to make and to draw."""
AT_ONCE = 40
"""Columns of one part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTally:
    """A clinician's day, or that of rows without one, by what nothing has to be opened for."""

    id: UUID | None
    name: str
    practices: frozenset[UUID]
    booked: int
    patients: int = 0
    disputed: int = 0
    overlapping: int = 0

    @property
    def is_pressing(self) -> bool:
        """Somebody has to look at it."""
        return bool(self.disputed or self.overlapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Whose columns a reader wants: these clinicians', else a practice's, else everybody's.

    `part` counts from 1 the pages that the wanted columns make.
    """

    clinicians: tuple[UUID, ...] = ()
    practice: UUID | None = None
    part: int = 1

    @property
    def is_all(self) -> bool:
        return not self.clinicians and self.practice is None

    def takes(self, column: ColumnTally) -> bool:
        if self.clinicians:
            return column.id in self.clinicians
        return self.practice is None or self.practice in column.practices


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Of all columns of a day the wanted ones, and of these the part that is shown."""

    every: Sequence[ColumnTally]
    wanted: Sequence[ColumnTally]
    choice: Choice

    @property
    def parts(self) -> int:
        return max(1, -(-len(self.wanted) // AT_ONCE))

    @property
    def part(self) -> int:
        """The one asked for, as far as there are so many."""
        return min(max(self.choice.part, 1), self.parts)

    @property
    def before(self) -> int:
        """So many wanted columns come before those that are shown."""
        return (self.part - 1) * AT_ONCE

    @property
    def shown(self) -> Sequence[ColumnTally]:
        return self.wanted[self.before : self.before + AT_ONCE]

    @property
    def others(self) -> Sequence[ColumnTally]:
        """What is not shown, wanted or not."""
        shown = {one.id for one in self.shown}
        return [one for one in self.every if one.id not in shown]

    @property
    def pressing(self) -> Sequence[ColumnTally]:
        """Of what is not shown, what somebody has to look at."""
        return [one for one in self.others if one.is_pressing]


def select(every: Sequence[ColumnTally], choice: Choice) -> Selection:
    return Selection(every=every, wanted=[one for one in every if choice.takes(one)], choice=choice)
