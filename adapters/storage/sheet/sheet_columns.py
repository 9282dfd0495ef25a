"""A day with very many columns: all counted, with nothing opened; and those read that are shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.practices.clinicians import columns_of
from adapters.storage.sheet import overlaps
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import (
    IN_ORDER,
    OF_DAYS,
    PHI_FIELDS,
    SELECT_ENTRIES,
    of_days,
    opened,
)
from adapters.storage.sheet.sheet_events import newest
from domain.names import clinician, is_identifier
from domain.overlaps import Taken
from domain.sheet import Column, Sheet
from domain.wide import WIDE_FROM, ColumnTally, Selection

NOBODY = UUID(int=0)
"""Stands for the column of rows without a clinician where a statement compares."""

_IS_WIDE = text("SELECT count(*) > :most FROM run_sheet_clinicians")
_LIGHT = text(
    """
    SELECT entry.id, entry.run_sheet_clinician_id AS clinician, entry.appointment_time AS start,
           entry.appointment_duration_minutes AS minutes,
           coalesce(entry.pms_connection_id, clinician.pms_connection_id) AS practice,
           entry.removed_at IS NULL AND entry.appointment_status <> 'cancelled' AS is_on,
           entry.pms_patient_id <> '' OR entry.patient_name IS NOT NULL AS has_patient,
           entry.touched IS NOT NULL AND NOT (entry.removed_at IS NOT NULL AND entry.undone)
             AND EXISTS (SELECT FROM run_sheet_conflicts
                         WHERE appointment_id = entry.id AND settled_at IS NULL) AS is_disputed
    FROM run_sheet_appointments AS entry
    LEFT JOIN run_sheet_clinicians AS clinician ON clinician.id = entry.run_sheet_clinician_id
    """  # noqa: S608 - the conditions every reading of days has
    + OF_DAYS
)
_SHOWN = text(
    SELECT_ENTRIES
    + OF_DAYS
    + " AND coalesce(entry.run_sheet_clinician_id, CAST(:nobody AS uuid)) = ANY(:columns)"
    + IN_ORDER
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WideDay:
    """What is known of a day with nothing opened, as of the event numbered `seq`."""

    day: date
    seq: int
    columns: Sequence[ColumnTally]
    every: Sequence[Column]

    @property
    def is_wide(self) -> bool:
        return len(self.columns) > WIDE_FROM


@dataclass(slots=True)
class _Count:
    practices: set[UUID] = field(default_factory=set)
    booked: int = 0
    patients: int = 0
    disputed: int = 0

    def add(self, row: Row[tuple[object, ...]]) -> None:
        if row.practice is not None:
            self.practices.add(row.practice)
        self.booked += row.is_on
        self.patients += row.has_patient
        self.disputed += row.is_disputed


def may_be_wide(db: Db) -> bool:
    """Whether the account has so many columns that a day of it may have."""
    return bool(db.execute(_IS_WIDE, {"most": WIDE_FROM}).scalar_one())


def count_columns(db: Db, day: date, *, account_id: str) -> WideDay:
    """Every column of that day in the order of the board; nothing of a patient is opened."""
    # Read first: a change that comes while we count is then told again, never missed.
    seq = newest(db)
    rows = db.execute(_LIGHT, of_days(day, day, account_id=account_id)).all()
    counts: dict[UUID | None, _Count] = {}
    for row in rows:
        counts.setdefault(row.clinician, _Count()).add(row)
    overlapping = _overlapping(db, rows, account_id=account_id)
    every = columns_of(db)
    known = sorted(every, key=lambda one: is_identifier(one.name))
    named = [(one.id, clinician(one.name)) for one in known]
    return WideDay(
        day=day,
        seq=seq,
        columns=[
            _tally(one, name, counts[one], overlapping)
            for one, name in [*named, (None, "Without a clinician")]
            if one in counts
        ],
        every=every,
    )


def read_columns(
    db: Db, seal: EntrySeal, wide: WideDay, chosen: Selection, *, account_id: str, access: Access
) -> Sheet:
    """The rows of the columns that are shown; the access names how many there were of how many."""
    shown = [one.id or NOBODY for one in chosen.shown]
    asked = of_days(wide.day, wide.day, account_id=account_id)
    entries = opened(db, seal, _SHOWN, {**asked, "nobody": NOBODY, "columns": shown})
    marked, both = overlaps.marked(db, entries, account_id=account_id)
    record(
        db,
        access,
        account_id=account_id,
        action="run_sheet.read",
        phi_fields=PHI_FIELDS if entries else (),
        summary=(
            f"{wide.day} to {wide.day}: {len(entries)} rows"
            f" in {len(shown)} of {len(wide.columns)} columns"
        ),
    )
    return Sheet(
        first_day=wide.day,
        last_day=wide.day,
        columns=wide.every,
        entries=marked,
        seq=wide.seq,
        overlaps=both,
    )


def _tally(
    column_id: UUID | None, name: str, count: _Count, overlapping: Mapping[UUID, int]
) -> ColumnTally:
    return ColumnTally(
        id=column_id,
        name=name,
        practices=frozenset(count.practices),
        booked=count.booked,
        patients=count.patients,
        disputed=count.disputed,
        overlapping=overlapping.get(column_id, 0) if column_id else 0,
    )


def _overlapping(
    db: Db, rows: Sequence[Row[tuple[object, ...]]], *, account_id: str
) -> Mapping[UUID, int]:
    """How many rows of each clinician stand at the same time as another visit of theirs."""
    own = [
        Taken(
            id=row.id,
            clinician=row.clinician,
            start=row.start,
            end=row.start + timedelta(minutes=row.minutes),
        )
        for row in rows
        if row.clinician is not None
    ]
    found = overlaps.overlapping(db, own, account_id=account_id)
    return Counter(one.clinician for one in own if one.id in found)
