"""Chooses a side of many conflicts at once, and takes such choices back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, RowMapping, text

from adapters.storage.audit.audit import record
from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.history import Step, read_choices
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.rewriting import write_changes
from domain import merge
from domain.counting import so_many
from domain.sheet import NotOnSheet, Settled

CHOSEN = ("mine", "theirs")

_NAMED = text(
    """
    SELECT id, appointment_id, field, settled_at, settled_as, settled_by FROM run_sheet_conflicts
    WHERE id = ANY(:ids) ORDER BY appointment_id, field
    """
)
# What stands behind another row by now is decided there.
_ROWS = text(
    """
    SELECT * FROM run_sheet_appointments WHERE id = ANY(:ids) AND linked_to IS NULL
    ORDER BY id FOR UPDATE
    """
)
_REOPEN = text(
    """
    UPDATE run_sheet_conflicts AS one
    SET settled_at = NULL, settled_as = NULL, settled_by = NULL
    WHERE id = ANY(:ids) AND NOT EXISTS (
      SELECT FROM run_sheet_conflicts AS other
      WHERE other.appointment_id = one.appointment_id AND other.field = one.field
        AND other.settled_at IS NULL)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A conflict as somebody saw it; `version` is its row's, None whatever it is by now."""

    id: UUID
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The conflicts that are as was asked for now, and how many were left because they moved."""

    ids: Sequence[UUID]
    left: int
    at: datetime


def settle_many(
    db: Db, seal: EntrySeal, shown: Sequence[Shown], choice: merge.Choice, *, hand: Hand
) -> Done:
    """Keep mine or take theirs in all of them.

    What is settled by now stays as it was settled; what has changed since it was shown stays open.
    """
    versions = {one.id: one.version for one in shown}
    by_row, rows = _locked(db, list(versions))
    changes, settled = [], []
    for row in rows:
        wanted = {
            one.field: one.id
            for one in by_row[row["id"]]
            if one.settled_at is None and versions[one.id] in (None, row["version"])
        }
        before = after = seal.cells(row)
        for conflict in merge.conflicts(before):
            if conflict.field in wanted:
                chosen = merge.settle(after, conflict, choice=choice, by=hand.by, at=hand.at)
                after = chosen.cells
                settled.append(wanted[conflict.field])
        if after != before:
            changes.append(
                Change(
                    row=row,
                    before=before,
                    after=after,
                    what="settled",
                    about=sorted(wanted),
                    settled_as=choice,
                )
            )
    write_changes(db, seal, changes, hand=hand)
    _audit(db, "run_sheet.settled", changes, settled, hand=hand)
    return Done(ids=settled, left=len(versions) - len(settled), at=hand.at)


def undo_settled(
    db: Db,
    seal: EntrySeal,
    ids: Sequence[UUID],
    *,
    settled_at: datetime | None = None,
    hand: Hand,
) -> Done:
    """Open them again, with both sides as they were before somebody chose.

    With `settled_at` only what was settled then: a later choice is another one.
    """
    by_row, rows = _locked(db, ids)
    steps_of = read_choices(db, seal, rows, _choices(by_row))
    changes, opened = [], []
    for row in rows:
        before = after = seal.cells(row)
        about: list[str] = []
        for conflict in sorted(by_row[row["id"]], key=_settled_at, reverse=True):
            # Of several of one field only the last can stand open: it is what was chosen about.
            if settled_at not in (None, conflict.settled_at) or conflict.field in about:
                continue
            step = _step_of(conflict, steps_of[row["id"]])
            if step is not None and step.before.cells is not None:
                after = merge.restore(after, step.before.cells, [conflict.field]).cells
                opened.append(conflict.id)
                about.append(conflict.field)
        if after != before:
            changes.append(Change(row=row, before=before, after=after, what="undone", about=about))
    db.execute(_REOPEN, {"ids": opened})
    write_changes(db, seal, changes, hand=hand)
    _audit(db, "run_sheet.undone", changes, opened, hand=hand)
    return Done(ids=opened, left=len(set(ids)) - len(opened), at=hand.at)


def _settled_at(conflict: Row[Any]) -> datetime:
    """One that is open sorts first: it has no step to go back to."""
    return conflict.settled_at or datetime.max.replace(tzinfo=UTC)


def undo_one(db: Db, seal: EntrySeal, conflict_id: UUID, *, hand: Hand) -> None:
    """As `undo_settled`, for one that must be there and as it was left."""
    done = undo_settled(db, seal, [conflict_id], hand=hand)
    if not done.ids:
        raise Settled(
            "The field was changed since, or another row stands for its appointment; the history"
            " shows by whom."
        )


def _locked(
    db: Db, ids: Sequence[UUID]
) -> tuple[Mapping[UUID, Sequence[Row[Any]]], Sequence[RowMapping]]:
    """The conflicts by row, read once their rows are ours; rows first, as a sync locks them."""
    named = db.execute(_NAMED, {"ids": list(ids)}).all()
    if len(named) < len(set(ids)):
        raise NotOnSheet("There is no such conflict.")
    rows = db.execute(_ROWS, {"ids": list({one.appointment_id for one in named})}).mappings().all()
    by_row: dict[UUID, list[Row[Any]]] = {row["id"]: [] for row in rows}
    for one in db.execute(_NAMED, {"ids": list(ids)}):
        if one.appointment_id in by_row:
            by_row[one.appointment_id].append(one)
    return by_row, rows


def _choices(by_row: Mapping[UUID, Sequence[Row[Any]]]) -> set[tuple[UUID, datetime]]:
    """When a person chose, row by row."""
    return {
        (row_id, one.settled_at)
        for row_id, found in by_row.items()
        for one in found
        if one.settled_as in CHOSEN
    }


def _step_of(conflict: Row[Any], steps: Sequence[Step]) -> Step | None:
    """The step in which a person chose, if the field is still as they left it."""
    if conflict.settled_as not in CHOSEN:
        return None
    for step in steps:
        if step.row["at"] == conflict.settled_at and conflict.field in step.fields:
            return step if step.holds([conflict.field]) else None
    return None


def _audit(
    db: Db, action: str, changes: Sequence[Change], ids: Sequence[UUID], *, hand: Hand
) -> None:
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action=action,
        phi_fields=sorted({name for one in changes for name in one.about}),
        summary=f"{so_many(len(ids), 'conflict')} in {so_many(len(changes), 'row')}",
    )
