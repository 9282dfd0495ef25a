"""What changed on the sheet since somebody asked last: each row once, as it is now.

A row carries the transaction that changed it last. A transaction's number is given when it first
writes, long before others see what it wrote; so only such are told as every older one is over
with: whatever becomes visible later has a higher number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage import overlaps
from adapters.storage.audit import Access, record
from adapters.storage.entries import EntrySeal
from adapters.storage.sheet import PHI_FIELDS, SELECT_ENTRIES, views
from domain.sheet import Column, EntryView

Change = Literal["row", "off", "gone"]
NOBODY = UUID(int=0)
"""Before every row of a transaction."""

# Numbers begin anew with a restored database and go back with one restored to a point in time.
_NOW = text(
    """
    SELECT (SELECT system_identifier FROM pg_control_system()) || '-'
             || (SELECT timeline_id FROM pg_control_checkpoint()) AS life,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS horizon,
           CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS ahead,
           (SELECT max(changed_in) FROM run_sheet_appointments WHERE account_id = :account_id)
             AS newest
    """
)
_FROM_ANOTHER_LIFE = text(
    """
    UPDATE run_sheet_appointments
    SET changed_in = CAST(CAST(pg_current_xact_id() AS text) AS bigint)
    WHERE account_id = :account_id AND changed_in >= :ahead
    """
)
_CHANGED = text(
    SELECT_ENTRIES
    + """
    WHERE entry.account_id = :account_id
      AND (entry.changed_in, entry.id) > (:changed_in, :id) AND entry.changed_in < :horizon
    ORDER BY entry.changed_in, entry.id LIMIT :most
    """
)
_COLUMNS = text("SELECT id, name FROM run_sheet_clinicians ORDER BY position, name, id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far somebody was told: the life of the database, the last row, and when that was."""

    life: str
    changed_in: int
    id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A row as it is: on the sheet, `off` it, or `gone` because it stands with `became`."""

    id: UUID
    change: Change
    became: UUID | None = None
    appointment: EntryView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Rows in the order of their last change, the columns as they are called now, where to go on.

    With `more` there is another page at once.
    """

    changes: Sequence[RowChange]
    clinicians: Sequence[Column]
    place: Place
    more: bool


class FromBefore(Exception):
    """The place is one of a database as it was before it was restored."""


def here(db: Db, account_id: str, *, at: datetime) -> Place:
    """After everything that is certain now; what is under way will be told."""
    now = db.execute(_NOW, {"account_id": account_id}).one()
    return Place(life=now.life, changed_in=now.horizon, id=NOBODY, at=at)


def read_changes(  # noqa: PLR0913 - whose, since when, how many, for whom
    db: Db,
    seal: EntrySeal,
    *,
    account_id: str,
    after: Place | None,
    limit: int,
    at: datetime,
    access: Access,
) -> Changes:
    """Rows that changed after that place, or every row; raises FromBefore."""
    horizon = _horizon(db, account_id, after=after, at=at)
    values = {
        "account_id": account_id,
        "changed_in": after.changed_in if after else 0,
        "id": after.id if after else NOBODY,
        "horizon": horizon.changed_in,
        "most": limit + 1,
    }
    found = db.execute(_CHANGED, values).mappings().all()
    rows, more = found[:limit], len(found) > limit
    changes = _told(db, seal, rows, account_id=account_id)
    record(
        db,
        access,
        account_id=account_id,
        action="run_sheet.changes_read",
        phi_fields=PHI_FIELDS if any(one.appointment for one in changes) else (),
        summary=f"{len(changes)} rows",
    )
    last = rows[-1] if more else None
    place = horizon
    if last is not None:
        place = Place(life=horizon.life, changed_in=last["changed_in"], id=last["id"], at=at)
    columns = [Column(id=row.id, name=row.name) for row in db.execute(_COLUMNS)]
    return Changes(changes=changes, clinicians=columns, place=place, more=more)


def _horizon(db: Db, account_id: str, *, after: Place | None, at: datetime) -> Place:
    """How far there is certainty; rows numbered by a database before this one are renumbered."""
    now = db.execute(_NOW, {"account_id": account_id}).one()
    if now.newest is not None and now.newest >= now.ahead:
        db.execute(_FROM_ANOTHER_LIFE, {"account_id": account_id, "ahead": now.ahead})
    if after is not None and (after.life != now.life or after.changed_in > now.horizon):
        raise FromBefore
    return Place(life=now.life, changed_in=now.horizon, id=NOBODY, at=at)


def _told(
    db: Db, seal: EntrySeal, rows: Sequence[RowMapping], *, account_id: str
) -> Sequence[RowChange]:
    entries = views(db, seal, [row for row in rows if not row["linked_to"]])
    marked, _ = overlaps.marked(db, entries, account_id=account_id)
    shown = {one.id: one for one in marked}
    return [_change(row, shown.get(row["id"])) for row in rows]


def _change(row: RowMapping, entry: EntryView | None) -> RowChange:
    if entry is None:
        return RowChange(id=row["id"], change="gone", became=row["linked_to"])
    return RowChange(id=row["id"], change="off" if entry.removed else "row", appointment=entry)
