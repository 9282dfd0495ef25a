"""What one record of a PMS does to its row: anything a reader sees, or only the PMS's own marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from domain.appointments import Appointment
from domain.connections import Connection
from domain.fields import Cells
from domain.merge import Merged
from domain.pushes import PushState, differing, disputed

TELLING = frozenset(
    {"start", "clinician", "patient_name", "patient_phone", "patient_date_of_birth"}
)
"""Fields by which a visit is known again."""

MARKS = ("pms_version", "pms_facility_id")
AS_SHOWN = ("flags", "timezone", "removed_at", "linked_to")
AS_TOLD = ("pms_print", "pms_practitioner_id", "pms_start")
PUSHED = ("push_state", "push_reason", "pushed_at")


@dataclass(frozen=True, slots=True)
class PageChange:
    """A row to write, what it showed and what it will show, and the merge where there was one."""

    row: dict[str, Any]
    was: Mapping[str, Any]
    shown: Mapping[str, Any]
    merged: Merged | None
    before: RowMapping | None = None

    @property
    def id(self) -> UUID:
        found: UUID = self.row["id"]
        return found

    @property
    def may_meet(self) -> bool:
        """New on the sheet, or come to look like a visit that somebody else told of."""
        if self.is_off or self.row["linked_to"] is not None:
            return False
        if self.before is None or self._moved(("removed_at", "linked_to", "timezone")):
            return True
        if self.before["pms_start"] != self.row["pms_start"]:
            return True
        return not TELLING.isdisjoint(self.fields)

    @property
    def is_off(self) -> bool:
        """Taken back by a person, and no more than put where it belongs for when it returns."""
        return self.row["removed_at"] is not None

    @property
    def is_quiet(self) -> bool:
        """Only the PMS's own mark of the row has moved: nobody sees that, or needs to undo it."""
        if self.before is None or not self.is_unseen or (self.merged and self.merged.touched):
            return False
        return self._moved(MARKS) and not self._moved(AS_TOLD)

    @property
    def is_unseen(self) -> bool:
        """Nothing that people read, compare or settle is other than it was."""
        if self.before is None or self.fields:
            return False
        settled = self.merged and (self.merged.opened or self.merged.closed)
        return not settled and not self._moved(AS_SHOWN)

    @property
    def fields(self) -> list[str]:
        return sorted(name for name in self.was if self.was[name] != self.shown.get(name))

    @property
    def is_to_push(self) -> bool:
        """What a person set stands over what the PMS says now, and neither is in dispute."""
        cells = self.merged.cells if self.merged else {}
        return not self.is_off and bool(differing(cells)) and not disputed(cells)

    def _moved(self, columns: Sequence[str]) -> bool:
        return any(self.before is None or self.before[one] != self.row[one] for one in columns)


def told(changes: Sequence[PageChange], connection: Connection) -> Sequence[PageChange]:
    """Those that leave a line in their row's history; others keep the version it is known by.

    What only says that a change of ours has arrived is no step of its own: the edit itself is. Nor
    is the reading of a row that was emptied of what is left out.
    """
    lines = []
    for one in changes:
        if one.before is None or one.is_off:
            continue
        is_no_news = connection.both_ways or one.before["fingerprint"] is None
        if one.is_quiet or (is_no_news and one.is_unseen):
            one.row["version"] = one.before["version"]
        else:
            lines.append(one)
    return lines


def referred(appointment: Appointment, before: RowMapping | None) -> dict[str, Any]:
    """Named only where there is a referral, or was: it is written at no cost elsewhere."""
    had = before is not None and before["pms_referral_id"] is not None
    told = appointment.referral_id
    return {"pms_referral_id": told} if told is not None or had else {}


def standing(before: RowMapping | None, merged: Merged | None) -> dict[str, Any]:
    """How a row stands towards its PMS once it was read again; agreement ends what was owed."""
    if before is None or before["push_state"] is None:
        return dict.fromkeys(PUSHED)
    kept = {name: before[name] for name in PUSHED}
    if merged is None or not differing(merged.cells):
        return {**kept, "push_state": PushState.SYNCED.value, "push_reason": None}
    return kept


def take_over(row: dict[str, Any], cells: Cells, connection: Connection) -> list[UUID]:
    """The row, marked, where it is to go out for what people had typed in one that it stands for.

    They saw the PMS of then say what this one says: nobody else is asked.
    """
    if not connection.both_ways or not differing(cells) or disputed(cells):
        return []
    row.update(push_state=PushState.PENDING.value, push_reason=None)
    return [row["id"]] if connection.auto_push else []


def to_push(changes: Sequence[PageChange], connection: Connection) -> list[UUID]:
    """Rows that are to go out, marked so, where their practice has that done by itself."""
    due = [one for one in changes if connection.auto_push and one.is_to_push]
    for one in due:
        one.row.update(push_state=PushState.PENDING.value, push_reason=None)
    return [one.id for one in due]
