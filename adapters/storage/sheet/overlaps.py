"""Visits on the sheet that take the same time of one clinician: found, and refused where so set."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.storage import locks
from adapters.storage.by_hand import chosen_clinicians
from adapters.storage.by_hand.hand_changes import Change
from domain import merge
from domain.fields import Cells
from domain.overlaps import (
    DECIDING,
    LONGEST,
    MOST,
    Overlap,
    Overlapping,
    Policy,
    Taken,
    made,
    overlaps,
    refusal,
    takes_time,
)
from domain.sheet import EntryView, OtherVisit, OverlapView
from domain.window import Window

MARKED = (Policy.BLOCK.value, Policy.WARN.value)
MOST_COUNTED = 20_000
"""Of a day with very many columns so many are counted; they are not told one by one."""

_BLOCKING = text(
    """
    SELECT clinician.id FROM run_sheet_clinicians AS clinician
    JOIN accounts ON accounts.id = clinician.account_id
    WHERE clinician.account_id = :account_id
      AND coalesce(clinician.overlap_policy, accounts.overlap_policy) = 'block'
    """
)
# A block of nobody is no visit; nothing needs to be opened to see that.
_OF_IDS = text(
    """
    SELECT id, run_sheet_clinician_id AS clinician, appointment_time AS start,
           appointment_duration_minutes AS minutes, pms_connection_id, pms_appointment_id
    FROM run_sheet_appointments WHERE id = ANY(:ids) AND run_sheet_clinician_id IS NOT NULL
    """
)
# Each span by itself (OFFSET), and whose visits count beforehand: joined with either, the planner,
# which cannot tell how much one account has, reads all rows there ever were, or these for each.
_TAKEN = text(
    """
    SELECT entry.*
    FROM unnest(CAST(:earliest AS timestamptz[]), CAST(:latest AS timestamptz[]))
      AS asked(earliest, latest)
    CROSS JOIN LATERAL (
      SELECT id, run_sheet_clinician_id AS clinician, appointment_time AS start,
             appointment_duration_minutes AS minutes, appointment_status AS status,
             pms_connection_id, pms_appointment_id
      FROM run_sheet_appointments
      WHERE account_id = :account_id
        AND appointment_time > asked.earliest AND appointment_time < asked.latest
        AND linked_to IS NULL AND removed_at IS NULL
        AND (pms_patient_id <> '' OR patient_name IS NOT NULL)
        AND run_sheet_clinician_id = ANY(ARRAY(
          SELECT clinician.id FROM run_sheet_clinicians AS clinician
          JOIN accounts ON accounts.id = clinician.account_id
          WHERE clinician.id = ANY(:clinicians)
            AND coalesce(clinician.overlap_policy, accounts.overlap_policy) = ANY(:policies)))
      OFFSET 0
    ) AS entry
    """
)


def marked(
    db: Db, entries: Sequence[EntryView], *, account_id: str
) -> tuple[tuple[EntryView, ...], tuple[OverlapView, ...]]:
    """The entries with what each overlaps, and all overlaps that any of them is in."""
    own = [
        Taken(id=one.id, clinician=one.clinician_id, start=one.start, end=one.end)
        for one in entries
        if one.clinician_id is not None
    ]
    found = _of(db, own, account_id=account_id)
    beside = _beside(found)
    told = (
        replace(one, overlaps=tuple(beside[one.id])) if one.id in beside else one for one in entries
    )
    return tuple(told), tuple(map(_view, found))


def beside(db: Db, ids: Sequence[UUID], *, account_id: str) -> Mapping[UUID, Sequence[OtherVisit]]:
    """What each of these rows overlaps, where that is to be told."""
    own = [_of_row(row) for row in db.execute(_OF_IDS, {"ids": list(ids)})]
    return _beside(_of(db, own, account_id=account_id))


def overlapping(db: Db, own: Sequence[Taken], *, account_id: str) -> frozenset[UUID]:
    """Which of these rows stand at the same time as another visit, where that is to be told."""
    found = _of(db, own, account_id=account_id, most=MOST_COUNTED)
    either = {row_id for one in found for row_id in one.ids}
    return frozenset(one.id for one in own if one.id in either)


def _of(db: Db, own: Sequence[Taken], *, account_id: str, most: int = MOST) -> Sequence[Overlap]:
    """Every overlap that one of these is in."""
    ids = {one.id for one in own}
    taken = _taken(db, own, account_id=account_id, policies=MARKED)
    return [one for one in overlaps(taken, most=most) if not one.ids.isdisjoint(ids)]


def _beside(found: Iterable[Overlap]) -> Mapping[UUID, list[OtherVisit]]:
    both: dict[UUID, list[OtherVisit]] = defaultdict(list)
    for one in found:
        both[one.first.id].append(_other(one.second))
        both[one.second.id].append(_other(one.first))
    return both


def _other(one: Taken) -> OtherVisit:
    return OtherVisit(id=one.id, start=one.start, end=one.end)


def _view(one: Overlap) -> OverlapView:
    ids = (one.first.id, one.second.id)
    return OverlapView(
        clinician_id=one.first.clinician, start=one.start, end=one.end, appointments=ids
    )


def alone(db: Db, account_id: str) -> frozenset[UUID]:
    """Whose visits must not overlap; if anybody's, nobody else moves one until we are done."""
    if not _blocking(db, account_id):
        return frozenset()
    # Two who look at once whether a time is free would each miss the other's. It is taken after
    # the lock of `linking.alone` and before that of any row.
    locks.take(db, f"overlaps of {account_id}")
    return _blocking(db, account_id)


def refuse(
    db: Db, changes: Iterable[Change], *, account_id: str, blocking: frozenset[UUID]
) -> None:
    """Overlapping where a hand would make two visits overlap; take the lock of `alone` first."""
    for one, change in _made(db, changes, account_id=account_id, blocking=blocking):
        moved, timezone = change.row["id"], change.row["timezone"]
        name = chosen_clinicians.names(db)[one.second.clinician]
        raise Overlapping(refusal(one, moved=moved, clinician=name, timezone=timezone))


def refused(
    db: Db, changes: Iterable[Change], *, account_id: str, blocking: frozenset[UUID]
) -> frozenset[UUID]:
    """The rows for which `refuse` would; take the lock of `alone` first."""
    found = _made(db, changes, account_id=account_id, blocking=blocking)
    return frozenset(change.row["id"] for _, change in found)


def _made(
    db: Db, changes: Iterable[Change], *, account_id: str, blocking: frozenset[UUID]
) -> Iterator[tuple[Overlap, Change]]:
    """Each overlap with the change that makes it: of two that are both moved, the later one."""
    if not blocking:
        return
    every = list(changes)
    moved = [one for one in every if _is_by_hand(one)]
    after = {now.id: (now, one) for one in moved if (now := _after(one)) is not None}
    wanted = [now for now, _ in after.values() if now.clinician in blocking]
    if not wanted:
        return
    stand = _taken(db, wanted, account_id=account_id, policies=(Policy.BLOCK.value,))
    ids = {one.row["id"] for one in every}
    by_hand = {one.row["id"] for one in moved}
    brought = [now for one in every if (now := _after(one)) and now.id not in by_hand]
    others = [*(one for one in stand if one.id not in ids), *brought]
    before = [one for one in map(_before, moved) if one is not None]
    for one in made([*others, *before], [*others, *wanted]):
        yield one, after[one.second.id if one.second.id in after else one.first.id][1]


def _blocking(db: Db, account_id: str) -> frozenset[UUID]:
    return frozenset(db.execute(_BLOCKING, {"account_id": account_id}).scalars())


def _taken(
    db: Db, own: Sequence[Taken], *, account_id: str, policies: Sequence[str]
) -> list[Taken]:
    """What takes time of the same clinicians about then, these rows as they are stored too."""
    if not own:
        return []
    windows = list(_windows(own))
    values = {
        "account_id": account_id,
        "earliest": [one.start - LONGEST for one in windows],
        "latest": [one.end for one in windows],
        "policies": list(policies),
        "clinicians": list({one.clinician for one in own}),
    }
    rows = db.execute(_TAKEN, values)
    return [_of_row(row) for row in rows if takes_time(row.status)]


def _windows(own: Sequence[Taken]) -> Iterator[Window]:
    """When they are, in pieces so far apart that no visit is asked for twice."""
    ordered = sorted(own, key=lambda one: one.start)
    start, end = ordered[0].start, ordered[0].end
    for one in ordered:
        if one.start - LONGEST >= end:
            yield Window(start, end)
            start = one.start
        end = max(end, one.end)
    yield Window(start, end)


def _of_row(row: Row[Any]) -> Taken:
    return Taken(
        id=row.id,
        clinician=row.clinician,
        start=row.start,
        end=_end(row.start, row.minutes),
        visit=_visit(row.pms_connection_id, row.pms_appointment_id),
    )


def _before(change: Change) -> Taken | None:
    return _of_cells(change, change.before, {})


def _after(change: Change) -> Taken | None:
    return _of_cells(change, change.after, change.columns)


def _of_cells(change: Change, cells: Cells, columns: Mapping[str, Any]) -> Taken | None:
    """The time a row takes as these cells have it, if any."""
    row, values = {**change.row, **columns}, merge.shown(cells)
    clinician = values.get("clinician")
    is_visit = bool(row["pms_patient_id"] or values.get("patient_name"))
    is_off = row["removed_at"] is not None or row["linked_to"] is not None
    if clinician is None or is_off or not is_visit or not takes_time(values["status"]):
        return None
    return Taken(
        id=row["id"],
        clinician=clinician,
        start=values["start"],
        end=_end(values["start"], values["duration_minutes"]),
        visit=_visit(row["pms_connection_id"], row.get("pms_appointment_id")),
    )


def _is_by_hand(change: Change) -> bool:
    """Not what a PMS or a scan told, and not what goes back to it."""
    is_back = change.row["removed_at"] and not change.columns.get("removed_at", True)
    was = {} if is_back else merge.shown(change.before)
    cells = {name: cell for name, cell in change.after.items() if name in DECIDING}
    return any(cell.is_manual and was.get(name) != cell.value for name, cell in cells.items())


def _visit(connection_id: UUID | None, pms_id: str | None) -> tuple[UUID, str] | None:
    return (connection_id, pms_id) if connection_id and pms_id else None


def _end(start: datetime, minutes: int) -> datetime:
    """However long a PMS says it takes."""
    return start + min(timedelta(minutes=minutes), LONGEST)
