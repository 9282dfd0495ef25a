"""How much of the sheet some days are, and a piece of them: known before anything is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

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
    views,
)
from adapters.storage.sheet.sheet_events import newest
from domain.sheet import Sheet

Mark = tuple[datetime, UUID]
"""The row a piece ends with: rows are ordered by their time and id."""

_SIZES = text(
    """
    SELECT CAST(entry.appointment_time AT TIME ZONE entry.timezone AS date) AS day,
           count(*) AS rows,
           count(*) FILTER (
             WHERE entry.pms_patient_id <> '' OR entry.patient_name IS NOT NULL) AS patients
    FROM run_sheet_appointments AS entry
    """  # noqa: S608 - the conditions every reading of days has
    + OF_DAYS
    + " GROUP BY 1"
)
_PIECE = text(
    SELECT_ENTRIES
    + OF_DAYS
    + """
      AND (CAST(:after_at AS timestamptz) IS NULL
           OR (entry.appointment_time, entry.id) > (:after_at, CAST(:after_id AS uuid)))
    """
    + IN_ORDER
    + " LIMIT :limit"
)


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of a day, and those of them that are of a patient."""

    rows: int
    patients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Rows as they are stored, with where the next piece begins, if there is one."""

    days: tuple[date, date]
    connection_id: UUID | None
    seq: int
    rows: Sequence[RowMapping]
    next: Mark | None

    @property
    def patients(self) -> int:
        return sum(bool(one["pms_patient_id"] or one["patient_name"]) for one in self.rows)


def sizes(
    db: Db, first_day: date, last_day: date, *, account_id: str, connection_id: UUID | None = None
) -> Mapping[date, Size]:
    """Of each of those days that has any row."""
    asked = of_days(first_day, last_day, account_id=account_id, connection_id=connection_id)
    return {row.day: Size(row.rows, row.patients) for row in db.execute(_SIZES, asked)}


def piece(  # noqa: PLR0913 - whose, which days, from where
    db: Db,
    first_day: date,
    last_day: date,
    *,
    account_id: str,
    connection_id: UUID | None,
    after: Mark | None,
    limit: int,
) -> Piece:
    """So many rows at most, none of them opened."""
    seq = newest(db)
    asked = of_days(first_day, last_day, account_id=account_id, connection_id=connection_id)
    found = db.execute(_PIECE, {**asked, **_from(asked, after), "limit": limit + 1})
    rows = found.mappings().all()
    kept = rows[:limit]
    return Piece(
        days=(first_day, last_day),
        connection_id=connection_id,
        seq=seq,
        rows=kept,
        next=(kept[-1]["appointment_time"], kept[-1]["id"]) if len(rows) > limit else None,
    )


def open_piece(db: Db, seal: EntrySeal, held: Piece, *, account_id: str, access: Access) -> Sheet:
    """What was held, opened and audited."""
    first, last = held.days
    entries, both = overlaps.marked(db, views(db, seal, held.rows), account_id=account_id)
    record(
        db,
        access,
        account_id=account_id,
        action="run_sheet.read",
        phi_fields=PHI_FIELDS if entries else (),
        connection_id=held.connection_id,
        summary=f"{first} to {last}: {len(entries)} rows of a page",
    )
    return Sheet(
        first_day=first,
        last_day=last,
        columns=columns_of(db),
        entries=entries,
        seq=held.seq,
        overlaps=both,
    )


def _from(asked: Mapping[str, Any], after: Mark | None) -> dict[str, Any]:
    """An index begins at the row before; nothing earlier is looked at again."""
    at, row_id = after or (None, None)
    earliest = asked["earliest"] if at is None else max(asked["earliest"], at)
    return {"earliest": earliest, "after_at": at, "after_id": row_id}
