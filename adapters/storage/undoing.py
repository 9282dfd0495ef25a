"""Taking back what was done to a row: one step, everything people set, or the row itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage import linking, overlaps, putting_back
from adapters.storage.audit import record
from adapters.storage.entries import EntrySeal
from adapters.storage.hands import Hand
from adapters.storage.history import Side, Step, read_steps
from adapters.storage.rewriting import Change, write_changes
from adapters.storage.sheet import PHI_FIELDS, view_entry
from adapters.storage.sheet_edits import locked
from domain import merge
from domain.errors import BadInput
from domain.sheet import EntryView, Settled
from domain.visits import KEPT_APART

BY_SYNCS = frozenset({"synced", "removed"})
AS_SYNCS = BY_SYNCS | {"redone"}
"""Steps of which an undo holds until the PMS changes its mind."""
OFF_ALREADY = "This row is off the sheet already; undo the step that took it off to bring it back."
TOO_LATE = "This was changed since; undo the later change first."

_CONNECTED = text(
    "SELECT EXISTS (SELECT FROM pms_connections WHERE id = :id AND removed_at IS NULL)"
)
_LINKED = text(
    """
    SELECT * FROM run_sheet_appointments
    WHERE linked_to = :target AND id = ANY(:ids) ORDER BY id FOR UPDATE
    """
)


def undo_step(
    db: Db,
    seal: EntrySeal,
    entry_id: UUID,
    step_id: int | None,
    *,
    expected_version: int | None,
    hand: Hand,
) -> EntryView:
    """Put back what one step changed (the last one if none is named), an undo too."""
    linking.alone(db, hand.account_id)
    blocking = overlaps.alone(db, hand.account_id)
    row = locked(db, entry_id, expected_version=expected_version)
    step = _chosen(read_steps(db, seal, row), step_id)
    if step.before.cells is None:
        raise Settled("This step was kept without what it takes to undo it.")
    if not step.can_undo:
        raise Settled(TOO_LATE)
    cells = seal.cells(row)
    after = merge.restore(cells, step.before.cells, step.fields).cells
    columns = _back(row, step, at=hand.at)
    change = Change(row=row, before=cells, after=after, what="undone", columns=columns)
    overlaps.refuse(db, [change], account_id=hand.account_id, blocking=blocking)
    freed = [
        _apart(seal, one)
        for one in db.execute(_LINKED, {"target": row["id"], "ids": list(step.before.linked)})
        .mappings()
        .all()
    ]
    return _done(db, seal, row, [change, *freed], hand=hand)


def undo_row(
    db: Db, seal: EntrySeal, entry_id: UUID, *, expected_version: int | None, hand: Hand
) -> EntryView:
    """Take back everything people set; a row that a person typed leaves the sheet."""
    row = locked(db, entry_id, expected_version=expected_version)
    if row["removed_at"] is not None and row["undone"]:
        raise Settled(OFF_ALREADY)
    if row["is_manual_entry"]:
        return _done(db, seal, row, [_taken_off(seal, row, hand)], hand=hand)
    cells = seal.cells(row)
    after = merge.revert_all(cells).cells
    if after == cells:
        return _done(db, seal, row, [], hand=hand)
    change = Change(row=row, before=cells, after=after, what="reverted")
    return _done(db, seal, row, [change], hand=hand)


def take_off(
    db: Db, seal: EntrySeal, entry_id: UUID, *, expected_version: int | None, hand: Hand
) -> EntryView:
    """Take a row that no PMS keeps any more off the sheet; the same scan does not bring it back."""
    row = locked(db, entry_id, expected_version=expected_version)
    if _is_kept_by_pms(db, row):
        raise BadInput("The PMS holds this appointment; cancel it there.")
    changes = [] if row["removed_at"] else [_taken_off(seal, row, hand)]
    return _done(db, seal, row, changes, hand=hand)


def put_back(
    db: Db, seal: EntrySeal, entry_id: UUID, *, expected_version: int | None, hand: Hand
) -> EntryView:
    """Put a row back on the sheet that a person took off it.

    Where another practice lists its visit by now, that one's row stands for it and is answered.
    """
    linking.alone(db, hand.account_id)
    blocking = overlaps.alone(db, hand.account_id)
    row = locked(db, entry_id, expected_version=expected_version)
    if row["removed_at"] is None:
        return _done(db, seal, row, [], hand=hand)
    if not row["undone"] or _is_kept_by_pms(db, row):
        raise Settled("The PMS, or an undo, took this row off; undo that step to bring it back.")
    found = putting_back.returning(db, seal, [row], account_id=hand.account_id)
    overlaps.refuse(db, found.seen, account_id=hand.account_id, blocking=blocking)
    putting_back.write(db, seal, found, hand=hand)
    return _done(db, seal, row, [], hand=hand)


def moved(before: Side, *, by_sync: bool, at: datetime) -> dict[str, Any]:
    """The columns of a row that goes back on the sheet, or off it.

    What a sync did stays undone until the PMS changes its mind; what a person did is just undone.
    """
    return {
        "removed_at": at if before.is_removed else None,
        "undone": True if by_sync else before.is_undone,
    }


def _back(row: RowMapping, step: Step, *, at: datetime) -> dict[str, Any]:
    what = step.row["what"]
    columns = moved(step.before, by_sync=what in AS_SYNCS, at=at) if step.is_move else {}
    if what in AS_SYNCS and step.fields:
        columns["undone_fields"] = sorted({*row["undone_fields"], *step.fields})
    elif what == "undone":
        columns["undone_fields"] = list(step.before.undone_fields)
    return columns


def _chosen(steps: Sequence[Step], step_id: int | None) -> Step:
    named = [one for one in steps if step_id in (None, one.row["id"])]
    if not named:
        problem = "Nothing was done to this row." if step_id is None else "There is no such step."
        raise Settled(problem)
    return named[0]


def _is_kept_by_pms(db: Db, row: RowMapping) -> bool:
    """Its PMS would bring it back, or takes it off by itself: the practice is still connected."""
    whose = {"id": row["pms_connection_id"]}
    return linking.is_of_pms(row) and bool(db.execute(_CONNECTED, whose).scalar_one())


def _taken_off(seal: EntrySeal, row: RowMapping, hand: Hand) -> Change:
    cells = seal.cells(row)
    columns = {"removed_at": hand.at, "undone": True}
    return Change(row=row, before=cells, after=cells, what="taken_off", columns=columns)


def _apart(seal: EntrySeal, row: RowMapping) -> Change:
    """A row that a person says is another visit: on the sheet again, and never linked again."""
    cells = seal.cells(row)
    columns = {"linked_to": None, "flags": sorted({*row["flags"], KEPT_APART})}
    return Change(row=row, before=cells, after=cells, columns=columns)


def _done(
    db: Db, seal: EntrySeal, row: RowMapping, changes: Sequence[Change], *, hand: Hand
) -> EntryView:
    write_changes(db, seal, changes, hand=hand)
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action="run_sheet.undone",
        phi_fields=PHI_FIELDS,
        connection_id=row["pms_connection_id"],
        patient_id=row["pms_patient_id"] or None,
        summary=f"row {row['id']}",
    )
    return view_entry(db, seal, row["id"], account_id=hand.account_id)
