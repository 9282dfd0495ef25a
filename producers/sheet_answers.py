"""What the API answers about the run sheet and its conflicts, as models that OpenAPI shows."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.by_hand.conflict_list import RuleCount
from adapters.storage.by_hand.run_undoing import Undone
from adapters.storage.by_hand.settling import Shown
from adapters.storage.sheet.sheet_changes import RowChange
from domain.history import Past
from domain.sheet import Column, EntryView, OtherVisit, OverlapView
from producers.answers import Success
from producers.run_answers import Syncing


class SheetAnswer(Success):
    """Some days, as of the event `seq`; `pms_status` where it was asked for."""

    first_day: date
    last_day: date
    seq: int
    clinicians: Sequence[Column]
    appointments: Sequence[EntryView]
    overlaps: Sequence[OverlapView]
    next_cursor: str | None
    pms_status: Syncing | None = Field(None, exclude_if=lambda value: value is None)


class ChangesAnswer(Success):
    """Rows in the order of their last change; `more` says to ask again at once."""

    changes: Sequence[RowChange]
    clinicians: Sequence[Column]
    next_cursor: str
    more: bool


class OneEntry(Success):
    """One row; its version is the ETag too."""

    appointment: EntryView

    @classmethod
    def tagged(cls, response: Response, entry: EntryView, **more: Any) -> Self:
        response.headers["ETag"] = f'"{entry.version}"'
        return cls(appointment=entry, **more)


class EditedEntry(OneEntry):
    """`warning` where its time is another visit's too."""

    warning: str | None


class SettledEntry(OneEntry):
    settled_at: datetime


class AddedRow(BaseModel):
    """What became of one that was given; without an `id` it was `rejected` for that `reason`."""

    id: UUID | None
    linked: bool
    outcome: str
    reason: str | None = Field(None, exclude_if=lambda value: value is None)
    overlaps: Sequence[OtherVisit] | None = Field(None, exclude_if=lambda value: value is None)


class AddedRows(Success):
    appointments: Sequence[AddedRow]


class HistoryAnswer(Success):
    history: Sequence[Past]


class OneColumn(Success):
    clinician: Column


class ConflictAnswer(BaseModel):
    """A field a person and the PMS both changed; `version` is the row's, for If-Match."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    entry_id: UUID
    version: int
    connection_id: UUID | None
    run_id: UUID | None
    field: str
    patient: str | None
    ours: Any
    ours_by: str | None
    ours_at: datetime | None
    theirs: Any
    theirs_at: datetime
    start: datetime
    timezone: str
    clinician_id: UUID | None
    opened_at: datetime
    settled_at: datetime | None
    settled_as: str | None
    settled_by: str | None
    can_undo: bool


class ConflictsAnswer(Success):
    """A page of them, and how many there are: of each rule, and of what is asked for."""

    conflicts: Sequence[ConflictAnswer]
    next_cursor: str | None
    rules: Sequence[RuleCount]
    total: int


class CountedConflicts(Success):
    """How many would be settled, and the first of them as they are now."""

    count: int
    total: int
    conflicts: Sequence[Shown]


class SettledConflicts(Success):
    """What was settled; what had moved meanwhile is `left`."""

    settled: int
    left: int
    ids: Sequence[UUID]
    settled_at: datetime


class OpenedConflict(Success):
    id: UUID


class OpenedConflicts(Success):
    opened: int
    left: int
    ids: Sequence[UUID]


class UndoneRun(Success):
    undone: Undone


class RedoneRun(Success):
    redone: Undone
