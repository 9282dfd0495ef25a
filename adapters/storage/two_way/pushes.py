"""What people change in rows of a PMS that takes changes: marked as owed, with the job that goes.

Everything here happens in the transaction of the change itself: a row that is to go out has its
job, or neither is there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.history import REZONED
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections
from adapters.storage.practices.own_practice import practices_of
from domain.connections import Connection
from domain.fields import PUSHABLE, Cell, Cells, Given, Source, same
from domain.pushes import DISPUTED, PushState, differing, disputed, last_told
from domain.work import link_patient_job, push_entry_job, push_range_job

_BOTH_WAYS = text(
    "SELECT id FROM pms_connections WHERE id = ANY(:ids) AND removed_at IS NULL ORDER BY id"
)
_OPEN = text(
    """
    SELECT DISTINCT entry_id FROM pms_writes
    WHERE entry_id = ANY(:ids) AND state IN ('submitted', 'unknown')
    """
)
# A row that waits for its patient and does not say by which link was left so by an older release.
_WAITS = text(
    """
    SELECT EXISTS (
      SELECT FROM run_sheet_appointments AS entry
      WHERE (entry.push_state = 'pending'
             OR entry.source <> 'pms' AND entry.push_state = 'needs_patient'
                AND entry.push_link_id IS NULL)
        AND entry.linked_to IS NULL AND entry.removed_at IS NULL
        AND entry.push_reason IS DISTINCT FROM :disputed
        AND (entry.pms_connection_id = :id
             OR entry.source <> 'pms' AND EXISTS (
               SELECT FROM pms_clinician_mappings AS mapping
               WHERE mapping.pms_connection_id = :id
                 AND mapping.run_sheet_clinician_id = entry.run_sheet_clinician_id))
        AND NOT EXISTS (SELECT FROM jobs WHERE kind = 'push_entry' AND connection_id = :id
                          AND state IN ('ready', 'running')
                          AND args ->> 'entry_id' = CAST(entry.id AS text)))
    """
)
# Whoever was to be looked for when the practice was paused has no job any more.
_UNSOUGHT = text(
    """
    SELECT link.id FROM patient_links AS link
    WHERE link.connection_id = :id AND link.state = 'pending'
      AND EXISTS (SELECT FROM run_sheet_appointments AS entry
                  WHERE entry.push_link_id = link.id AND entry.push_state = 'needs_patient'
                    AND entry.linked_to IS NULL AND entry.removed_at IS NULL)
      AND NOT EXISTS (SELECT FROM jobs WHERE kind = 'link_patient' AND connection_id = :id
                        AND state IN ('ready', 'running')
                        AND args ->> 'link_id' = CAST(link.id AS text))
    ORDER BY link.id
    """
)
_MARK = text(
    """
    UPDATE run_sheet_appointments SET push_state = 'pending', push_reason = NULL
    WHERE id = ANY(:ids) AND linked_to IS NULL AND removed_at IS NULL
    """
)
MARKED: Mapping[str, Any] = {"push_state": PushState.PENDING.value, "push_reason": None}


def owed(db: Db, changes: Sequence[Change], *, hand: Hand) -> Sequence[Change]:
    """The same changes, those marked that a PMS is owed: of its rows, and of rows it is to have."""
    return _owed_anew(db, _owed_of_pms(db, changes, hand=hand))


def _owed_of_pms(db: Db, changes: Sequence[Change], *, hand: Hand) -> Sequence[Change]:
    concerned = [one for one in changes if _is_about_pms(one)]
    found = _both_ways(db, {one.row["pms_connection_id"] for one in concerned})
    if not found:
        return changes
    ours = {one.row["id"] for one in concerned if one.row["pms_connection_id"] in found}
    leaving = {row.entry_id for row in db.execute(_OPEN, {"ids": sorted(ours)})}
    return [
        _owed(
            db,
            change,
            found[change.row["pms_connection_id"]],
            hand=hand,
            is_leaving=change.row["id"] in leaving,
        )
        if change.row["id"] in ours
        else change
        for change in changes
    ]


def _owed_anew(db: Db, changes: Sequence[Change]) -> Sequence[Change]:
    """Rows of ours at a practice that takes what is added, and such as it was asked to take."""
    whose = {place: _clinician(one) for place, one in enumerate(changes) if _is_ours(one)}
    found = practices_of(db, set(whose.values()))
    held = _both_ways(db, set(found.values()))
    marked = list(changes)
    for place, clinician in whose.items():
        change = changes[place]
        practice = found.get(clinician) if clinician is not None else None
        connection = held.get(practice) if practice is not None else None
        was_asked = change.row.get("push_state") is not None
        if connection is not None and (was_asked or (change.is_first and connection.auto_create)):
            put_jobs(db, connection, [change.row["id"]], create=True)
            marked[place] = replace(change, columns={**change.columns, **MARKED})
    return marked


def _clinician(change: Change) -> UUID | None:
    cell = change.after.get("clinician")
    return cell.value if cell is not None else None


def _is_ours(change: Change) -> bool:
    """A row on the sheet that no PMS has, and that a person changed.

    By another clock it says what it said: a PMS that has it already is not asked for it once more.
    """
    row = {**change.row, **change.columns}
    is_there = row["source"] == Source.PMS.value or row.get("linked_to") or row.get("removed_at")
    return not is_there and change.before != change.after and change.what != REZONED


def put_jobs(
    db: Db, connection: Connection, entry_ids: Collection[UUID], *, create: bool = False
) -> None:
    for entry_id in entry_ids:
        put(db, push_entry_job(connection, entry_id=entry_id, create=create))


def create_jobs(db: Db, connection: Connection, entry_ids: Collection[UUID]) -> None:
    """Rows of ours that the practice is to have: marked, and on their way."""
    db.execute(_MARK, {"ids": list(entry_ids)})
    put_jobs(db, connection, entry_ids, create=True)


def go_on(db: Db, connection: Connection) -> None:
    """A practice that answers again is sent what has waited for it, and searched for whom it is."""
    if connection.both_ways:
        _look_again(db, connection)
    waits = {"id": connection.id, "disputed": DISPUTED}
    if connection.auto_push and db.execute(_WAITS, waits).scalar_one():
        put(db, push_range_job(connection))


def _look_again(db: Db, connection: Connection) -> None:
    for row in db.execute(_UNSOUGHT, {"id": connection.id}).all():
        put(db, link_patient_job(connection, link_id=row.id))


def _is_about_pms(change: Change) -> bool:
    """It touches what a PMS takes, of a row that it has."""
    row = change.row
    if row["pms_connection_id"] is None or row["source"] != Source.PMS.value:
        return False
    return any(change.before.get(name) != change.after.get(name) for name in _pushable(change))


def _pushable(change: Change) -> frozenset[str]:
    """Fields that may go out; what a sync did is taken back on the sheet alone.

    Undoing a run puts the sheet right, it does not write to a practice's whole book.
    """
    if change.run_id is not None:
        return frozenset()
    return PUSHABLE.difference(change.columns.get("undone_fields", ()))


def _both_ways(db: Db, ids: Collection[UUID]) -> Mapping[UUID, Connection]:
    if not ids:
        return {}
    loaded = [connections.load(db, row.id) for row in db.execute(_BOTH_WAYS, {"ids": sorted(ids)})]
    return {one.id: one for one in loaded if one.both_ways}


def _owed(
    db: Db, change: Change, connection: Connection, *, hand: Hand, is_leaving: bool
) -> Change:
    after = _over_the_pms(change, hand=hand, is_leaving=is_leaving)
    change = replace(change, after=after)
    if disputed(after):
        return replace(change, columns={**change.columns, **MARKED, "push_reason": DISPUTED})
    if not differing(after) and not is_leaving:
        state = PushState.SYNCED.value if change.row["push_state"] else None
        return replace(change, columns={**change.columns, "push_state": state, "push_reason": None})
    if connection.auto_push:
        put_jobs(db, connection, [change.row["id"]])
    return replace(change, columns={**change.columns, **MARKED})


def _over_the_pms(change: Change, *, hand: Hand, is_leaving: bool) -> Cells:
    """Values of before that come back are a person's by now, where the PMS says otherwise.

    While a write is on its way what is taken back stays a person's too, to be sent after it.
    """
    before, after = change.before, change.after
    mended = dict(after)
    for name in _pushable(change) & before.keys() & after.keys():
        was, now = before[name], after[name]
        if was == now or now.theirs is not None:
            continue
        told = last_told(was)
        taken_back = is_leaving and was.is_manual
        if now.is_manual or taken_back or not same(now.value, told and told.value):
            mended[name] = _laid_over(now, told, hand)
    return mended


def _laid_over(now: Cell, told: Given | None, hand: Hand) -> Cell:
    given = now.given if now.is_manual else Given(now.value, Source.MANUAL, hand.at, hand.by)
    return Cell.of(given, base=told)
