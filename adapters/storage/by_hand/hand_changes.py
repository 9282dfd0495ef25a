"""What a hand does to a row of the sheet, before it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from adapters.storage.sheet.entries import EntrySeal, RowLike
from domain import merge
from domain.fields import Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row as it was found, locked, and what becomes of it.

    `columns` are set beside the cells; a step without `what` leaves no line in the history.
    `linked` are rows it came to stand for, `freed` such as it no longer does. `said` is why, in
    the words of whoever did it: it stays in our history.
    """

    row: RowLike
    before: Cells
    after: Cells
    what: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    about: Sequence[str] = ()
    settled_as: str = "edited"
    linked: Sequence[UUID] = ()
    freed: Sequence[UUID] = ()
    run_id: UUID | None = None
    said: str | None = field(default=None, repr=False)

    @property
    def is_first(self) -> bool:
        """The row is new: there is nothing that it was before."""
        return not self.before

    @property
    def is_write(self) -> bool:
        """A row that another was linked to may be as it was."""
        return bool(self.columns) or self.before != self.after

    @property
    def fields(self) -> list[str]:
        """What it was about, and what else a reader sees change."""
        was, now = merge.shown(self.before), merge.shown(self.after)
        seen = {name for name in {**was, **now} if was.get(name) != now.get(name)}
        return sorted(seen.union(self.about))


def only(
    seal: EntrySeal, row: RowLike, columns: Mapping[str, Any], *, what: str | None = None
) -> Change:
    """A change of these columns alone: what the row says stays."""
    cells = seal.cells(row)
    return Change(row=row, before=cells, after=cells, what=what, columns=columns)
