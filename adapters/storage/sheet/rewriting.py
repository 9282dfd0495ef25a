"""Rows of the sheet that people change several at once: written, remembered and told in batches."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import insert

from adapters.storage.by_hand.conflicts import Closed, close_conflicts, open_conflicts
from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.sheet.day_sheets import sheets_of
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.sheet_events import tell
from adapters.storage.tables import run_sheet_appointments as entries
from adapters.storage.tables import run_sheet_history
from adapters.storage.two_way.pushes import owed
from domain import merge
from domain.window import local_day
from infra.database import Direct

_KEPT = {"id", "account_id", "created_at"}
_OF_THE_DATABASE = {"changed_in"}
RARE = "pms_referral_id"
"""Few practices have it: rows that do not name it are written without the column."""


def _upsert(columns: Sequence[str]) -> Direct:
    """One document for all rows, and what they have in common once.

    The table itself says what type each column has. What stands nowhere is null.
    """
    every = ", ".join(columns)
    taken_over = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns if name not in _KEPT)
    return Direct(
        f"""
        INSERT INTO run_sheet_appointments ({every})
        SELECT {every}
        FROM json_populate_recordset(
          json_populate_record(NULL::run_sheet_appointments, CAST(:common AS json)),
          CAST(:rows AS json)
        )
        ON CONFLICT (id) DO UPDATE SET {taken_over}
        """  # noqa: S608 - the columns are the table's own
    )


_NAMES = [column.name for column in entries.columns if column.name not in _OF_THE_DATABASE]
_USUAL = [name for name in _NAMES if name != RARE]
_UPSERT_WHOLE = _upsert(_NAMES)
_UPSERT = _upsert(_USUAL)


def write_rows(db: Db, rows: Sequence[Mapping[str, Any]]) -> None:
    """New rows, and rows whose lock is held, whole."""
    if rows:
        is_whole = any(RARE in row for row in rows)
        names = _NAMES if is_whole else _USUAL
        common = [name for name in names if _is_shared(name, rows)]
        own = [name for name in names if name not in common]
        told = {"common": _plain(rows[0], common), "rows": [_plain(row, own) for row in rows]}
        statement = _UPSERT_WHOLE if is_whole else _UPSERT
        statement.run(db, {name: json.dumps(one, default=str) for name, one in told.items()})


def _is_shared(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether all rows hold the very same value there."""
    value = rows[0].get(name)
    return all(row.get(name) is value for row in rows)


def write_changes(db: Db, seal: EntrySeal, changes: Sequence[Change], *, hand: Hand) -> set[date]:
    """The rows, their history, their conflicts, and one event for all; answers the days concerned.

    The audit row is the caller's: it knows what was asked for.
    """
    if not changes:
        return set()
    changes = owed(db, changes, hand=hand)
    rows = [_rewritten(seal, change, at=hand.at) for change in changes if change.is_write]
    days = _place(db, rows, account_id=hand.account_id)
    write_rows(db, rows)
    history = [_line(seal, change, hand=hand) for change in changes if change.what]
    if history:
        db.execute(insert(run_sheet_history), history)
    _dispute(db, seal, changes, hand=hand)
    days |= {local_day(one.row["appointment_time"], one.row["timezone"]) for one in changes}
    _tell(db, changes, days, hand=hand)
    return days


def _tell(db: Db, changes: Sequence[Change], days: set[date], *, hand: Hand) -> None:
    """One event; of one row alone it says which."""
    told: dict[str, Any] = {"days": sorted(day.isoformat() for day in days)}
    alone = changes[0].row if len(changes) == 1 else None
    if alone is not None:
        told["entry_id"] = str(alone["id"])
    tell(
        db,
        account_id=hand.account_id,
        kind="sheet_changed",
        connection_id=alone["pms_connection_id"] if alone is not None else None,
        detail=told,
    )


def _rewritten(seal: EntrySeal, change: Change, *, at: datetime) -> dict[str, Any]:
    row = change.row
    cells = seal.rewritten(row["id"], change.after) if change.after != change.before else {}
    stamp = {"version": row["version"] + 1, "updated_at": at}
    return {**row, **cells, **change.columns, **stamp}


def _place(db: Db, rows: Sequence[dict[str, Any]], *, account_id: str) -> set[date]:
    """Put each row on the sheet of its day."""
    days = [local_day(row["appointment_time"].astimezone(UTC), row["timezone"]) for row in rows]
    sheets = sheets_of(db, account_id=account_id, days=days)
    for row, day in zip(rows, days, strict=True):
        row["run_sheet_id"] = sheets[day]
    return set(days)


def _line(seal: EntrySeal, change: Change, *, hand: Hand) -> dict[str, Any]:
    row_id = change.row["id"]
    told = {
        "account_id": hand.account_id,
        "appointment_id": row_id,
        "run_id": change.run_id,
        "what": change.what,
        "by": hand.by,
        "fields": change.fields,
        "before": None,
        "at": hand.at,
    }
    if change.is_first:
        return {**told, "fields": []}
    others = {"linked": change.linked, "freed": change.freed}
    more: dict[str, Any] = {name: [str(one) for one in ids] for name, ids in others.items() if ids}
    if change.said:
        more["said"] = change.said
    kept = seal.snapshot(change.row, **more)
    before = seal.document(row_id, "before", kept, table="run_sheet_history")
    return {**told, "before": before}


def _dispute(db: Db, seal: EntrySeal, changes: Sequence[Change], *, hand: Hand) -> None:
    """Open and close what the changes put in conflict, or out of it."""
    opened = list[tuple[UUID, merge.Conflict]]()
    closed: list[Closed] = []
    for change in changes:
        row_id = change.row["id"]
        were, are = merge.conflicts(change.before), merge.conflicts(change.after)
        still = {one.field for one in are}
        opened += [(row_id, one) for one in are if one not in were]
        gone = [one.field for one in were if one.field not in still]
        closed += [Closed(row_id, field, change.settled_as) for field in gone]
    open_conflicts(db, seal, opened, account_id=hand.account_id, run_id=None)
    close_conflicts(db, closed, by=hand.by, at=hand.at)


def _plain(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What Postgres reads out of JSON, which has no type for much of it; null is left out."""
    return {
        name: encode(value) if (encode := _ENCODE.get(type(value))) else value
        for name in names
        if (value := row.get(name)) is not None
    }


def _hexadecimal(value: bytes | memoryview) -> str:
    return "\\x" + value.hex()


_ENCODE: Mapping[type, Callable[[Any], Any]] = {
    bytes: _hexadecimal,
    memoryview: _hexadecimal,
    # A page of a book has few times, and each row tells its own twice.
    datetime: lru_cache(datetime.isoformat),
    UUID: attrgetter("hex"),
}
