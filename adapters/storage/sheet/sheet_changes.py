"""What changed on the sheet since somebody asked last: each row once, as it is now.

A row carries the transaction that changed it last. A transaction's number is given when it first
writes, long before others see what it wrote; so only such are told as every older one is over
with: whatever becomes visible later has a higher number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.practices.clinicians import columns_of
from adapters.storage.sheet import overlaps
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import PHI_FIELDS, SELECT_ENTRIES, views
from adapters.storage.upkeep.database_life import life
from domain.counting import so_many
from domain.sheet import Column, EntryView

Change = Literal["row", "off", "gone"]
NOBODY = UUID(int=0)
"""Before every row of a transaction."""

NUMBERED_AT_ONCE = 2000
"""Rows, by one look; each is written to every index of the sheet."""

_NOW = text(
    """
    SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS horizon,
           CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint) AS ahead,
           (SELECT max(changed_in) FROM run_sheet_appointments WHERE account_id = :account_id)
             AS newest
    """
)
_HORIZON = text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
_LAST_BELOW = text(
    """
    SELECT changed_in, id FROM run_sheet_appointments
    WHERE account_id = :account_id AND changed_in < :below
    ORDER BY changed_in DESC, id DESC LIMIT 1
    """
)
_CHANGED_SINCE = text(
    """
    SELECT 1 FROM run_sheet_appointments
    WHERE account_id = :account_id AND id = :id AND changed_in >= :changed_in
    """
)
# After a restore that is every row there is: in pieces, and past those that somebody is changing,
# which get a number by that.
_FROM_ANOTHER_LIFE = text(
    """
    UPDATE run_sheet_appointments
    SET changed_in = CAST(CAST(pg_current_xact_id() AS text) AS bigint)
    WHERE id IN (
      SELECT id FROM run_sheet_appointments
      WHERE account_id = :account_id AND changed_in >= :ahead
      ORDER BY changed_in, id LIMIT :most FOR NO KEY UPDATE SKIP LOCKED)
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


def certain(db: Db) -> int:
    """Below that number every transaction is over; what is under way will be told."""
    number: int = db.execute(_HORIZON).scalar_one()
    return number


def here(db: Db, account_id: str, *, at: datetime) -> Place:
    """After everything that is certain now."""
    return place_below(db, account_id, certain(db), life=life(db), at=at)


def place_below(db: Db, account_id: str, number: int, *, life: str, at: datetime) -> Place:
    """After the last row below that number, which bears witness to the place later on."""
    last = db.execute(_LAST_BELOW, {"account_id": account_id, "below": number}).first()
    changed_in, row_id = (last.changed_in, last.id) if last else (0, NOBODY)
    return Place(life=life, changed_in=changed_in, id=row_id, at=at)


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
    present = life(db)
    horizon, is_numbered = _horizon(db, account_id, after=after, life=present)
    values = {
        "account_id": account_id,
        "changed_in": after.changed_in if after else 0,
        "id": after.id if after else NOBODY,
        "horizon": horizon,
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
        summary=so_many(len(changes), "row"),
    )
    place = place_below(db, account_id, horizon, life=present, at=at)
    if more:
        place = replace(place, changed_in=rows[-1]["changed_in"], id=rows[-1]["id"])
    more = more or not is_numbered
    return Changes(changes=changes, clinicians=columns_of(db), place=place, more=more)


def _horizon(db: Db, account_id: str, *, after: Place | None, life: str) -> tuple[int, bool]:
    """How far there is certainty, and whether every row has a number of this database.

    Those numbered by a database before this one are numbered anew, some at each look.
    """
    now = db.execute(_NOW, {"account_id": account_id}).one()
    if after is not None:
        is_of_now = after.life == life and after.changed_in <= now.horizon
        if not is_of_now or not _stands(db, account_id, after):
            raise FromBefore
    if now.newest is None or now.newest < now.ahead:
        return now.horizon, True
    values = {"account_id": account_id, "ahead": now.ahead, "most": NUMBERED_AT_ONCE}
    return now.horizon, db.execute(_FROM_ANOTHER_LIFE, values).rowcount < NUMBERED_AT_ONCE


def _stands(db: Db, account_id: str, place: Place) -> bool:
    """A row's number only ever rises: where the last one told has gone back, so has all."""
    values = {"account_id": account_id, "id": place.id, "changed_in": place.changed_in}
    return place.id == NOBODY or db.execute(_CHANGED_SINCE, values).first() is not None


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
