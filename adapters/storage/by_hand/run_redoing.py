"""Does an undone run again: the undo of an undo, for every row that is as the undo left it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, RowMapping, text

from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.history import Side, changed, side, side_of
from adapters.storage.by_hand.run_undoing import Undone, chunks, note
from adapters.storage.by_hand.undoing import hidden_again, moved
from adapters.storage.sheet import linking
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.rewriting import write_changes
from domain import merge
from domain.sheet import NotOnSheet, Settled

_RUN = text("SELECT id, pms_connection_id, undone_at FROM pms_sync_log WHERE id = :id FOR UPDATE")
_LINES = text(
    """
    SELECT appointment_id, fields, before FROM run_sheet_history
    WHERE what = 'undone' AND at = :undone_at AND appointment_id = ANY(:ids)
    """
)
_UNMARK = text("UPDATE pms_sync_log SET undone_at = NULL, undone_by = NULL WHERE id = :id")


@dataclass(frozen=True, slots=True)
class _Line:
    """What undoing the run changed of a row, and how it found it."""

    fields: Sequence[str]
    before: Side


def redo_run(db: Db, seal: EntrySeal, run_id: UUID, *, hand: Hand) -> Undone:
    """Everything that undoing the run took back, except for rows that changed since."""
    linking.alone(db, hand.account_id)
    run = _undone(db, run_id)
    done = Undone()
    for rows in chunks(db, run_id):
        _redo(db, seal, rows, run.undone_at, run_id, done, hand=hand)
    db.execute(_UNMARK, {"id": run_id})
    note(db, run, done, "run.redone", changed="changed again", hand=hand)
    return done


def _undone(db: Db, run_id: UUID) -> Row[Any]:
    run = db.execute(_RUN, {"id": run_id}).first()
    if run is None:
        raise NotOnSheet("There is no such run.")
    if run.undone_at is None:
        raise Settled("This run is not undone, so there is nothing to do again.")
    return run


def _redo(  # noqa: PLR0913 - which rows, of what, for whom
    db: Db,
    seal: EntrySeal,
    rows: Sequence[RowMapping],
    undone_at: datetime,
    run_id: UUID,
    done: Undone,
    *,
    hand: Hand,
) -> None:
    lines = _lines(db, seal, rows, undone_at)
    changes: list[Change] = []
    targets: dict[UUID, UUID] = {}
    for row in (row for row in rows if row["id"] in lines):
        line = lines[row["id"]]
        if line.before.cells is None or row["version"] != (line.before.version or 0) + 1:
            done.left_alone += 1
            continue
        change = _again(seal, row, line, run_id, hand=hand)
        done.count(change)
        changes.append(change)
        targets |= dict.fromkeys(line.before.freed, row["id"])
    hidden = hidden_again(db, seal, targets, undone_at)
    write_changes(db, seal, [*changes, *hidden], hand=hand)
    linking.follow(db, hidden, at=hand.at)


def _again(seal: EntrySeal, row: RowMapping, line: _Line, run_id: UUID, *, hand: Hand) -> Change:
    """Back to what the undo found; told as the run's own, so that it can be undone as such."""
    now, before = side_of(seal, row), line.before
    cells, past = now.cells or {}, before.cells or {}
    columns: dict[str, Any] = {"undone_fields": list(before.undone_fields)}
    if before.is_removed != now.is_removed:
        columns |= moved(before, by_sync=False, at=hand.at)
    return Change(
        row=row,
        before=cells,
        after=merge.restore(cells, past, changed(before, now, told=line.fields)).cells,
        what="redone",
        columns=columns,
        run_id=run_id,
    )


def _lines(
    db: Db, seal: EntrySeal, rows: Sequence[RowMapping], undone_at: datetime
) -> Mapping[UUID, _Line]:
    values = {"undone_at": undone_at, "ids": [row["id"] for row in rows]}
    return {
        line.appointment_id: _Line(line.fields, side(seal, line.appointment_id, line.before))
        for line in db.execute(_LINES, values)
    }
