"""Empties rows of the sheet and their history of what is left out, a bounded step at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.by_hand.conflicts import Closed, close_conflicts
from adapters.storage.sheet.entries import EntrySeal, forgotten
from adapters.storage.sheet.rewriting import write_rows
from adapters.storage.sheet.sheet_events import tell
from domain import merge
from domain.minimising import Extra, fields_of
from domain.window import local_day
from infra.clock import Clock

BATCH = 200
HISTORY = "run_sheet_history"
FIRST = str(UUID(int=0))

# Locked before their history is read: whoever writes a line of it holds the row.
_ROWS = text(
    """
    SELECT * FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND id > CAST(:after AS uuid)
    ORDER BY id LIMIT :most FOR UPDATE
    """
)
_HISTORY = text(
    """
    SELECT id, appointment_id, before FROM run_sheet_history
    WHERE appointment_id = ANY(:ids) AND id > :line ORDER BY id LIMIT :most FOR UPDATE
    """
)
_REMEMBER = text(
    """
    UPDATE run_sheet_history AS line SET before = one.before
    FROM unnest(CAST(:ids AS bigint[]), CAST(:documents AS bytea[])) AS one(id, before)
    WHERE line.id = one.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a practice leaves out, and what it takes to empty what is stored of it.

    A step reads so many lines of one kind at `most`.
    """

    account_id: str
    connection_id: UUID
    extras: frozenset[Extra]
    seal: EntrySeal
    clock: Clock
    most: int = BATCH

    @property
    def fields(self) -> frozenset[str]:
        return fields_of(self.extras)


@dataclass(frozen=True, slots=True)
class Emptied:
    """One step: where the next goes on, None where there is none, and how many rows changed."""

    onward: Mapping[str, Any] | None
    rows: int = 0


def step(db: Db, what: LeftOut, place: Mapping[str, Any]) -> Emptied:
    """Some of the history of the next rows; those rows themselves with the last of it.

    In that order, so that no step undone meanwhile brings back what a row was emptied of: until
    then it is in both, and lines written meanwhile come after those read.
    """
    after, line = place.get("after", FIRST), place.get("line", 0)
    asked = {"connection_id": what.connection_id, "after": after, "most": what.most}
    rows = db.execute(_ROWS, asked).mappings().all()
    ids = [row["id"] for row in rows]
    last = _empty_history(db, what, ids, line=line)
    if last is not None:
        return Emptied({"after": after, "line": last})
    count = _empty(db, what, rows)
    return Emptied({"after": str(ids[-1])} if len(ids) == what.most else None, count)


def _empty_history(db: Db, what: LeftOut, ids: Sequence[UUID], *, line: int) -> int | None:
    """The last line of the batch; None where there is none behind it."""
    lines = db.execute(_HISTORY, {"ids": ids, "line": line, "most": what.most}).all()
    fresh: dict[int, bytes] = {}
    for one in lines:
        if one.before is None:
            continue
        row_id, sealed = one.appointment_id, bytes(one.before)
        kept = what.seal.open_document(row_id, "before", sealed, table=HISTORY)
        left = forgotten(kept, what.fields)
        if left is not kept:
            fresh[one.id] = what.seal.document(row_id, "before", left, table=HISTORY)
    if fresh:
        db.execute(_REMEMBER, {"ids": list(fresh), "documents": list(fresh.values())})
    return lines[-1].id if len(lines) == what.most else None


def _empty(db: Db, what: LeftOut, rows: Sequence[RowMapping]) -> int:
    at = what.clock()
    emptied: list[Mapping[str, Any]] = []
    closed: list[Closed] = []
    days: set[date] = set()
    for row in rows:
        merged = merge.forget(what.seal.cells(row), what.fields)
        holds_type = Extra.TYPE in what.extras and row["appointment_type_id"] is not None
        if not merged.touched and not holds_type:
            continue
        emptied.append(_emptied(what, row, merged, at=at))
        closed += [Closed(row["id"], one.field, "agreed") for one in merged.closed]
        days.add(local_day(row["appointment_time"], row["timezone"]))
    write_rows(db, emptied)
    close_conflicts(db, closed, by="sync", at=at)
    _tell(db, what, days)
    return len(emptied)


def _emptied(
    what: LeftOut, row: RowMapping, merged: merge.Merged, *, at: datetime
) -> dict[str, Any]:
    """Without prints: whatever it was made of is read anew, once it may be held again."""
    columns = what.seal.rewritten(row["id"], merged.cells)
    if Extra.TYPE in what.extras:
        columns["appointment_type_id"] = None
    prints = {"fingerprint": None, "pms_origin": None}
    return {**row, **columns, **prints, "version": row["version"] + 1, "updated_at": at}


def _tell(db: Db, what: LeftOut, days: set[date]) -> None:
    """Open pages show the rows of these days as they are now."""
    if days:
        tell(
            db,
            account_id=what.account_id,
            kind="sheet_changed",
            connection_id=what.connection_id,
            detail={"days": sorted(day.isoformat() for day in days)},
        )
