"""Clinicians by name, where what is known of a row's fields holds their ids."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from domain.history import Moved, Past
from domain.sheet import ConflictView, EntryView, Origin

FIELD = "clinician"
Names = Mapping[UUID, str]


def name_of(value: Any, names: Names) -> Any:
    """A clinician's name for their id; any other value as it is."""
    return names.get(value, "somebody") if isinstance(value, UUID) else value


def in_words(entry: EntryView, names: Names) -> EntryView:
    """The row as it is read: who it was under before, and whom both sides name."""
    origin = entry.provenance.get(FIELD)
    told = {FIELD: _origin(origin, names)} if origin is not None else {}
    return replace(
        entry,
        provenance={**entry.provenance, **told},
        conflicts=[_conflict(one, names) for one in entry.conflicts],
    )


def past_in_words(past: Sequence[Past], names: Names) -> list[Past]:
    """A row's history as it is read: a clinician it went from or to by name."""
    return [replace(one, moves=[_move(move, names) for move in one.moves]) for one in past]


def _move(move: Moved, names: Names) -> Moved:
    return replace(move, was=name_of(move.was, names), became=name_of(move.became, names))


def _origin(origin: Origin, names: Names) -> Origin:
    if origin.other is None:
        return origin
    return replace(origin, other=replace(origin.other, value=name_of(origin.other.value, names)))


def _conflict(one: ConflictView, names: Names) -> ConflictView:
    if one.field != FIELD:
        return one
    return replace(one, ours=name_of(one.ours, names), theirs=name_of(one.theirs, names))
