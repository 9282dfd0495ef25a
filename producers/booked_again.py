"""A patient who was booked again: what was typed for them stands in the visit that is off."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from domain.board import is_on
from domain.intake import LEFT_OUT
from domain.sheet import EntryView

OF_THE_VISIT = frozenset({"status"})
"""What is typed of one visit alone: it says nothing of the next."""

Whose = tuple[UUID | None, str]


def typed_before(entries: Iterable[EntryView]) -> Mapping[UUID, EntryView]:
    """For each visit in which nobody has typed yet: the one of its patient that is off and has.

    A PMS that cancels or deletes a visit and books it anew gives it another id, and so another row.
    """
    shown = [(one, whose) for one in entries if (whose := _whose(one)) is not None]
    left = {whose: one for one, whose in shown if _is_off(one) and typed(one)}
    return {
        one.id: left[whose]
        for one, whose in shown
        if is_on(one) and not typed(one) and whose in left
    }


def typed(entry: EntryView) -> list[str]:
    """The fields that somebody set in it, shown or not."""
    told = entry.provenance.items()
    return [name for name, origin in told if origin.can_undo and name not in OF_THE_VISIT]


def _is_off(entry: EntryView) -> bool:
    return not is_on(entry) and LEFT_OUT not in entry.flags


def _whose(entry: EntryView) -> Whose | None:
    known = entry.patient.pms_id if entry.patient else None
    return (entry.connection_id, known) if known else None
