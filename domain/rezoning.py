"""What people set on a practice's clock, once that clock turns out to be another one."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from domain.fields import Cell, Cells, Given, Source
from domain.intake import wall_time
from domain.window import zone

START = "start"
NO_ZONE_YET = "UTC"
"""What stands for a zone nobody has told; a practice that keeps it says Etc/UTC."""


@dataclass(frozen=True, slots=True)
class Rezoned:
    """The zone a row was told by, and the one that its practice really keeps."""

    was: str
    now: str

    @property
    def is_another(self) -> bool:
        """Whether a clock that somebody went by is another one now."""
        return self.was != self.now and NO_ZONE_YET not in {self.was, self.now}

    def cells(self, cells: Cells, told: datetime) -> Cells:
        """Whoever typed 14:45 meant 14:45; a PMS that tells the same as before has changed nothing.

        `told` is the start as the PMS tells it now: an instant that stays, or the practice's clock.
        """
        cell = cells.get(START)
        if self.was == self.now or cell is None or cell.is_plain:
            return cells
        return {**cells, START: self._cell(cell, told)}

    def own_cells(self, cells: Cells) -> Cells:
        """Of a row that no PMS tells of: whoever typed or scanned it read the practice's clock."""
        cell = cells[START]
        base, losing = (
            None if one is None else replace(one, value=self.same_clock(one.value))
            for one in (cell.base, cell.losing)
        )
        given = replace(cell.given, value=self.same_clock(cell.value))
        return {**cells, START: Cell.of(given, base=base, losing=losing)}

    def same_clock(self, at: datetime) -> datetime:
        """When the practice's clock really shows what it was thought to show then.

        What it never shows, in the night the clocks go forward, moves forward with them.
        """
        return wall_time(at, self.was).replace(tzinfo=zone(self.now)).astimezone(UTC)

    def _cell(self, cell: Cell, told: datetime) -> Cell:
        base, losing = (
            None if one is None else self._given(one, told) for one in (cell.base, cell.losing)
        )
        given = self._given(cell.given, told) if cell.is_manual else cell.given
        return Cell.of(given, base=base, losing=losing)

    def _given(self, given: Given, told: datetime) -> Given:
        if given.source is not Source.PMS:
            return replace(given, value=self.same_clock(given.value))
        is_same = wall_time(given.value, self.was) == wall_time(told, self.now)
        return replace(given, value=told) if is_same else given
