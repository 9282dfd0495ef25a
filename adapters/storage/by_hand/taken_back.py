"""Tells of a row that was taken back whether its PMS says of it what it said then."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.by_hand.history import Side, side
from adapters.storage.sheet.entries import EntrySeal, values_of
from domain.fields import OF_PATIENT, Cell, Cells, Source, is_blank, same
from domain.intake import ESTIMATED, PATIENT_MISSING, Incoming, wall_time
from domain.minimising import Extra, fields_of

MOST = 30
"""So many of a row's undos are looked through for what the PMS had said."""

OPTIONAL = fields_of(Extra)
BY_COLUMN = frozenset({"start", "clinician", "status"})
"""Fields of which the PMS's own word stands in a column, whatever the row shows."""
# What is left out is other from now on, and with it the prints of what was told.
_UNSURE = text(
    """
    UPDATE run_sheet_appointments SET fingerprint = NULL WHERE id IN (
      SELECT id FROM run_sheet_appointments
      WHERE pms_connection_id = :id AND (undone OR cardinality(undone_fields) > 0)
        AND fingerprint IS NOT NULL
      ORDER BY id FOR UPDATE)
    """
)
_UNDOINGS = text(
    """
    SELECT line.* FROM unnest(CAST(:ids AS uuid[])) AS wanted(id)
    CROSS JOIN LATERAL (
      SELECT id, appointment_id, before FROM run_sheet_history
      WHERE appointment_id = wanted.id AND what IN ('undone', 'redone') AND before IS NOT NULL
      ORDER BY id DESC LIMIT :most
    ) AS line
    """
)


def compare_by_value(db: Db, connection_id: UUID) -> None:
    """What is told of its rows sounds otherwise now: prints say nothing of those taken back."""
    db.execute(_UNSURE, {"id": connection_id})


def decided(
    db: Db,
    seal: EntrySeal,
    fresh: Sequence[Incoming],
    held: Mapping[UUID, RowMapping],
    *,
    timezone: str,
    forgotten: Collection[str],
) -> Sequence[Incoming]:
    """Where only what is stored can say whether a row stays taken back, it is asked."""
    unsure = [held[one.id] for one in fresh if one.stays_undone is None and one.id in held]
    if not unsure:
        return fresh
    undone = _before_undone(db, seal, unsure)
    told = {
        row["id"]: _Told(row, {**seal.cells(row), **undone[row["id"]]}, forgotten) for row in unsure
    }
    return [
        replace(one, stays_undone=told[one.id].is_told_again(one, timezone))
        if one.id in told
        else one
        for one in fresh
    ]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a PMS said of a row last, as far as that is stored; `forgotten` is what is left out."""

    row: RowMapping
    cells: Cells
    forgotten: Collection[str]

    def is_told_again(self, one: Incoming, timezone: str) -> bool:
        """It says the same, but for what the choice of then, or that of now, leaves out."""
        appointment, row = one.appointment, self.row
        status = row["status_raw"] or _word(self.cells.get("status"))
        return (
            self._is_when_it_was(appointment.start, timezone)
            and same(row["pms_practitioner_id"], appointment.practitioner_id)
            and same(status, appointment.status_raw or appointment.status.value)
            and row["appointment_type_id"] in (None, appointment.type_id)
            and self._has_its_values(one)
        )

    def _is_when_it_was(self, start: datetime, timezone: str) -> bool:
        """By the instant, or by the practice's clock where its zone was put right."""
        was = self.row["pms_start"]
        if was is None or was == start:
            return True
        return wall_time(was, self.row["timezone"]) == wall_time(start, timezone)

    def _has_its_values(self, one: Incoming) -> bool:
        said = values_of(one.appointment, one.clinician_id)
        was = {name: _word(self.cells.get(name)) for name in said}
        for values, flags in ((said, one.appointment.flags), (was, self.row["flags"])):
            if ESTIMATED in flags:
                values["duration_minutes"] = None
        skipped = {*BY_COLUMN, *self.forgotten}
        if PATIENT_MISSING in {*one.appointment.flags, *self.row["flags"]}:
            skipped.update(OF_PATIENT)
        return all(_is_no_news(name, was[name], said[name]) for name in said.keys() - skipped)


def _is_no_news(name: str, was: Any, said: Any) -> bool:
    """The same; of what can be left out nobody knows whether it was told before, if it is empty."""
    return same(was, said) or (name in OPTIONAL and is_blank(was))


def _word(cell: Cell | None) -> Any:
    """What the PMS said last in a field, under or beside whatever else is there."""
    told = (cell.losing, cell.base, cell.given) if cell is not None else ()
    return next((one.value for one in told if one and one.source is Source.PMS), None)


def _before_undone(
    db: Db, seal: EntrySeal, rows: Sequence[RowMapping]
) -> Mapping[UUID, Mapping[str, Cell]]:
    """Of each row the fields that were taken back, as the PMS had told them until then."""
    ids = [row["id"] for row in rows if row["undone_fields"]]
    lines: dict[UUID, list[Side]] = {row["id"]: [] for row in rows}
    if ids:
        found = db.execute(_UNDOINGS, {"ids": ids, "most": MOST}).all()
        for line in sorted(found, key=lambda one: -one.id):
            lines[line.appointment_id].append(side(seal, line.appointment_id, line.before))
    return {row["id"]: _until_undone(row["undone_fields"], lines[row["id"]]) for row in rows}


def _until_undone(fields: Sequence[str], newest_first: Sequence[Side]) -> dict[str, Cell]:
    """A field's cell in the step that took it back: the last before which it was not."""
    found: dict[str, Cell] = {}
    for name in fields:
        step = next((one for one in newest_first if name not in one.undone_fields), None)
        cell = step.cells.get(name) if step and step.cells else None
        if cell is not None:
            found[name] = cell
    return found
