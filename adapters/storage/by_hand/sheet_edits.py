"""What people do to a row of the sheet: edit, undo, choose a side; each is one locked step."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, select, text

from adapters.storage.audit.audit import record
from adapters.storage.by_hand import chosen_clinicians, chosen_statuses
from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_values import read_reason, read_value
from adapters.storage.practices.rhythms import wake
from adapters.storage.sheet import overlaps
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import view_entry
from adapters.storage.sheet.rewriting import write_changes
from adapters.storage.tables import run_sheet_appointments as entries
from domain import merge
from domain.errors import BadInput
from domain.overlaps import DECIDING
from domain.sheet import EntryView, NotOnSheet, Settled, Stale
from domain.window import LONGEST_NAME

REASON = "cancel_reason"
ALWAYS_KNOWN = frozenset({"start", "duration_minutes", "status", "is_telehealth"})

_CONFLICT = text("SELECT appointment_id, field FROM run_sheet_conflicts WHERE id = :id")
_STILL_OPEN = text(
    "SELECT FROM run_sheet_conflicts WHERE id = :id AND settled_at IS NULL FOR UPDATE"
)


def edit_entry(
    db: Db,
    seal: EntrySeal,
    entry_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None,
    hand: Hand,
) -> EntryView:
    """Set fields by hand; a row that changed since it was read stays as it is (Stale).

    `cancel_reason` is no field: it is kept in the history of the row, and told to no PMS.
    """
    account_id = hand.account_id
    blocking = overlaps.alone(db, account_id) if DECIDING & set(changes) else frozenset()
    row = locked(db, entry_id, expected_version=expected_version)
    fields = {name: given for name, given in changes.items() if name != REASON}
    reason = read_reason(changes.get(REASON), status=changes.get("status"))
    before = after = seal.cells(row)
    for field, given in fields.items():
        value = _read(db, row, field, given)
        if field == "status":
            chosen_statuses.check(db, row, before, value)
        after = merge.edit(after, field, value, by=hand.by, at=hand.at).cells
    change = Change(
        row=row, before=before, after=after, what="edited", about=sorted(fields), said=reason
    )
    overlaps.refuse(db, [change], account_id=account_id, blocking=blocking)
    return _store(db, seal, change, hand=hand)


def revert_field(
    db: Db,
    seal: EntrySeal,
    entry_id: UUID,
    *fields: str,
    expected_version: int | None,
    hand: Hand,
) -> EntryView:
    """Undo what a person set in these fields: back to the PMS value, or the OCR reading."""
    row = locked(db, entry_id, expected_version=expected_version)
    before = after = seal.cells(row)
    held = [one for one in fields if one in before]
    if not held:
        raise BadInput(f"'{', '.join(fields)[:LONGEST_NAME]}' is not a field of the sheet.")
    for field in held:
        after = merge.revert(after, field).cells
        if field not in after and (field in ALWAYS_KNOWN or row["is_manual_entry"]):
            raise BadInput("There is nothing to go back to: no PMS has said otherwise.")
    change = Change(row=row, before=before, after=after, what="reverted", about=held)
    return _store(db, seal, change, hand=hand)


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
    change = Change(
        row=row,
        before=before,
        after=after,
        what="settled",
        about=[named.field],
        settled_as=choice,
    )
    return _store(db, seal, change, hand=hand)


def locked(db: Db, entry_id: UUID, *, expected_version: int | None) -> RowMapping:
    """The row, ours until the transaction ends; Stale if it is not the one that was read."""
    query = select(entries).where(entries.c.id == entry_id).with_for_update()
    row = db.execute(query).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such row on the sheet.")
    if expected_version is not None and row["version"] != expected_version:
        raise Stale("This row was changed meanwhile; look at it again, then decide.")
    if row["linked_to"] is not None:
        raise Stale(
            "This row now stands with the PMS's row of the same appointment; look at that one."
        )
    return row


def _read(db: Db, row: RowMapping, field: str, given: Any) -> Any:
    if field == "clinician":
        return chosen_clinicians.chosen(db, row, given)
    return read_value(field, given, start=row["appointment_time"], timezone=row["timezone"])


def _store(db: Db, seal: EntrySeal, change: Change, *, hand: Hand) -> EntryView:
    """The row, its history, its conflicts, the audit row and the event, in one transaction."""
    row = change.row
    if change.is_write:
        write_changes(db, seal, [change], hand=hand)
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action=f"run_sheet.{change.what}",
        phi_fields=change.about,
        connection_id=row["pms_connection_id"],
        patient_id=row["pms_patient_id"] or None,
        summary=f"row {row['id']}",
    )
    if row["pms_connection_id"] is not None:
        wake(db, row["pms_connection_id"])
    return view_entry(db, seal, row["id"], account_id=hand.account_id)
