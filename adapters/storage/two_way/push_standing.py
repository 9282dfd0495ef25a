"""How rows of the sheet stand with a PMS that takes changes, and what was sent for one of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.id_starts import BETWEEN, bounds
from adapters.storage.practices.own_practice import OF_ENTRY
from adapters.storage.two_way import patient_links
from domain.errors import BadInput
from domain.patient_links import Link, Person
from domain.pushes import BY_HAND
from domain.writes import WriteState
from infra.sealing import Sealer

MOST_STEPS = 20
MOST_PEOPLE = 200
UNSENT = "unsent"
"""A row of ours that no PMS has, at a practice that could take it: no row says so itself."""

DONE, WAITING, FAILED = "done", "waiting", "failed"
BECAME: Mapping[str, str] = {
    WriteState.CONFIRMED.value: DONE,
    WriteState.FAILED.value: FAILED,
}

OWN_PRACTICE = f"""
    LEFT JOIN LATERAL ({OF_ENTRY}) AS own ON entry.pms_connection_id IS NULL
    JOIN pms_connections AS connection
      ON connection.id = coalesce(entry.pms_connection_id, own.id)
     AND connection.connector = ANY(:vendors) AND connection.removed_at IS NULL
"""
STATE = """
    coalesce(entry.push_state,
             CASE WHEN entry.pms_appointment_id IS NULL THEN 'unsent' ELSE 'synced' END)
"""
_LINK = text(
    """
    SELECT id FROM patient_links WHERE connection_id = :connection_id AND person_hash = ANY(:hashes)
    ORDER BY created_at LIMIT 1
    """
)
_LINK_TO = text(
    """
    SELECT id FROM patient_links
    WHERE connection_id = :connection_id AND state = 'linked' AND pms_patient_id = :pms_patient_id
    ORDER BY updated_at DESC LIMIT 1
    """
)
_UNLINKED = text(
    """
    SELECT id FROM patient_links WHERE connection_id = :id AND state <> 'linked'
    ORDER BY updated_at LIMIT :most
    """
)
# Where nothing goes out by itself, what is owed waits for a person: nothing else would say so.
_REASON = """
    CASE WHEN entry.push_state = 'pending' AND entry.push_reason IS NULL
          AND coalesce(connection.features ->> 'auto_push', 'true') = 'false'
          AND NOT EXISTS (
            SELECT FROM jobs WHERE kind = 'push_entry' AND jobs.connection_id = connection.id
              AND jobs.state IN ('ready', 'running')
              AND args ->> 'entry_id' = CAST(entry.id AS text))
         THEN :by_hand ELSE entry.push_reason END
"""
# Each row by itself (OFFSET): beside their ids all rows of the account would be looked up, for they
# are taken for few.
_STANDINGS = text(
    f"""
    SELECT entry.id AS entry_id, connection.id AS connection_id, connection.connector AS vendor,
           {STATE} AS state, {_REASON} AS reason, entry.pushed_at,
           entry.pms_appointment_id AS pms_id, entry.pms_last_synced_at AS heard_at,
           entry.push_link_id AS link_id, connection.settings ->> 'deep_link' AS deep_link
    FROM unnest(CAST(:ids AS uuid[])) AS asked(id)
    CROSS JOIN LATERAL (
      SELECT * FROM run_sheet_appointments WHERE id = asked.id OFFSET 0) AS entry {OWN_PRACTICE}
    """  # noqa: S608 - this module's own words
)
_NOW = text("SELECT coalesce(linked_to, id) FROM run_sheet_appointments WHERE id = :id")
_FIND = text(
    f"""
    SELECT DISTINCT coalesce(linked_to, id) AS id FROM run_sheet_appointments
    WHERE id {BETWEEN} LIMIT 2
    """  # noqa: S608 - our own words
)
_STEPS = text(
    """
    SELECT id, kind, state, reason, asked_by, created_at, settled_at FROM pms_writes
    WHERE entry_id = :entry_id AND state <> 'withdrawn' ORDER BY created_at DESC, id LIMIT :most
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One row of the sheet and the PMS: whether they agree, and if not why.

    `link_id` is the link of its patient that it waits for.
    """

    entry_id: UUID
    connection_id: UUID
    vendor: str
    state: str
    reason: str | None
    pushed_at: datetime | None
    pms_id: str | None
    heard_at: datetime | None
    link_id: UUID | None
    deep_link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was sent for a row: what, by whom, and what came of it."""

    id: UUID
    what: str
    state: str
    reason: str | None
    by: str
    at: datetime
    settled_at: datetime | None


def standings(
    db: Db, entry_ids: Collection[UUID], *, vendors: Collection[str]
) -> Mapping[UUID, Standing]:
    """Of those rows the ones whose practice takes changes."""
    if not entry_ids or not vendors:
        return {}
    values = {"ids": list(entry_ids), "vendors": list(vendors), "by_hand": BY_HAND}
    rows = db.execute(_STANDINGS, values).mappings()
    return {row["entry_id"]: Standing(**row) for row in rows}


def standing(db: Db, entry_id: UUID, *, vendors: Collection[str]) -> Standing | None:
    """Of the row itself, or of the PMS's row that stands for it by now."""
    now = standing_for(db, entry_id)
    return standings(db, [now], vendors=vendors).get(now)


def standing_for(db: Db, entry_id: UUID) -> UUID:
    """The row, or the one of the same visit that took its place."""
    found: UUID | None = db.execute(_NOW, {"id": entry_id}).scalar()
    return found or entry_id


def find(db: Db, wanted: str) -> UUID:
    """The row whose id starts so, inside its account's transaction."""
    held = bounds(wanted)
    if held is None:
        raise BadInput(f"'{wanted}' is not a row's id; see 'pms-sync run-sheet'.")
    rows = db.execute(_FIND, held).all()
    if not rows:
        raise BadInput(f"There is no such row as {wanted}; see 'pms-sync run-sheet'.")
    if len(rows) > 1:
        raise BadInput(f"More than one row's id starts with {wanted}; give more of it.")
    found: UUID = rows[0].id
    return found


def steps(db: Db, entry_id: UUID) -> Sequence[Step]:
    """What was sent for a row, newest first."""
    rows = db.execute(_STEPS, {"entry_id": entry_id, "most": MOST_STEPS}).mappings()
    return [_step(row) for row in rows]


def _step(row: RowMapping) -> Step:
    told: dict[str, Any] = {key: row[key] for key in ("id", "reason", "settled_at")}
    return Step(
        **told,
        what=row["kind"],
        state=BECAME.get(row["state"], WAITING),
        by=row["asked_by"],
        at=row["created_at"],
    )


def link_of(
    db: Db, sealer: Sealer, stands: Standing, person: Person, *, account_id: str
) -> Link | None:
    """Who somebody on the sheet is at the practice, as far as anybody has looked."""
    hashes = sealer.blind_indexes(
        person.on(stands.entry_id).key,
        table=patient_links.TABLE,
        column="person_hash",
        account=account_id,
    )
    values = {"connection_id": stands.connection_id, "hashes": hashes}
    found = db.execute(_LINK, values).first()
    return None if found is None else patient_links.load(db, sealer, found.id)


def link_to(db: Db, sealer: Sealer, stands: Standing, pms_patient_id: str) -> Link | None:
    """Who of ours was linked to one of the practice's patients, last."""
    values = {"connection_id": stands.connection_id, "pms_patient_id": pms_patient_id}
    found = db.execute(_LINK_TO, values).first()
    return None if found is None else patient_links.load(db, sealer, found.id)


def unlinked(db: Db, connection_id: UUID) -> Sequence[UUID]:
    """People of ours who are nobody's patient there yet."""
    rows = db.execute(_UNLINKED, {"id": connection_id, "most": MOST_PEOPLE})
    return [row.id for row in rows]
