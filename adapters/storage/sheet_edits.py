"""What people do to a row of the sheet: edit, undo, choose a side; each is one locked step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, insert, select, text, update

from adapters.storage.audit import Access, record
from adapters.storage.conflicts import close_conflicts, open_conflicts
from adapters.storage.day_sheets import sheet_of
from adapters.storage.entries import EntrySeal
from adapters.storage.sheet import view_entry
from adapters.storage.sheet_events import tell
from adapters.storage.sheet_values import read_value
from adapters.storage.tables import run_sheet_appointments as entries
from adapters.storage.tables import run_sheet_history
from domain import merge
from domain.errors import BadInput
from domain.fields import Cells
from domain.sheet import EntryView, NotOnSheet, Settled, Stale
from domain.window import local_day

ALWAYS_KNOWN = frozenset({"start", "duration_minutes", "status", "is_telehealth"})

_CONFLICT = text("SELECT appointment_id, field FROM run_sheet_conflicts WHERE id = :id")
_STILL_OPEN = text(
    "SELECT FROM run_sheet_conflicts WHERE id = :id AND settled_at IS NULL FOR UPDATE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Whose hand it is, when, and through which door."""

    account_id: str
    by: str
    at: datetime
    access: Access


def edit_entry(
    db: Db,
    seal: EntrySeal,
    entry_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None,
    hand: Hand,
) -> EntryView:
    """Set fields by hand; a row that changed since it was read stays as it is (Stale)."""
    row = locked(db, entry_id, expected_version=expected_version)
    before = after = seal.cells(row)
    for field, given in changes.items():
        value = read_value(field, given, start=row["appointment_time"], timezone=row["timezone"])
        after = merge.edit(after, field, value, by=hand.by, at=hand.at).cells
    return _store(db, seal, row, _Step("edited", sorted(changes), before, after), hand=hand)


def revert_field(
    db: Db,
    seal: EntrySeal,
    entry_id: UUID,
    field: str,
    *,
    expected_version: int | None,
    hand: Hand,
) -> EntryView:
    """Undo what a person set in one field: back to the PMS value, or the OCR reading."""
    row = locked(db, entry_id, expected_version=expected_version)
    before = seal.cells(row)
    if field not in before:
        raise BadInput(f"'{field}' is not a field of the sheet.")
    after = merge.revert(before, field).cells
    if field not in after and field in ALWAYS_KNOWN:
        raise BadInput("There is nothing to go back to: no PMS has said otherwise.")
    return _store(db, seal, row, _Step("reverted", [field], before, after), hand=hand)


def settle_conflict(
    db: Db,
    seal: EntrySeal,
    conflict_id: UUID,
    choice: merge.Choice,
    *,
    expected_version: int | None,
    hand: Hand,
) -> EntryView:
    """Keep mine or take theirs; a conflict that is no longer open stays as it was settled."""
    named = db.execute(_CONFLICT, {"id": conflict_id}).first()
    if named is None:
        raise NotOnSheet("There is no such conflict.")
    # The row before its conflict, in the order in which a sync locks them.
    row = locked(db, named.appointment_id, expected_version=expected_version)
    is_open = db.execute(_STILL_OPEN, {"id": conflict_id}).first() is not None
    before = seal.cells(row)
    found = [one for one in merge.conflicts(before) if one.field == named.field]
    if not is_open or not found:
        raise Settled("This conflict is settled already; the sheet shows how.")
    after = merge.settle(before, found[0], choice=choice, by=hand.by, at=hand.at).cells
    return _store(db, seal, row, _Step("settled", [named.field], before, after, choice), hand=hand)


@dataclass(frozen=True, slots=True)
class _Step:
    what: str
    fields: list[str]
    before: Cells
    after: Cells
    settled_as: str = "edited"


def locked(db: Db, entry_id: UUID, *, expected_version: int | None) -> RowMapping:
    """The row, ours until the transaction ends; Stale if it is not the one that was read."""
    query = select(entries).where(entries.c.id == entry_id).with_for_update()
    row = db.execute(query).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such row on the sheet.")
    if expected_version is not None and row["version"] != expected_version:
        raise Stale("This row was changed meanwhile; look at it again, then decide.")
    if row["linked_to"] is not None:
        raise Stale("This row now stands with the PMS's row of the same visit; look at that one.")
    return row


def _store(db: Db, seal: EntrySeal, row: RowMapping, step: _Step, *, hand: Hand) -> EntryView:
    """The row, its history, its conflicts, the audit row and the event, in one transaction."""
    if step.after != step.before:
        _rewrite(db, seal, row, step.after, hand=hand)
        _remember(db, seal, row, step, hand=hand)
        _dispute(db, seal, row["id"], step, hand=hand)
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action=f"run_sheet.{step.what}",
        phi_fields=step.fields,
        connection_id=row["pms_connection_id"],
        patient_id=row["pms_patient_id"] or None,
        summary=f"row {row['id']}",
    )
    return view_entry(db, seal, row["id"], account_id=hand.account_id)


def _rewrite(db: Db, seal: EntrySeal, row: RowMapping, cells: Cells, *, hand: Hand) -> None:
    columns = seal.rewritten(row["id"], cells)
    was, now = (
        local_day(start, row["timezone"])
        for start in (row["appointment_time"], columns["appointment_time"].astimezone(UTC))
    )
    if was != now:
        columns["run_sheet_id"] = sheet_of(db, account_id=hand.account_id, day=now)
    changed = {**columns, "version": row["version"] + 1, "updated_at": hand.at}
    db.execute(update(entries).where(entries.c.id == row["id"]).values(changed))
    tell(
        db,
        account_id=hand.account_id,
        kind="sheet_changed",
        connection_id=row["pms_connection_id"],
        detail={"entry_id": str(row["id"]), "days": sorted({str(was), str(now)})},
    )


def _remember(db: Db, seal: EntrySeal, row: RowMapping, step: _Step, *, hand: Hand) -> None:
    kept = seal.snapshot(row)
    db.execute(
        insert(run_sheet_history),
        {
            "account_id": hand.account_id,
            "appointment_id": row["id"],
            "what": step.what,
            "by": hand.by,
            "fields": step.fields,
            "before": seal.document(row["id"], "before", kept, table="run_sheet_history"),
            "at": hand.at,
        },
    )


def _dispute(db: Db, seal: EntrySeal, row_id: UUID, step: _Step, *, hand: Hand) -> None:
    were, are = merge.conflicts(step.before), merge.conflicts(step.after)
    still = {one.field for one in are}
    fresh = [one for one in are if one not in were]
    gone = [one for one in were if one.field not in still]
    open_conflicts(db, seal, row_id, fresh, account_id=hand.account_id, run_id=None)
    close_conflicts(db, row_id, gone, settled_as=step.settled_as, by=hand.by, at=hand.at)
