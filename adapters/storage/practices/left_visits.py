"""Rows of practices that were left, where another practice lists the same visit by now."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.sheet.entries import EntrySeal, RowLike
from adapters.storage.sheet.linking import Listed, Met, known_clinicians, meant, visits_of
from domain.fields import Cells
from domain.visits import KEPT_APART, Found, Visit, one_person

# A PMS tells its times to the minute: only what begins at the very same one may be the same visit.
# Either time is looked up by an index of its own, that of the PMS practice by practice.
_STANDS = "source = 'pms' AND linked_to IS NULL AND removed_at IS NULL"
_AT = text(
    f"""
    SELECT id FROM run_sheet_appointments AS entry
    WHERE account_id = :account_id AND appointment_time = ANY(:starts) AND {_STANDS}
      AND EXISTS (SELECT FROM pms_connections AS own
                  WHERE own.id = pms_connection_id AND (own.removed_at IS NOT NULL) = :is_left)
    UNION
    SELECT told.id FROM pms_connections AS own
    CROSS JOIN LATERAL (
      SELECT id FROM run_sheet_appointments
      WHERE pms_connection_id = own.id AND pms_start = ANY(:starts) AND {_STANDS} OFFSET 0
    ) AS told
    WHERE own.account_id = :account_id AND (own.removed_at IS NOT NULL) = :is_left
    """  # noqa: S608 - the words above
)
_LEFT = text(
    f"""
    SELECT * FROM run_sheet_appointments
    WHERE id = ANY(:ids) AND {_STANDS} AND NOT (:kept_apart = ANY(flags))
    ORDER BY id FOR UPDATE
    """  # noqa: S608 - the words above
)
_LISTED = text("SELECT * FROM run_sheet_appointments WHERE id = ANY(:ids) ORDER BY id")

# Whom the practices call how, those that were left too.
_CALLED = text(
    """
    SELECT pms_connection_id AS practice, run_sheet_clinician_id AS clinician,
           pms_practitioner_name AS name
    FROM pms_clinician_mappings
    """
)
_TAKEN = text(
    """
    SELECT DISTINCT pms_connection_id, linked_to FROM run_sheet_appointments
    WHERE linked_to = ANY(:ids) AND source = 'pms' AND removed_at IS NULL
    """
)


@dataclass(frozen=True, slots=True)
class _Who:
    """The clinicians a PMS may know, and those of them who are one person in two columns."""

    known: frozenset[UUID]
    same: Mapping[UUID, UUID]

    def visits(self, row: RowLike, cells: Cells) -> list[Visit]:
        return [self._named(one) for one in visits_of(row, cells, known=self.known)]

    def _named(self, visit: Visit) -> Visit:
        column = visit.clinician
        first = self.same.get(column) if column is not None else None
        return visit if first is None else replace(visit, clinician=first)


def meet_left(db: Db, seal: EntrySeal, listed: Sequence[Listed], *, account_id: str) -> Met:
    """The rows left behind that stand for what a page brings, or may."""
    if not listed:
        return Met()
    starts = _starts(one.row for one in listed)
    values = {"account_id": account_id, "starts": starts, "is_left": True}
    near = db.execute(_AT, values).scalars().all()
    if not near:
        return Met()
    left = db.execute(_LEFT, {"ids": near, "kept_apart": KEPT_APART}).mappings().all()
    who, ids = _who(db), [one.id for one in listed]
    there = [
        (one.id, visit)
        for one in listed
        for visit in who.visits(one.row, one.merged or seal.cells(one.row))
    ]
    there += _stored(db, seal, left, account_id=account_id, but=ids, who=who)
    found = _found(db, seal, left, there, who=who)
    fresh = frozenset(ids)
    return Met([one for one in found.pairs if one[1] in fresh], found.doubtful)


def meet_stored(db: Db, seal: EntrySeal, left: Sequence[RowMapping], *, account_id: str) -> Met:
    """As `meet_left`, for rows that are being left and what other practices have listed before."""
    who = _who(db)
    there = _stored(db, seal, left, account_id=account_id, but=(), who=who)
    return _found(db, seal, left, there, who=who) if there else Met()


def _who(db: Db) -> _Who:
    called = [(row.practice, row.clinician, row.name) for row in db.execute(_CALLED)]
    return _Who(known_clinicians(db), one_person(called))


def _stored(
    db: Db,
    seal: EntrySeal,
    left: Sequence[RowMapping],
    *,
    account_id: str,
    but: Iterable[UUID],
    who: _Who,
) -> list[tuple[UUID, Visit]]:
    """Rows of practices that are connected, at the times of those that were left."""
    values = {"account_id": account_id, "starts": _starts(left), "is_left": False}
    ids = set(db.execute(_AT, values).scalars()).difference(but)
    rows = db.execute(_LISTED, {"ids": sorted(ids)}).mappings().all()
    return [(row["id"], visit) for row in rows for visit in who.visits(row, seal.cells(row))]


def _starts(rows: Iterable[RowLike]) -> list[datetime]:
    return sorted({at for row in rows for at in (row["appointment_time"], row["pms_start"]) if at})


def _found(
    db: Db,
    seal: EntrySeal,
    left: Sequence[RowMapping],
    there: Sequence[tuple[UUID, Visit]],
    *,
    who: _Who,
) -> Met:
    """Two rows of one practice are two visits: where both mean the same one, neither is it.

    Nor is the second where the first has found it already.
    """
    by_start: dict[datetime, list[tuple[UUID, Visit]]] = defaultdict(list)
    for key, visit in there:
        for at in visit.starts:
            by_start[at].append((key, visit))
    said = [(row, _meant(who.visits(row, seal.cells(row)), by_start)) for row in left]
    alike: dict[Any, list[RowMapping]] = defaultdict(list)
    for row, one in said:
        if one.key is not None:
            alike[row["pms_connection_id"], one.key].append(row)
    taken = {tuple(one) for one in db.execute(_TAKEN, {"ids": [key for _, key in alike]})}
    clear = {each: rows[0] for each, rows in alike.items() if len(rows) == 1 and each not in taken}
    doubtful = [row for row, one in said if one.is_doubtful]
    doubtful += [row for each, rows in alike.items() if each not in clear for row in rows]
    return Met([(row, key) for (_, key), row in clear.items()], doubtful)


def _meant(
    visits: Sequence[Visit], by_start: dict[datetime, list[tuple[UUID, Visit]]]
) -> Found[UUID]:
    starts = {at for visit in visits for at in visit.starts}
    return meant(visits, [one for at in starts for one in by_start.get(at, ())])
