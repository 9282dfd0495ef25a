"""Reads the run sheet: a query for the rows, one for the columns, an audit row for the access."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, RowMapping, TextClause, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.practices.clinicians import columns_of
from adapters.storage.sheet import overlaps
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.sheet_events import newest
from domain.counting import so_many
from domain.fields import Cell, Given
from domain.intake import FOR_OTHERS, WAS_FOR_SOMEBODY
from domain.merge import conflicts
from domain.names import clinician
from domain.sheet import (
    ConflictView,
    EntryView,
    NotOnSheet,
    Origin,
    OtherValue,
    PatientView,
    PractitionerView,
    Sheet,
)

PHI_FIELDS = (
    "patient_name",
    "patient_phone",
    "patient_email",
    "patient_date_of_birth",
    "notes",
    "telehealth_links",
)
# The server ends a transaction that asks nothing for five seconds: it is asked between pieces.
PIECE = 1000
# No practice is further from UTC than that, so an index can find its day before its zone is asked.
FURTHEST_EAST = timedelta(hours=14)
FURTHEST_WEST = timedelta(hours=12)

# What a row's practice says is looked up for each row: taken for few, as they are, rows would be
# joined by comparing each with every practice and every one of its practitioners.
SELECT_ENTRIES = """
    SELECT entry.*, clinician.name AS clinician_name,
           (SELECT pms_practitioner_name FROM pms_clinician_mappings
            WHERE pms_connection_id = entry.pms_connection_id
              AND pms_practitioner_id = entry.pms_practitioner_id) AS pms_practitioner_name,
           greatest(entry.pms_last_synced_at, (
             SELECT last_sync_at FROM pms_connections
             WHERE id = entry.pms_connection_id)) AS seen_at
    FROM run_sheet_appointments AS entry
    LEFT JOIN run_sheet_clinicians AS clinician ON clinician.id = entry.run_sheet_clinician_id
"""
OF_DAYS = """
    WHERE entry.account_id = :account_id AND entry.linked_to IS NULL
      AND entry.appointment_time >= :earliest AND entry.appointment_time < :latest
      AND CAST(entry.appointment_time AT TIME ZONE entry.timezone AS date) BETWEEN :first AND :last
      AND (CAST(:connection_id AS uuid) IS NULL OR entry.pms_connection_id = :connection_id)
"""
IN_ORDER = " ORDER BY entry.appointment_time, entry.id"
_DAYS = text(SELECT_ENTRIES + OF_DAYS + IN_ORDER)
# A row that is linked is asked for by whoever saw it before: the row it is linked to stands for it.
_ONE = text(
    SELECT_ENTRIES  # noqa: S608 - the statement above
    + """
    WHERE entry.account_id = :account_id AND entry.id = (
      SELECT coalesce(linked_to, id) FROM run_sheet_appointments
      WHERE id = :id AND account_id = :account_id)
    """
)
_CONFLICTS = text(
    """
    SELECT id, appointment_id, field, opened_at FROM run_sheet_conflicts
    WHERE settled_at IS NULL AND appointment_id = ANY(:ids)
    """
)
# The last word on a row that a person took off the sheet, or off again.
_UNDONE = text(
    """
    SELECT DISTINCT ON (appointment_id) appointment_id, by, at FROM run_sheet_history
    WHERE appointment_id = ANY(:ids) AND what IN ('undone', 'taken_off')
    ORDER BY appointment_id, id DESC
    """
)
# A visit keeps its id where its patient is changed at the PMS; its row does not.
_OTHERS_OF_VISIT = text(
    """
    SELECT one.id FROM run_sheet_appointments AS one
    WHERE one.id = ANY(:ids) AND EXISTS (
      SELECT FROM run_sheet_appointments AS other
      WHERE other.pms_connection_id = one.pms_connection_id
        AND other.pms_appointment_id = one.pms_appointment_id AND other.id <> one.id
        AND NOT other.undone AND (other.removed_at IS NULL) = (one.removed_at IS NOT NULL))
    """
)


Open = Mapping[tuple[UUID, str], RowMapping]


def read_sheet(  # noqa: PLR0913 - whose, which days, for whom
    db: Db,
    seal: EntrySeal,
    *,
    account_id: str,
    first_day: date,
    last_day: date,
    access: Access,
    connection_id: UUID | None = None,
) -> Sheet:
    """The practice-local days `first_day` to `last_day`, both included."""
    # Read first: a change that comes while we read is then told again, never missed.
    seq = newest(db)
    asked = of_days(first_day, last_day, account_id=account_id, connection_id=connection_id)
    entries = opened(db, seal, _DAYS, asked)
    marked, both = overlaps.marked(db, entries, account_id=account_id)
    record(
        db,
        access,
        account_id=account_id,
        action="run_sheet.read",
        phi_fields=PHI_FIELDS if entries else (),
        connection_id=connection_id,
        summary=f"{first_day} to {last_day}: {so_many(len(entries), 'row')}",
    )
    return Sheet(
        first_day=first_day,
        last_day=last_day,
        columns=columns_of(db),
        entries=marked,
        seq=seq,
        overlaps=both,
    )


def opened(
    db: Db, seal: EntrySeal, query: TextClause, values: Mapping[str, Any]
) -> Sequence[EntryView]:
    """What it brings of SELECT_ENTRIES, piece by piece."""
    with db.execute(query.execution_options(yield_per=PIECE), values) as found:
        pieces = found.mappings().partitions(PIECE)
        return tuple(view for rows in pieces for view in views(db, seal, rows))


def of_days(
    first_day: date, last_day: date, *, account_id: str, connection_id: UUID | None = None
) -> dict[str, Any]:
    """What OF_DAYS asks for."""
    midnight = datetime.combine(first_day, time(), UTC)
    return {
        "account_id": account_id,
        "first": first_day,
        "last": last_day,
        "earliest": midnight - FURTHEST_EAST,
        "latest": datetime.combine(last_day, time(), UTC) + timedelta(days=1) + FURTHEST_WEST,
        "connection_id": connection_id,
    }


def read_entry(
    db: Db, seal: EntrySeal, entry_id: UUID, *, account_id: str, access: Access
) -> EntryView:
    """One row, or NotOnSheet."""
    entry = view_entry(db, seal, entry_id, account_id=account_id)
    record(
        db,
        access,
        account_id=account_id,
        action="run_sheet.read",
        phi_fields=PHI_FIELDS,
        connection_id=entry.connection_id,
        patient_id=entry.patient.pms_id if entry.patient else None,
        summary=f"row {entry_id}",
    )
    return entry


def view_entry(db: Db, seal: EntrySeal, entry_id: UUID, *, account_id: str) -> EntryView:
    """One row for a caller that has recorded its access already."""
    rows = db.execute(_ONE, {"id": entry_id, "account_id": account_id}).mappings().all()
    if not rows:
        raise NotOnSheet("There is no such row on the sheet.")
    (marked,), _ = overlaps.marked(db, views(db, seal, rows), account_id=account_id)
    return marked


def views(db: Db, seal: EntrySeal, rows: Sequence[RowMapping]) -> tuple[EntryView, ...]:
    disputed = [row["id"] for row in rows if row["touched"] is not None]
    opened: dict[tuple[UUID, str], RowMapping] = {}
    if disputed:
        found = db.execute(_CONFLICTS, {"ids": disputed}).mappings()
        opened = {(row["appointment_id"], row["field"]): row for row in found}
    undone = _undone(db, rows)
    shared = _shared(db, rows)
    every = (_view(seal, row, opened, undone.get(row["id"])) for row in rows)
    return tuple(_sharing(one) if one.id in shared else one for one in every)


def _shared(db: Db, rows: Sequence[RowMapping]) -> frozenset[UUID]:
    """Of those the PMS took off, and those of nobody, whose visits are or were for others."""
    asked = [row["id"] for row in rows if row["source"] == "pms" and _may_be_shared(row)]
    return frozenset(db.execute(_OTHERS_OF_VISIT, {"ids": asked}).scalars() if asked else ())


def _may_be_shared(row: RowMapping) -> bool:
    is_off = row["removed_at"] is not None
    return not row["undone"] if is_off else not row["pms_patient_id"]


def _sharing(one: EntryView) -> EntryView:
    return replace(one, flags=(*one.flags, FOR_OTHERS if one.removed else WAS_FOR_SOMEBODY))


def _undone(db: Db, rows: Sequence[RowMapping]) -> Mapping[UUID, Row[Any]]:
    """Who took rows off the sheet, and when."""
    off = [row["id"] for row in rows if row["removed_at"] is not None and row["undone"]]
    if not off:
        return {}
    return {line.appointment_id: line for line in db.execute(_UNDONE, {"ids": off})}


def _view(
    seal: EntrySeal, row: RowMapping, opened: Open, undone: Row[Any] | None = None
) -> EntryView:
    values = seal.values(row)
    cells = seal.touched_cells(row) if row["touched"] is not None else {}
    links = [*(values["telehealth_links"] or ()), None, None]
    start, minutes = values["start"].astimezone(UTC), values["duration_minutes"]
    return EntryView(
        id=row["id"],
        version=row["version"],
        pms_appointment_id=row["pms_appointment_id"],
        connection_id=row["pms_connection_id"],
        pms_connection_id=row["pms_connection_id"],
        start=start,
        end=start + timedelta(minutes=minutes),
        duration_minutes=minutes,
        timezone=row["timezone"],
        status=values["status"],
        status_raw=row["status_raw"],
        is_telehealth=values["is_telehealth"],
        appointment_type=values["appointment_type"],
        patient=_patient(row, values),
        practitioner=_practitioner(row),
        clinician=row["clinician_name"] and clinician(row["clinician_name"]),
        clinician_id=values["clinician"],
        notes=values["notes"],
        pms_notes=_pms_notes(cells.get("notes"), values["notes"]),
        own_notes=_own_notes(cells.get("notes")),
        telehealth_link=links[0],
        telehealth_host_link=links[1],
        source=row["source"],
        is_manual_entry=row["is_manual_entry"],
        removed=row["removed_at"] is not None,
        flags=tuple(row["flags"]),
        provenance={field: _origin(cell) for field, cell in cells.items()},
        conflicts=_conflicts(row["id"], cells, opened),
        pms_last_synced_at=row["seen_at"],
        **_undoing(undone),
        referral_id=row["pms_referral_id"],
    )


def _undoing(undone: Row[Any] | None) -> dict[str, Any]:
    return {"undone_by": undone.by, "undone_at": undone.at} if undone else {}


def _practitioner(row: RowMapping) -> PractitionerView:
    return PractitionerView(
        pms_id=row["pms_practitioner_id"], full_name=row["pms_practitioner_name"]
    )


def _patient(row: RowMapping, values: Mapping[str, Any]) -> PatientView | None:
    """A row without a patient is a block in the book."""
    if not row["pms_patient_id"] and not values["patient_name"]:
        return None
    return PatientView(
        pms_id=row["pms_patient_id"] or None,
        full_name=values["patient_name"],
        first_name=values["patient_first_name"],
        last_name=values["patient_last_name"],
        phone=values["patient_phone"],
        email=values["patient_email"],
        date_of_birth=values["patient_date_of_birth"],
    )


def _own_notes(cell: Cell | None) -> str | None:
    return cell.value if cell and cell.is_manual else None


def _pms_notes(cell: Cell | None, shown: str | None) -> str | None:
    """The PMS part of notes that are shown joined."""
    if cell is None:
        return shown
    if not cell.is_manual:
        return str(cell.value) if cell.value else None
    return str(cell.base.value) if cell.base and cell.base.value else None


def _origin(cell: Cell) -> Origin:
    other = cell.losing or cell.base
    return Origin(
        source=cell.source.value,
        at=cell.at,
        by=cell.by,
        conflict=cell.theirs is not None,
        other=_other(other) if other else None,
    )


def _other(given: Given) -> OtherValue:
    return OtherValue(value=given.value, source=given.source.value, at=given.at, by=given.by)


def _conflicts(row_id: UUID, cells: Mapping[str, Cell], opened: Open) -> tuple[ConflictView, ...]:
    return tuple(
        ConflictView(
            id=opened[row_id, one.field]["id"],
            field=one.field,
            ours=one.ours.value,
            theirs=one.theirs.value,
            opened_at=opened[row_id, one.field]["opened_at"],
        )
        for one in conflicts(cells)
        if (row_id, one.field) in opened
    )
