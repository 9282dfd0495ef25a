"""Who of a PMS's patients people of ours are: found by a blind index, all else sealed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.practices.own_practice import OF_ENTRY, vendors
from adapters.storage.sheet import sheet_events
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.upkeep.left_out_now import left_out_now
from domain.connections import Connection
from domain.fields import Cells
from domain.merge import shown
from domain.minimising import Extra
from domain.patient_links import Candidate, Choice, Link, LinkState, Person
from domain.pushes import NO_PATIENT
from domain.sheet import NotOnSheet
from domain.window import local_day
from infra.sealing import Sealer

TABLE = "patient_links"

# Locked: whoever links them meanwhile waits, and finds the row that waits for it.
_FIND = text(
    """
    SELECT * FROM patient_links WHERE connection_id = :connection_id AND person_hash = ANY(:hashes)
    ORDER BY created_at LIMIT 1 FOR UPDATE
    """
)
_ADD = text(
    """
    INSERT INTO patient_links (id, account_id, connection_id, person_hash, person, state)
    VALUES (:id, :account_id, :connection_id, :hash, :person, 'pending')
    ON CONFLICT (connection_id, person_hash) DO NOTHING
    """
)
_LOAD = text("SELECT * FROM patient_links WHERE id = :id")
_CHOSEN = text(
    """
    UPDATE patient_links
    SET state = :state, pms_patient_id = :pms_patient_id, candidates = :candidates,
        reason = :reason, linked_by = :by, synced_at = :at, updated_at = :at
    WHERE id = :id AND (state <> 'linked' OR :over) RETURNING id
    """
)
_WAITING = text(
    """
    SELECT id FROM run_sheet_appointments
    WHERE push_link_id = :id AND push_state = 'needs_patient'
      AND linked_to IS NULL AND removed_at IS NULL
    ORDER BY appointment_time, id
    """
)
# An older release left rows that do not say for which link they wait.
_UNSAID = text(
    f"""
    SELECT * FROM run_sheet_appointments AS entry
    WHERE push_link_id IS NULL AND push_state = 'needs_patient' AND source <> 'pms'
      AND linked_to IS NULL AND entry.removed_at IS NULL AND :connection_id = ({OF_ENTRY})
    ORDER BY appointment_time, id
    """  # noqa: S608 - this module's own words
)
_TELL = text(
    """
    UPDATE run_sheet_appointments SET push_reason = :reason
    WHERE id = ANY(:ids) AND push_state = 'needs_patient'
    RETURNING id, appointment_time, timezone
    """
)


def person_in(entry_id: UUID, cells: Cells) -> Person | None:
    """Whom a row is for, if it says."""
    values = shown(cells)
    name = values.get("patient_name")
    if not name:
        return None
    born = values.get("patient_date_of_birth") or None
    return Person(name=name, date_of_birth=born).on(entry_id)


def of_person(db: Db, sealer: Sealer, connection: Connection, person: Person) -> Link:
    """Their link at this practice; a new one waits to be looked up."""
    place = {"table": TABLE, "column": "person_hash", "account": connection.account_id}
    hashes = sealer.blind_indexes(person.key, **place)
    wanted = {"connection_id": connection.id, "hashes": hashes}
    row = db.execute(_FIND, wanted).mappings().first()
    if row is None:
        link_id = uuid4()
        document = json.dumps(asdict(person))
        values = {
            "id": link_id,
            "account_id": connection.account_id,
            "connection_id": connection.id,
            "hash": sealer.blind_index(person.key, **place),
            "person": _sealed(sealer, connection.account_id, link_id, "person", document),
        }
        db.execute(_ADD, values)
        row = db.execute(_FIND, wanted).mappings().one()
    return _link(sealer, row)


def load(db: Db, sealer: Sealer, link_id: UUID) -> Link:
    row = db.execute(_LOAD, {"id": link_id}).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such person.")
    return _link(sealer, row)


def chosen(  # noqa: PLR0913 - who was chosen, by whom, when
    db: Db,
    sealer: Sealer,
    link: Link,
    choice: Choice,
    *,
    account_id: str,
    by: str | None,
    at: datetime,
) -> bool:
    """Keep what a look, or a person, came to; False for a look that a person has forestalled.

    Without days of birth where the practice has come to leave them out since.
    """
    candidates = choice.candidates
    if Extra.BIRTH_DATE in left_out_now(db, link.connection_id).extras:
        candidates = [replace(one, date_of_birth=None) for one in candidates]
    listed = json.dumps([asdict(one) for one in candidates])
    values = {
        "id": link.id,
        "state": choice.state.value,
        "pms_patient_id": choice.pms_patient_id,
        "candidates": _sealed(sealer, account_id, link.id, "candidates", listed),
        "reason": choice.reason,
        "by": by,
        "at": at,
        "over": by is not None,
    }
    return db.execute(_CHOSEN, values).first() is not None


def waiting(db: Db, sealer: Sealer, link: Link) -> Sequence[UUID]:
    """Rows that wait for this link, and such as wait for this person and do not say so."""
    said = [row.id for row in db.execute(_WAITING, {"id": link.id})]
    place = {"connection_id": link.connection_id, "vendors": vendors()}
    unsaid = db.execute(_UNSAID, place).mappings().all()
    return said + [row["id"] for row in unsaid if _is_of(sealer, row, link.person)]


def _is_of(sealer: Sealer, row: RowMapping, person: Person) -> bool:
    cells = EntrySeal(sealer, account_id=row["account_id"]).cells(row)
    found = person_in(row["id"], cells)
    return found is not None and found.key == person.key


def tell(db: Db, link: Link, entry_ids: Sequence[UUID], reason: str, *, account_id: str) -> None:
    """Have the rows that wait say why, wherever they are shown."""
    told = db.execute(_TELL, {"ids": list(entry_ids), "reason": f"{NO_PATIENT} {reason}"})
    for row in told.all():
        day = local_day(row.appointment_time, row.timezone)
        sheet_events.tell(
            db,
            account_id=account_id,
            kind="sheet_changed",
            connection_id=link.connection_id,
            detail={"days": [day.isoformat()], "entry_id": str(row.id)},
        )


def _link(sealer: Sealer, row: RowMapping) -> Link:
    person = _opened(sealer, row, "person") or {}
    listed = _opened(sealer, row, "candidates") or []
    return Link(
        id=row["id"],
        connection_id=row["connection_id"],
        person=Person(**person),
        state=LinkState(row["state"]),
        pms_patient_id=row["pms_patient_id"],
        candidates=[Candidate(**one) for one in listed],
        reason=row["reason"],
        linked_by=row["linked_by"],
        synced_at=row["synced_at"],
        updated_at=row["updated_at"],
    )


def _sealed(sealer: Sealer, account_id: str, link_id: UUID, column: str, document: str) -> bytes:
    return sealer.seal(document, table=TABLE, column=column, row=link_id, account=account_id)


def _opened(sealer: Sealer, row: RowMapping | Mapping[str, Any], column: str) -> Any:
    if row[column] is None:
        return None
    place = {"table": TABLE, "column": column, "row": row["id"], "account": row["account_id"]}
    return json.loads(sealer.open(row[column], **place))
