"""Taking back what was done to a row: one step, everything people set, or the row itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.audit.audit import record
from adapters.storage.by_hand import putting_back
from adapters.storage.by_hand.followers import came_with
from adapters.storage.by_hand.hand_changes import Change, only
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.history import Side, Step, read_steps
from adapters.storage.by_hand.sheet_edits import locked
from adapters.storage.sheet import linking, overlaps
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import PHI_FIELDS, view_entry
from adapters.storage.sheet.rewriting import write_changes
from domain import merge
from domain.errors import BadInput
from domain.fields import Cells
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
    WHERE linked_to = :target ORDER BY id FOR UPDATE
    """
)
# As the undo left them: neither changed nor found by another row since.
_FREED = text(
    """
    SELECT * FROM run_sheet_appointments
    WHERE id = ANY(:ids) AND linked_to IS NULL AND removed_at IS NULL AND updated_at = :undone_at
    ORDER BY id FOR UPDATE
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
    step, past = _undoable(read_steps(db, seal, row), step_id)
    cells = seal.cells(row)
    after = merge.restore(cells, past, step.fields).cells
    columns = _back(row, step, at=hand.at)
    freed = _freed(db, seal, step, target=row["id"])
    hidden = hidden_again(db, seal, dict.fromkeys(step.before.freed, row["id"]), step.row["at"])
    change = Change(
        row=row,
        before=cells,
        after=after,
        what="undone",
        columns=columns,
        linked=[one.row["id"] for one in hidden],
        freed=[one.row["id"] for one in freed if one.columns["linked_to"] is None],
    )
    met = _listed_elsewhere(db, seal, row, columns, account_id=hand.account_id)
    joined = putting_back.joined(db, seal, met.pairs)
    shown = [*(joined or [change]), *hidden]
    overlaps.refuse(db, shown, account_id=hand.account_id, blocking=blocking)
    write_changes(db, seal, [change, *freed, *hidden, *joined], hand=hand)
    linking.doubt(db, met.doubtful, at=hand.at)
    linking.link(db, met.pairs, at=hand.at)
    linking.follow(db, hidden, at=hand.at)
    return _done(db, seal, row, [], hand=hand)


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


def hidden_again(
    db: Db, seal: EntrySeal, targets: Mapping[UUID, UUID], undone_at: datetime
) -> list[Change]:
    """Rows that an undo had set free, each behind the one that stood for it before."""
    if not targets:
        return []
    changes = []
    for row in db.execute(_FREED, {"ids": list(targets), "undone_at": undone_at}).mappings():
        flags = sorted({*row["flags"]} - {KEPT_APART})
        changes.append(only(seal, row, {"linked_to": targets[row["id"]], "flags": flags}))
    return changes


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


def _listed_elsewhere(
    db: Db, seal: EntrySeal, row: RowMapping, columns: Mapping[str, Any], *, account_id: str
) -> linking.Met:
    """The row of another practice that lists by now the visit of one that comes back, if any."""
    is_back = columns.get("removed_at", row) is None
    if not is_back or _is_kept_by_pms(db, row):
        return linking.Met()
    return putting_back.listed_elsewhere(db, seal, [row], account_id=account_id)


def _freed(db: Db, seal: EntrySeal, step: Step, *, target: UUID) -> list[Change]:
    """The rows it stands for since that step, on the sheet again, each with what came with it."""
    if not step.before.linked:
        return []
    rows = db.execute(_LINKED, {"target": target}).mappings().all()
    came, ids = came_with(db, seal, rows), frozenset(step.before.linked)
    free = [_apart(seal, row) for row in rows if row["id"] in ids]
    along = [
        only(seal, row, {"linked_to": came[row["id"]]})
        for row in rows
        if row["id"] not in ids and came.get(row["id"]) in ids
    ]
    return [*free, *along]


def _undoable(steps: Sequence[Step], step_id: int | None) -> tuple[Step, Cells]:
    """The step, and what the row was before it."""
    step = _chosen(steps, step_id)
    if step.before.cells is None:
        raise Settled("This step was kept without what it takes to undo it.")
    if not step.can_undo:
        raise Settled(TOO_LATE)
    return step, step.before.cells


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
    return only(seal, row, {"removed_at": hand.at, "undone": True}, what="taken_off")


def _apart(seal: EntrySeal, row: RowMapping) -> Change:
    """A row that a person says is another visit: on the sheet again, and never linked again."""
    flags = sorted({*row["flags"], KEPT_APART})
    return only(seal, row, {"linked_to": None, "flags": flags})


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
