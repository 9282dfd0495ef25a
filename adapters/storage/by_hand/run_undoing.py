"""Takes back a whole run: what it changed goes back, what it added leaves, what it took returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, RowMapping, text

from adapters.storage.audit.audit import record
from adapters.storage.by_hand.followers import came_with
from adapters.storage.by_hand.hand_changes import Change, only
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.history import Side, changed, side, side_of
from adapters.storage.by_hand.undoing import AS_SYNCS, BY_SYNCS, moved
from adapters.storage.sheet import linking
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.rewriting import write_changes
from domain import merge
from domain.sheet import NotOnSheet, Settled

CHUNK = 500

_RUN = text(
    """
    SELECT id, pms_connection_id, status, dry_run, undone_at, undone_by FROM pms_sync_log
    WHERE id = :id FOR UPDATE
    """
)
_ROWS = text(
    """
    SELECT * FROM run_sheet_appointments
    WHERE id IN (SELECT id FROM run_sheet_appointments WHERE created_run_id = :run_id
                 UNION SELECT appointment_id FROM run_sheet_history WHERE run_id = :run_id)
      AND id > :after
    ORDER BY id LIMIT :most FOR UPDATE
    """
)
_LINES = text(
    """
    SELECT appointment_id, what, fields, before FROM run_sheet_history
    WHERE run_id = :run_id AND appointment_id = ANY(:ids) ORDER BY id
    """
)
_LINKED = text(
    """
    SELECT * FROM run_sheet_appointments
    WHERE linked_to = ANY(:leaving)
       OR linked_to IN (SELECT linked_to FROM run_sheet_appointments WHERE id = ANY(:linked))
    ORDER BY id FOR UPDATE
    """
)
_MARK = text("UPDATE pms_sync_log SET undone_at = :at, undone_by = :by WHERE id = :id")
_FIRST = UUID(int=0)


@dataclass(slots=True)
class Undone:
    """How many rows went back to what they were; `left_alone` were changed since, by anyone."""

    changed_back: int = 0
    taken_off: int = 0
    put_back: int = 0
    left_alone: int = 0

    def count(self, change: Change) -> None:
        gone = change.columns.get("removed_at")
        if "removed_at" not in change.columns:
            self.changed_back += 1
        elif gone is not None:
            self.taken_off += 1
        else:
            self.put_back += 1


@dataclass(frozen=True, slots=True)
class _Line:
    what: str
    fields: Sequence[str]
    side: Side


def undo_run(db: Db, seal: EntrySeal, run_id: UUID, *, hand: Hand) -> Undone:
    """Everything of one run, except for rows that anyone has changed since; once only."""
    linking.alone(db, hand.account_id)
    run = _undoable(db, run_id)
    done = Undone()
    for rows in chunks(db, run_id):
        _undo(db, seal, rows, run_id, done, hand=hand)
    db.execute(_MARK, {"id": run_id, "at": hand.at, "by": hand.by})
    note(db, run, done, "run.undone", changed="changed back", hand=hand)
    return done


def note(db: Db, run: Row[Any], done: Undone, action: str, *, changed: str, hand: Hand) -> None:
    """The audit row of a run that was undone, or done again."""
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action=action,
        connection_id=run.pms_connection_id,
        summary=(
            f"run {run.id}: {done.changed_back} {changed}, {done.taken_off} taken off,"
            f" {done.put_back} put back, {done.left_alone} left alone"
        ),
    )


def _undoable(db: Db, run_id: UUID) -> Row[Any]:
    run = db.execute(_RUN, {"id": run_id}).first()
    if run is None:
        raise NotOnSheet("There is no such run.")
    if run.dry_run:
        raise Settled("A dry run changed nothing, so there is nothing to undo.")
    if run.status == "running":
        raise Settled("This run has not ended yet; undo it when it has.")
    if run.undone_at is not None:
        raise Settled(f"This run was undone already, by {run.undone_by}.")
    return run


def chunks(db: Db, run_id: UUID) -> Iterator[Sequence[RowMapping]]:
    after = _FIRST
    while True:
        values = {"run_id": run_id, "after": after, "most": CHUNK}
        rows = db.execute(_ROWS, values).mappings().all()
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def _undo(
    db: Db,
    seal: EntrySeal,
    rows: Sequence[RowMapping],
    run_id: UUID,
    done: Undone,
    *,
    hand: Hand,
) -> None:
    lines = _lines(db, seal, rows, run_id)
    changes: list[Change] = []
    leaving: list[UUID] = []
    linked: list[UUID] = []
    for row in rows:
        change = _undone(seal, row, lines[row["id"]], run_id, hand=hand)
        if change is None:
            done.left_alone += 1
            continue
        done.count(change)
        changes.append(change)
        linked += [one for line in lines[row["id"]] for one in line.side.linked]
        if change.columns.get("removed_at") is not None:
            leaving.append(row["id"])
    freed = _freed(db, seal, leaving=leaving, linked=linked) if leaving or linked else []
    write_changes(db, seal, [*_freeing(changes, freed), *freed], hand=hand)


def _freeing(changes: Sequence[Change], freed: Sequence[Change]) -> list[Change]:
    """The changes with what each no longer stands for, so that it can be done again."""
    by_target: dict[UUID, list[UUID]] = {}
    for one in freed:
        if one.columns["linked_to"] is not None:
            continue
        by_target.setdefault(one.row["linked_to"], []).append(one.row["id"])
    return [replace(one, freed=by_target.get(one.row["id"], ())) for one in changes]


def _undone(
    seal: EntrySeal, row: RowMapping, lines: Sequence[_Line], run_id: UUID, *, hand: Hand
) -> Change | None:
    """What a row of the run goes back to; None where somebody changed it since."""
    wrote = [line.side for line in lines if line.what in BY_SYNCS]
    is_new = row["created_run_id"] == run_id
    if not _is_its_own(row, [one for one in lines if one.what in AS_SYNCS], is_new=is_new):
        return None
    if is_new:
        return only(seal, row, {"removed_at": hand.at, "undone": True}, what="undone")
    before = wrote[0] if wrote else None
    if before is None or before.cells is None:
        return None
    cells, now = seal.cells(row), side_of(seal, row)
    fields = changed(before, now, told={name for line in lines for name in line.fields})
    columns = moved(before, by_sync=True, at=hand.at) if before.is_removed != now.is_removed else {}
    columns["undone_fields"] = sorted({*row["undone_fields"], *fields})
    after = merge.restore(cells, before.cells, fields).cells
    return Change(row=row, before=cells, after=after, what="undone", columns=columns)


def _is_its_own(row: RowMapping, wrote: Sequence[_Line], *, is_new: bool) -> bool:
    """Nobody changed it after the run, nor between two of its writes."""
    expected = 1 if is_new or not wrote else wrote[0].side.version
    for line in wrote:
        if expected is None:
            return False
        # What was done again had been undone, which was a write too.
        expected += line.what not in BY_SYNCS
        if line.side.version != expected:
            return False
        expected += 1
    return bool(row["version"] == expected)


def _lines(
    db: Db, seal: EntrySeal, rows: Sequence[RowMapping], run_id: UUID
) -> dict[UUID, list[_Line]]:
    found: dict[UUID, list[_Line]] = {row["id"]: [] for row in rows}
    for line in db.execute(_LINES, {"run_id": run_id, "ids": list(found)}):
        row_id = line.appointment_id
        found[row_id].append(_Line(line.what, line.fields, side(seal, row_id, line.before)))
    return found


def _freed(
    db: Db, seal: EntrySeal, *, leaving: Sequence[UUID], linked: Sequence[UUID]
) -> list[Change]:
    """Rows that were hidden behind what the run brought: on the sheet again, each with its own.

    What came along with one that is set free goes back behind it; others stay where they are.
    """
    values = {"leaving": list(leaving), "linked": list(linked)}
    rows = db.execute(_LINKED, values).mappings().all()
    came = came_with(db, seal, rows)
    free = {row["id"] for row in rows if row["id"] in linked or row["linked_to"] in leaving}
    changes = []
    for row in rows:
        if row["id"] not in free and came.get(row["id"]) not in free:
            continue
        changes.append(only(seal, row, {"linked_to": came.get(row["id"])}))
    return changes
