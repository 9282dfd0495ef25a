"""Writes what a PMS said onto the sheet: one locked read, one merge and one batch for each page."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, select, text
from sqlalchemy.dialects.postgresql import insert

from adapters.left_out import left_out
from adapters.storage.by_hand import taken_back
from adapters.storage.by_hand.conflicts import Closed, close_conflicts, open_conflicts
from adapters.storage.practices import left_visits
from adapters.storage.sheet import linking, row_prints
from adapters.storage.sheet.day_sheets import sheets_of
from adapters.storage.sheet.entries import EntrySeal, values_of
from adapters.storage.sheet.page_changes import (
    PageChange,
    referred,
    standing,
    take_over,
    to_push,
    told,
)
from adapters.storage.sheet.rewriting import write_rows
from adapters.storage.tables import run_sheet_appointments as entries
from adapters.storage.tables import run_sheet_history
from adapters.storage.two_way import pushes
from domain.appointments import Status
from domain.connections import Connection
from domain.fields import BOTH_WAYS, OF_PATIENT, RULES, Source
from domain.intake import LEFT_OUT, PATIENT_MISSING, Incoming, Reprint, Stored
from domain.merge import Merged, join, merge, shown
from domain.minimising import Extra, fields_of
from domain.rezoning import Rezoned
from domain.runs import Counts
from domain.window import Window, local_day

# Made once: SQLAlchemy knows a statement again by itself, and one just like it by all its columns.
_HELD = select(entries).where(text("id = ANY(:ids)"))
_HELD_LOCKED = _HELD.order_by(entries.c.id).with_for_update()
_REMEMBER = insert(run_sheet_history)
_TAKE_OFF = text(
    """
    UPDATE run_sheet_appointments
    SET removed_at = :at, undone = false, pms_last_synced_at = :at, updated_at = :at,
        version = version + 1,
        flags = array_remove(flags, CAST(:flag AS text))
                || CASE WHEN id = ANY(CAST(:left_out AS uuid[])) THEN ARRAY[CAST(:flag AS text)] END
    WHERE id = ANY(:ids) AND removed_at IS NULL
    RETURNING id, appointment_time, timezone
    """
)


@dataclass(slots=True)
class Applied:
    """What one page did to the sheet; `lines` are the rows a reader would see change."""

    created: int = 0
    updated: int = 0
    cancelled: int = 0
    removed: int = 0
    conflicts: int = 0
    days: set[date] = field(default_factory=set)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def add_to(self, counts: Counts) -> None:
        """What a page wrote; what leaves the sheet is counted where it is settled."""
        counts.created += self.created
        counts.updated += self.updated
        counts.cancelled += self.cancelled
        counts.conflicts += self.conflicts


class ConnectionSheet:
    """The sheet as one connection's PMS fills it, inside the caller's transaction.

    `sheets` are those of days that are known already; others are added as they are met.
    """

    def __init__(
        self,
        db: Db,
        connection: Connection,
        seal: EntrySeal,
        *,
        sheets: dict[date, UUID] | None = None,
    ) -> None:
        self._db = db
        self._sheets = {} if sheets is None else sheets
        self._connection = connection
        self._seal = seal
        self._rules = BOTH_WAYS if connection.both_ways else RULES
        self._left_out = left_out(connection.vendor, connection.left_out)
        self._forgotten = fields_of(self._left_out)

    def stored(self, ids: Sequence[UUID]) -> Mapping[UUID, Stored]:
        """Fingerprints of the rows we hold; nothing is opened or locked."""
        return row_prints.stored(self._db, ids)

    def stored_around(
        self, ids: Sequence[UUID], *, window: Window, practitioner_ids: Sequence[str]
    ) -> Mapping[UUID, Stored]:
        """As `stored`, and of all rows these practitioners have in the window."""
        return row_prints.stored_around(
            self._db, ids, self._connection.id, window=window, practitioner_ids=practitioner_ids
        )

    def reprint(self, rows: Sequence[Reprint]) -> None:
        """Known by the key in force from now on; nothing that anybody reads has changed."""
        row_prints.reprint(self._db, rows)

    def apply(
        self, fresh: Sequence[Incoming], *, at: datetime, run_id: UUID, dry_run: bool = False
    ) -> Applied:
        """Merge new and different records into their rows, or only tell what that would do."""
        applied = Applied()
        if fresh and not dry_run:
            linking.with_other_syncs(self._db, self._connection.account_id)
        held = self._held([one.id for one in fresh if one.is_held], lock=not dry_run)
        zone = self._connection.timezone
        fresh = taken_back.decided(
            self._db, self._seal, fresh, held, timezone=zone, forgotten=self._forgotten
        )
        changes = []
        for one in fresh:
            before = held.get(one.id)
            change = self._changed(one, before, at=at, run_id=run_id)
            changes.append(change)
            if change.is_off or change.is_quiet:
                continue
            self._count(applied, one, before, change.merged)
            if dry_run:
                applied.lines.append(self._told(one, change))
        if changes and not dry_run:
            self._write(changes, applied, at=at, run_id=run_id)
        return applied

    def _write(
        self, changes: Sequence[PageChange], applied: Applied, *, at: datetime, run_id: UUID
    ) -> None:
        history = [
            self._history(one.before, one.fields, what="synced", run_id=run_id)
            for one in told(changes, self._connection)
            if one.before is not None
        ]
        due = to_push(changes, self._connection)
        rows = {one.row["id"]: one.row for one in changes}
        met = self._same_visits(changes)
        found = met.pairs
        opened: list[tuple[UUID, Merged]] = [
            (one.row["id"], one.merged) for one in changes if one.merged is not None
        ]
        for waiting, target in found:
            joined, line = self._joined(rows[target], waiting, run_id=run_id)
            history.append(line)
            opened.append((target, joined))
            applied.conflicts += len(joined.opened)
            applied.days.add(local_day(waiting["appointment_time"], waiting["timezone"]))
            rows[target] = {**rows[target], **self._seal.rewritten(target, joined.cells)}
            due += take_over(rows[target], joined.cells, self._connection)
        self._place(list(rows.values()))
        write_rows(self._db, list(rows.values()))
        pushes.put_jobs(self._db, self._connection, due)
        linking.link(self._db, found, at=at)
        linking.doubt(self._db, met.doubtful, at=at)
        if history:
            self._db.execute(_REMEMBER, history)
        self._settle(opened, run_id=run_id, at=at)

    def _same_visits(self, changes: Sequence[PageChange]) -> linking.Met:
        """Rows that were scanned, typed or left behind and wait for this page's, with its rows."""
        listed = [
            linking.Listed(one.row, one.merged.cells if one.merged else None)
            for one in changes
            if one.may_meet
        ]
        account = self._connection.account_id
        ours = linking.waiting_for(self._db, listed, account_id=account)
        met = linking.meet(self._db, self._seal, listed, ours.rows, account_id=account)
        if not ours.has_left:
            return met
        left = left_visits.meet_left(self._db, self._seal, listed, account_id=account)
        return linking.Met([*left.pairs, *met.pairs], [*left.doubtful, *met.doubtful])

    def _joined(
        self, row: Mapping[str, Any], waiting: RowMapping, *, run_id: UUID
    ) -> tuple[Merged, dict[str, Any]]:
        """The PMS's row with what waited for it, and the line of its history."""
        cells = self._seal.cells(row)
        joined = join(
            cells, self._seal.cells(waiting), rules=self._rules, forgotten=self._forgotten
        )
        kept = self._seal.snapshot(row, linked=[str(waiting["id"])])
        line = self._history_line(
            row["id"], sorted(joined.changed), kept, what="linked", run_id=run_id
        )
        return joined, line

    def take_off(
        self,
        ids: Sequence[UUID],
        *,
        at: datetime,
        run_id: UUID,
        left_out: Collection[UUID] = (),
        dry_run: bool = False,
    ) -> Applied:
        """Mark rows that the PMS no longer has, or that are left out; nothing typed is lost."""
        rows = [row for row in self._held(ids, lock=not dry_run).values() if not row["removed_at"]]
        if dry_run:
            lines = [self._line("remove", row["id"], self._seal.values(row)) for row in rows]
            return Applied(removed=len(lines), lines=lines)
        if rows:
            history = [self._history(row, [], what="removed", run_id=run_id) for row in rows]
            self._db.execute(_REMEMBER, history)
            gone = {"ids": [row["id"] for row in rows], "at": at}
            ours = {"left_out": list(left_out), "flag": LEFT_OUT}
            self._db.execute(_TAKE_OFF, {**gone, **ours})
        days = {local_day(row["appointment_time"], row["timezone"]) for row in rows}
        return Applied(removed=len(rows), days=days)

    def _held(self, ids: Sequence[UUID], *, lock: bool) -> dict[UUID, RowMapping]:
        if not ids:
            return {}
        query = _HELD_LOCKED if lock else _HELD
        return {row["id"]: row for row in self._db.execute(query, {"ids": list(ids)}).mappings()}

    def _changed(
        self, one: Incoming, before: RowMapping | None, *, at: datetime, run_id: UUID
    ) -> PageChange:
        """What the row becomes; where a person touched it, what they and the PMS say is merged."""
        said = values_of(one.appointment, one.clinician_id)
        fixed = self._fixed(one, before, at=at, run_id=run_id)
        was = self._seal.values(before) if before is not None else {}
        if before is not None and PATIENT_MISSING in one.appointment.flags:
            # The PMS said nothing of the patient this time: not that there is nothing to say.
            said = {name: value for name, value in said.items() if name not in OF_PATIENT}
        if before is not None and one.stays_undone:
            undone = before["undone_fields"]
            said = {name: value for name, value in said.items() if name not in undone}
        if before is None or before["touched"] is None:
            values = {**was, **said, **dict.fromkeys(self._forgotten)}
            columns = self._seal.columns(one.id, values)
            row = {**fixed, **columns, "touched": None, "provenance": {}}
            return PageChange(row, was, values, None, before)
        cells = self._seal.cells(before)
        merged = merge(
            cells,
            said,
            at=at,
            rules=self._rules,
            forgotten=self._forgotten,
            rezoned=Rezoned(was=before["timezone"], now=self._connection.timezone),
        )
        row = {**fixed, **self._seal.rewritten(one.id, merged.cells), **standing(before, merged)}
        return PageChange(row, was, shown(merged.cells), merged, before)

    def _fixed(
        self, one: Incoming, before: RowMapping | None, *, at: datetime, run_id: UUID
    ) -> dict[str, Any]:
        """The columns that only the PMS writes."""
        appointment = one.appointment
        undone = before if one.stays_undone else None
        is_off = undone is not None and undone["removed_at"] is not None
        return {
            "id": one.id,
            "account_id": self._connection.account_id,
            "pms_connection_id": self._connection.id,
            "pms_appointment_id": appointment.pms_id,
            "pms_patient_id": appointment.patient_id,
            "pms_practitioner_id": appointment.practitioner_id,
            "pms_start": appointment.start,
            "pms_version": appointment.version,
            "pms_facility_id": appointment.facility_id,
            **referred(appointment, before),
            **standing(before, None),
            "source": Source.PMS.value,
            "is_manual_entry": False,
            "status_raw": appointment.status_raw,
            "appointment_type_id": None if Extra.TYPE in self._left_out else appointment.type_id,
            "timezone": self._connection.timezone,
            "flags": sorted(appointment.flags),
            "fingerprint": one.fingerprint,
            "pms_print": one.told,
            "pms_origin": appointment.origin,
            "removed_at": undone["removed_at"] if undone else None,
            "pms_last_synced_at": at,
            # A row that stays off is as whoever took it back left it.
            "version": before["version"] + (not is_off) if before else 1,
            "created_at": before["created_at"] if before else at,
            "updated_at": at,
            "linked_to": self._behind(before, appointment.start, at=at),
            "created_run_id": before["created_run_id"] if before else run_id,
            "undone": is_off,
            "undone_fields": undone["undone_fields"] if undone else [],
        }

    def _behind(self, before: RowMapping | None, start: datetime, *, at: datetime) -> UUID | None:
        """The row of another practice that goes on standing for a visit of a day that is over.

        It took it over while this one was not connected.
        """
        if before is None or before["linked_to"] is None:
            return None
        zone = self._connection.timezone
        target: UUID = before["linked_to"]
        return target if local_day(start, zone) < local_day(at, zone) else None

    def _count(
        self, applied: Applied, one: Incoming, before: RowMapping | None, merged: Merged | None
    ) -> None:
        applied.created += before is None
        applied.updated += before is not None
        now_cancelled = one.appointment.status is Status.CANCELLED
        was_cancelled = before is not None and before["appointment_status"] == "cancelled"
        applied.cancelled += now_cancelled and not was_cancelled
        applied.conflicts += len(merged.opened) if merged else 0
        applied.days.add(local_day(one.appointment.start, self._connection.timezone))
        if before is not None:
            applied.days.add(local_day(before["appointment_time"], before["timezone"]))

    def _told(self, one: Incoming, change: PageChange) -> dict[str, Any]:
        """One line of a preview: what would be added or changed, from what to what."""
        if not change.was:
            return self._line("add", one.id, change.shown)
        fields = {name: [change.was[name], change.shown.get(name)] for name in change.fields}
        return {**self._line("change", one.id, change.shown), "changed": fields}

    def _line(self, what: str, row_id: UUID, values: Mapping[str, Any]) -> dict[str, Any]:
        told = ("patient_name", "start", "duration_minutes", "status", "appointment_type")
        return {"what": what, "id": row_id, **{name: values.get(name) for name in told}}

    def _history(
        self, before: RowMapping, fields: Sequence[str], *, what: str, run_id: UUID
    ) -> dict[str, Any]:
        """What the row was before this run, so that one row or a whole run can be undone."""
        kept = self._seal.snapshot(before)
        return self._history_line(before["id"], fields, kept, what=what, run_id=run_id)

    def _history_line(
        self,
        row_id: UUID,
        fields: Sequence[str],
        kept: Mapping[str, Any],
        *,
        what: str,
        run_id: UUID,
    ) -> dict[str, Any]:
        return {
            "account_id": self._connection.account_id,
            "appointment_id": row_id,
            "run_id": run_id,
            "what": what,
            "by": self._connection.vendor,
            "fields": list(fields),
            "before": self._seal.document(row_id, "before", kept, table="run_sheet_history"),
        }

    def _settle(self, merged: Sequence[tuple[UUID, Merged]], *, run_id: UUID, at: datetime) -> None:
        account = self._connection.account_id
        opened = [(row_id, conflict) for row_id, one in merged for conflict in one.opened]
        closed = [
            Closed(row_id, gone.field, "agreed") for row_id, one in merged for gone in one.closed
        ]
        open_conflicts(self._db, self._seal, opened, account_id=account, run_id=run_id)
        close_conflicts(self._db, closed, by="sync", at=at)

    def _place(self, rows: Sequence[dict[str, Any]]) -> None:
        """Put each row on the sheet of its day."""
        account, zone = self._connection.account_id, self._connection.timezone
        days = [local_day(row["appointment_time"], zone) for row in rows]
        if others := set(days) - self._sheets.keys():
            self._sheets.update(sheets_of(self._db, account_id=account, days=others))
        for row, day in zip(rows, days, strict=True):
            row["run_sheet_id"] = self._sheets[day]
