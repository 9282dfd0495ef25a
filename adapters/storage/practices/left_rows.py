"""Rows of practices that are not connected any more: counted, taken off the sheet and put back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, TextClause, text

from adapters.storage.audit.audit import record
from adapters.storage.by_hand import putting_back
from adapters.storage.by_hand.hand_changes import only
from adapters.storage.by_hand.hands import Hand
from adapters.storage.practices import connection_list, left_visits
from adapters.storage.sheet import linking, overlaps
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.rewriting import write_changes
from domain.counting import so_many
from domain.sheet import NotOnSheet
from domain.visits import KEPT_APART

Leaving = Literal["keep", "take_off", "take_off_all"]
"""What becomes of rows still to come: they stay, leave but for what was typed in, or all leave."""
CHUNK = 500
MOST = 100
_FIRST = UUID(int=0)

# Midnight on the practice's clock.
_DAY_BEGAN = """
    date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE entry.timezone)
      AT TIME ZONE entry.timezone
"""
# Somebody's own value stands, or was kept where it had to give way; or a row they typed is behind.
_TYPED = """
    (jsonb_path_exists(entry.provenance, '$.* ? (@.source == "manual" || @.kept == "manual")')
     OR EXISTS (SELECT FROM run_sheet_appointments AS own
                WHERE own.linked_to = entry.id AND own.source = 'manual'))
"""
# The step that took it off is the one it is off by: neither a sync nor an undo did.
_TAKEN_OFF = """
    entry.removed_at IS NOT NULL AND entry.undone AND EXISTS (
      SELECT FROM run_sheet_history AS line
      WHERE line.appointment_id = entry.id AND line.what = 'taken_off'
        AND line.at = entry.removed_at)
"""
_TO_COME = """
    entry.account_id = :account_id AND entry.source = 'pms' AND entry.linked_to IS NULL
    AND entry.appointment_time >= :now
"""
_OF_ONE = f"{_TO_COME} AND entry.pms_connection_id = :id"
_COUNTS = f"""
    count(*) FILTER (WHERE entry.removed_at IS NULL) AS to_come,
    count(*) FILTER (WHERE entry.removed_at IS NULL AND {_TYPED}) AS typed,
    count(*) FILTER (WHERE {_TAKEN_OFF}) AS taken_off
"""
_COUNT = text(
    f"""
    SELECT {_COUNTS} FROM run_sheet_appointments AS entry
    WHERE {_OF_ONE}
    """  # noqa: S608 - the words above
)
_REMOVED = text(
    f"""
    WITH held AS (
      SELECT entry.pms_connection_id AS id, {_COUNTS} FROM run_sheet_appointments AS entry
      WHERE {_TO_COME} AND entry.pms_connection_id IN (
        SELECT id FROM pms_connections WHERE removed_at IS NOT NULL)
      GROUP BY entry.pms_connection_id
    )
    SELECT gone.id, gone.connector AS vendor, gone.display_name AS name, gone.site, gone.timezone,
           gone.removed_at, coalesce(held.to_come, 0) AS to_come, coalesce(held.typed, 0) AS typed,
           coalesce(held.taken_off, 0) AS taken_off
    FROM pms_connections AS gone LEFT JOIN held ON held.id = gone.id
    WHERE gone.removed_at IS NOT NULL AND (gone.last_sync_at IS NOT NULL OR held.id IS NOT NULL)
    ORDER BY gone.removed_at DESC, gone.id LIMIT :most
    """  # noqa: S608 - the words above
)
_STANDING = text(
    f"""
    SELECT * FROM run_sheet_appointments AS entry
    WHERE {_OF_ONE} AND entry.removed_at IS NULL AND (:typed OR NOT {_TYPED}) AND id > :after
    ORDER BY id LIMIT :most FOR UPDATE OF entry
    """  # noqa: S608 - the words above
)
# Of the whole of today: another practice that was connected before this one goes has read it whole.
_MAY_BE_LISTED = text(
    f"""
    SELECT * FROM run_sheet_appointments AS entry
    WHERE entry.account_id = :account_id AND entry.pms_connection_id = :id
      AND entry.source = 'pms' AND entry.linked_to IS NULL AND entry.removed_at IS NULL
      AND entry.appointment_time > CAST(:now AS timestamptz) - interval '26 hours'
      AND entry.appointment_time >= {_DAY_BEGAN} AND id > :after
    ORDER BY id LIMIT :most FOR UPDATE OF entry
    """  # noqa: S608 - the words above
)
_OFF = text(
    f"""
    SELECT * FROM run_sheet_appointments AS entry
    WHERE {_OF_ONE} AND {_TAKEN_OFF} AND id > :after
    ORDER BY id LIMIT :most FOR UPDATE OF entry
    """  # noqa: S608 - the words above
)
_GONE = text(
    "SELECT removed_at IS NOT NULL AS is_gone FROM pms_connections WHERE id = :id FOR SHARE"
)
_KNOWN = text("SELECT EXISTS (SELECT FROM pms_connections WHERE id = :id)")
_OTHERS = text(
    """
    SELECT EXISTS (SELECT FROM pms_connections WHERE id <> :id AND removed_at IS NULL)
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftRows:
    """Rows of one connection that are still to come.

    `to_come` stand on the sheet, `typed` of them with something a person typed; `taken_off` were
    taken off it by hand.
    """

    to_come: int
    typed: int
    taken_off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed(LeftRows):
    """A connection that was removed, with its rows still to come."""

    id: UUID
    vendor: str
    name: str
    site: str
    timezone: str
    removed_at: datetime


def counted(db: Db, connection_id: UUID, *, account_id: str, now: datetime) -> LeftRows:
    """Of a connection, removed or not."""
    values = {"id": connection_id, "account_id": account_id, "now": now}
    return LeftRows(**db.execute(_COUNT, values).mappings().one())


def removed(db: Db, *, account_id: str, now: datetime) -> Sequence[Removed]:
    """The connections that were synced once and are removed, the latest first."""
    values = {"account_id": account_id, "now": now, "most": MOST}
    return [Removed(**row) for row in db.execute(_REMOVED, values).mappings()]


def require_gone(db: Db, connection_id: UUID) -> None:
    """Rows of a practice that is connected are its PMS's."""
    row = db.execute(_GONE, {"id": connection_id}).first()
    if row is None or not row.is_gone:
        raise NotOnSheet("There is no such removed connection; it may be connected again.")


def require_known(db: Db, connection_id: UUID) -> None:
    if not db.execute(_KNOWN, {"id": connection_id}).scalar_one():
        raise NotOnSheet("There is no such connection.")


def leave(
    db: Db, seal: EntrySeal, connection_id: UUID, leaving: Leaving, *, hand: Hand
) -> LeftRows:
    """Remove the connection and settle what becomes of its rows; answers how they are left.

    Take the lock of `linking.alone` first, before the connection is locked, as a sync does.
    """
    connection_list.remove(db, connection_id)
    hand_over(db, seal, connection_id, hand=hand)
    if leaving != "keep":
        take_off(db, seal, connection_id, typed=leaving == "take_off_all", hand=hand)
    return counted(db, connection_id, account_id=hand.account_id, now=hand.at)


def take_off(db: Db, seal: EntrySeal, connection_id: UUID, *, typed: bool, hand: Hand) -> int:
    """Those still to come leave the sheet; with `typed` also what a person typed something in.

    Take the lock of `linking.alone` first. Each keeps its history and can be put back.
    """
    columns = {"removed_at": hand.at, "undone": True}
    count = 0
    for rows in _chunks(db, _STANDING, connection_id, hand=hand, typed=typed):
        changes = [only(seal, row, columns, what="taken_off") for row in rows]
        write_changes(db, seal, changes, hand=hand)
        count += len(rows)
    _audit(db, connection_id, "connection.rows_taken_off", count, hand=hand)
    return count


def put_back(db: Db, seal: EntrySeal, connection_id: UUID, *, hand: Hand) -> int:
    """Those still to come that were taken off by hand are on the sheet again.

    Take the lock of `linking.alone` first: the row of another practice that lists the visit by now
    stands for it. Those stay off that may not overlap another visit.
    """
    account_id, count = hand.account_id, 0
    blocking = overlaps.alone(db, account_id)
    for rows in _chunks(db, _OFF, connection_id, hand=hand):
        found = putting_back.returning(db, seal, rows, account_id=account_id)
        off = overlaps.refused(db, found.seen, account_id=account_id, blocking=blocking)
        going = found.without(off)
        putting_back.write(db, seal, going, hand=hand)
        count += len(going.back)
    _audit(db, connection_id, "connection.rows_put_back", count, hand=hand)
    return count


def hand_over(db: Db, seal: EntrySeal, connection_id: UUID, *, hand: Hand) -> int:
    """Rows from today on, of visits that another practice lists already, stand with its rows now.

    Take the lock of `linking.alone` first: no sync may be about to list one.
    """
    if not db.execute(_OTHERS, {"id": connection_id}).scalar_one():
        return 0
    count = 0
    for rows in _chunks(db, _MAY_BE_LISTED, connection_id, hand=hand):
        asked = [row for row in rows if KEPT_APART not in row["flags"]]
        met = left_visits.meet_stored(db, seal, asked, account_id=hand.account_id)
        linking.doubt(db, met.doubtful, at=hand.at)
        if met.pairs:
            write_changes(db, seal, putting_back.joined(db, seal, met.pairs), hand=hand)
            linking.link(db, met.pairs, at=hand.at)
        count += len(met.pairs)
    if count:
        _audit(db, connection_id, "connection.rows_handed_over", count, hand=hand)
    return count


def _chunks(
    db: Db, query: TextClause, connection_id: UUID, *, hand: Hand, **more: Any
) -> Iterator[Sequence[RowMapping]]:
    owner = {"id": connection_id, "account_id": hand.account_id, "now": hand.at}
    after = _FIRST
    while True:
        values = {**owner, **more, "after": after, "most": CHUNK}
        rows = db.execute(query, values).mappings().all()
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def _audit(db: Db, connection_id: UUID, action: str, count: int, *, hand: Hand) -> None:
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action=action,
        connection_id=connection_id,
        summary=so_many(count, "row"),
    )
