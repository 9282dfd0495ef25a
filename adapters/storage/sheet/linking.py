"""Finds the rows that stand for one visit: what the PMS lists, what was scanned, what was typed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.phones import normalised, region_of
from adapters.storage import locks
from adapters.storage.by_hand.hand_changes import Change
from adapters.storage.sheet.entries import EntrySeal, RowLike
from domain import merge
from domain.fields import Cells, Source
from domain.names import read
from domain.visits import KEPT_APART, MAY_BE_DOUBLE, NEAR, Found, Visit, find
from infra.database import Direct

# Whoever adds a row looks for its visit first: two that look at once would each miss the other's.
# Syncs share, because rows of the PMS are never each other's visit; a scan or a person is alone.
_WITH_OTHERS = Direct("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")

# Nearly always there is none, and all their columns are work for the driver even then. Whether
# practices were removed is asked along with it, and not while the lock is waited for: a statement
# sees what was there when it began, and whoever had the lock may have removed one.
_WAITING = Direct(
    """
    SELECT EXISTS (SELECT FROM pms_connections
                   WHERE account_id = :account_id AND removed_at IS NOT NULL) AS has_left,
           ARRAY(
             SELECT id FROM run_sheet_appointments
             WHERE account_id = :account_id AND source <> 'pms' AND linked_to IS NULL
               AND removed_at IS NULL
               AND (appointment_time BETWEEN :earliest AND :latest
                    OR pms_start BETWEEN :earliest AND :latest)
               AND NOT (:kept_apart = ANY(flags))
             ORDER BY id FOR UPDATE
           ) AS ids
    """
)
_OF_IDS = text("SELECT * FROM run_sheet_appointments WHERE id = ANY(:ids) ORDER BY id")
# By either time: a person may have moved what a scan still shows where the PMS has it.
_AROUND = """
    SELECT DISTINCT entry.id, entry.linked_to
    FROM unnest(CAST(:starts AS timestamptz[])) AS wanted(start)
    CROSS JOIN LATERAL (
      SELECT id, linked_to FROM run_sheet_appointments
      WHERE account_id = :account_id
        AND appointment_time BETWEEN wanted.start - :near AND wanted.start + :near
      UNION ALL
      SELECT id, linked_to FROM run_sheet_appointments
      WHERE account_id = :account_id
        AND pms_connection_id IN (
          SELECT id FROM pms_connections WHERE account_id = :account_id)
        AND pms_start BETWEEN wanted.start - :near AND wanted.start + :near
      UNION ALL
      SELECT id, linked_to FROM run_sheet_appointments
      WHERE account_id = :account_id AND pms_connection_id IS NULL
        AND pms_start BETWEEN wanted.start - :near AND wanted.start + :near
    ) AS entry
"""
_AROUND_LOCKED = text(
    f"""
    WITH around AS ({_AROUND})
    SELECT * FROM run_sheet_appointments
    WHERE id IN (SELECT id FROM around UNION SELECT linked_to FROM around)
    ORDER BY id FOR UPDATE
    """  # noqa: S608 - the statement above
)
_LISTED_AROUND = text(
    f"""
    WITH around AS ({_AROUND})
    SELECT * FROM run_sheet_appointments
    WHERE id IN (SELECT id FROM around) AND source = 'pms' AND removed_at IS NULL
      AND linked_to IS NULL AND NOT (id = ANY(:but))
    """  # noqa: S608 - the statement above
)
_KNOWN = text(
    """
    SELECT DISTINCT run_sheet_clinician_id AS id FROM pms_clinician_mappings
    WHERE run_sheet_clinician_id IS NOT NULL
    """
)
_LINK = text(
    """
    UPDATE run_sheet_appointments AS entry
    SET linked_to = pair.target, version = entry.version + 1, updated_at = :at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:targets AS uuid[])) AS pair(id, target)
    WHERE entry.id = pair.id
    """
)
_FOLLOW = text(
    """
    UPDATE run_sheet_appointments AS entry
    SET linked_to = pair.target, version = entry.version + 1, updated_at = :at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:targets AS uuid[])) AS pair(id, target)
    WHERE entry.linked_to = pair.id
    """
)
_DOUBT = text(
    """
    UPDATE run_sheet_appointments
    SET flags = array_append(flags, :flag), version = version + 1, updated_at = :at
    WHERE id = ANY(:ids) AND NOT (:flag = ANY(flags))
    """
)


@dataclass(frozen=True, slots=True)
class Met:
    """Rows that waited for what a page brings, each with its row; and such as may have."""

    pairs: Sequence[tuple[RowMapping, UUID]] = ()
    doubtful: Sequence[RowMapping] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that wait for what a page brings; and whether the account has left a practice."""

    rows: Sequence[RowMapping] = ()
    has_left: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the PMS as it is about to be written."""

    row: RowLike
    merged: Cells | None = None

    @property
    def id(self) -> UUID:
        found: UUID = self.row["id"]
        return found


def with_other_syncs(db: Db, account_id: str) -> None:
    """To be held by a sync before it writes rows."""
    _WITH_OTHERS.run(db, {"name": f"visits of {account_id}"})


def alone(db: Db, account_id: str) -> None:
    """To be held by whoever adds or takes away rows by hand, before any row is locked."""
    locks.take(db, f"visits of {account_id}")


def around(db: Db, starts: Iterable[datetime], *, account_id: str) -> Sequence[RowMapping]:
    """Every row near these times, with the rows they are linked to; locked in order."""
    values = {"starts": sorted(set(starts)), "near": NEAR, "account_id": account_id}
    return db.execute(_AROUND_LOCKED, values).mappings().all()


def known_clinicians(db: Db) -> frozenset[UUID]:
    """Those whom a PMS may know too: nobody else can contradict it."""
    return frozenset(row.id for row in db.execute(_KNOWN))


def visit_of(
    values: Mapping[str, Any],
    *,
    timezone: str,
    known: frozenset[UUID],
    pms_start: datetime | None = None,
) -> Visit:
    """What of a row tells its visit from others."""
    name, clinician = values.get("patient_name"), values.get("clinician")
    words = read(name) if name else None
    return Visit(
        starts=(values["start"],) if pms_start is None else (values["start"], pms_start),
        name=words if words and words.words else None,
        phone=_e164(values.get("patient_phone"), timezone),
        date_of_birth=values.get("patient_date_of_birth") or None,
        clinician=clinician if clinician in known else None,
    )


def visits_of(row: RowLike, cells: Cells, *, known: frozenset[UUID]) -> list[Visit]:
    """A row as people left it, and as it was told: a scan shows the PMS, not their edits."""
    shown = merge.shown(cells)
    told = {**shown, **merge.shown(merge.revert_all(cells).cells)}
    sides = [shown] if told == shown else [shown, told]
    zone, pms_start = row["timezone"], row["pms_start"]
    return [visit_of(one, timezone=zone, known=known, pms_start=pms_start) for one in sides]


def waiting_for(db: Db, listed: Sequence[Listed], *, account_id: str) -> Waiting:
    """What of ours stands near what a page brings; take the lock of `with_other_syncs` first."""
    if not listed:
        return Waiting()
    starts = [at for one in listed for at in (one.row["appointment_time"], one.row["pms_start"])]
    values = {
        "account_id": account_id,
        "earliest": min(starts) - NEAR,
        "latest": max(starts) + NEAR,
        "kept_apart": KEPT_APART,
    }
    ((has_left, ids),) = _WAITING.rows(db, values)
    rows = db.execute(_OF_IDS, {"ids": ids}).mappings().all() if ids else []
    return Waiting(rows, has_left)


def meet(
    db: Db,
    seal: EntrySeal,
    listed: Sequence[Listed],
    waiting: Sequence[RowMapping],
    *,
    account_id: str,
) -> Met:
    """The waiting rows that stand for what a page brings, or may."""
    if not waiting:
        return Met()
    known = known_clinicians(db)
    fresh = [
        (one.id, visit)
        for one in listed
        for visit in visits_of(one.row, one.merged or seal.cells(one.row), known=known)
    ]
    visits = {row["id"]: visits_of(row, seal.cells(row), known=known) for row in waiting}
    first = {row["id"]: meant(visits[row["id"]], fresh) for row in waiting}
    unsure = [row for row in waiting if first[row["id"]].is_doubtful]
    hopeful = [row for row in waiting if first[row["id"]].key is not None]
    if not hopeful:
        return Met(doubtful=unsure)
    # Another row of the PMS, stored before, may be meant as well: then neither is.
    starts = [at for row in hopeful for visit in visits[row["id"]] for at in visit.starts]
    values = {"starts": starts, "near": NEAR, "account_id": account_id}
    but = [one.id for one in listed]
    stored = db.execute(_LISTED_AROUND, {**values, "but": but}).mappings().all()
    others = [
        (row["id"], visit)
        for row in stored
        for visit in visits_of(row, seal.cells(row), known=known)
    ]
    found = [(row, meant(visits[row["id"]], [*fresh, *others])) for row in hopeful]
    unsure += [row for row, meant in found if meant.is_doubtful]
    listed_ids = frozenset(but)
    sure = [(row, one.key) for row, one in found if one.key is not None and one.key in listed_ids]
    return Met(sure, unsure)


def link(db: Db, found: Sequence[tuple[RowMapping, UUID]], *, at: datetime) -> None:
    """Take the waiting rows from sight: the PMS's row stands for them.

    What stood behind a row of a practice that was left goes along with it.
    """
    if found:
        db.execute(_LINK, _pairs(found, at=at))
    if left := [one for one in found if is_of_pms(one[0])]:
        db.execute(_FOLLOW, _pairs(left, at=at))


def follow(db: Db, hidden: Sequence[Change], *, at: datetime) -> None:
    """What stands behind rows that were hidden again goes along with them."""
    if hidden:
        pairs = [(one.row["id"], one.columns["linked_to"]) for one in hidden]
        ids, targets = [row for row, _ in pairs], [target for _, target in pairs]
        db.execute(_FOLLOW, {"ids": ids, "targets": targets, "at": at})


def doubt(db: Db, rows: Sequence[RowMapping], *, at: datetime) -> None:
    """Flag them for a person to compare."""
    if rows:
        values = {"ids": [row["id"] for row in rows], "flag": MAY_BE_DOUBLE, "at": at}
        db.execute(_DOUBT, values)


def meant(visits: Sequence[Visit], others: Sequence[tuple[UUID, Visit]]) -> Found[UUID]:
    """As it is shown, or as it was read before somebody corrected it."""
    found = [find(visit, others) for visit in visits]
    keys = {one.key for one in found if one.key is not None}
    if len(keys) == 1:
        return Found(keys.pop())
    return Found(None, is_doubtful=bool(keys) or any(one.is_doubtful for one in found))


def is_of_pms(row: RowLike) -> bool:
    return bool(row["source"] == Source.PMS.value)


def _pairs(found: Sequence[tuple[RowMapping, UUID]], *, at: datetime) -> dict[str, Any]:
    ids, targets = [row["id"] for row, _ in found], [target for _, target in found]
    return {"ids": ids, "targets": targets, "at": at}


def _e164(number: str | None, timezone: str) -> str | None:
    return normalised(number, region_of(timezone)).e164 if number else None
