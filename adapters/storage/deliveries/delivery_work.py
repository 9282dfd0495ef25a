"""Deliveries as a job takes them up: which wait, what they are about, how each of them ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.deliveries import APPOINTMENT, PATIENT, DeliveryState, parted
from domain.jobs import Job

MOST_ROWS = 500
MOST_IDS = 10

_WAITING = text(
    """
    SELECT id, subject FROM deliveries
    WHERE connection_id = :connection_id AND state = 'stored' AND subject IS NOT NULL
      AND received_at <= :until
    ORDER BY received_at, id LIMIT :most
    """
)
_FIRST = text(
    """
    SELECT min(received_at) FROM deliveries
    WHERE connection_id = :connection_id AND state = 'stored' AND subject IS NOT NULL
    """
)
_LAST = text(
    """
    SELECT max(settled_at) FROM deliveries
    WHERE connection_id = :connection_id AND state = 'done'
    """
)
_OF_PATIENTS = text(
    """
    SELECT DISTINCT pms_patient_id, pms_appointment_id FROM run_sheet_appointments
    WHERE pms_connection_id = :connection_id AND source = 'pms' AND removed_at IS NULL
      AND pms_start >= :since AND pms_patient_id = ANY(:patient_ids)
    ORDER BY pms_patient_id, pms_appointment_id
    """
)
_SETTLE = text(
    """
    UPDATE deliveries SET state = :state, note = :note, settled_at = :at
    WHERE id = ANY(:ids) AND state = 'stored'
    """
)
_SETTLE_ALL = text(
    """
    UPDATE deliveries SET state = :state, note = :note, settled_at = :at
    WHERE connection_id = :connection_id AND state = 'stored'
      AND received_at <= (SELECT started_at FROM jobs WHERE id = :job_id)
    """
)
LONGEST_NOTE = 500


def take(
    db: Db, connection_id: UUID, *, until: datetime, since: datetime
) -> Mapping[UUID, Sequence[str]]:
    """The oldest that came by then, each with the appointments it is about.

    A patient stands for their rows on the sheet from `since` on. Whatever else waits for the same
    appointments is taken too: they are read once for all.
    """
    values = {"connection_id": connection_id, "until": until, "most": MOST_ROWS}
    rows = {row.id: parted(row.subject) for row in db.execute(_WAITING, values)}
    patients = [pms_id for kind, pms_id in rows.values() if kind == PATIENT]
    visits = _visits(db, connection_id, patients, since) if patients else {}
    about = {
        row_id: [pms_id] if kind == APPOINTMENT else visits.get(pms_id, [])
        for row_id, (kind, pms_id) in rows.items()
    }
    chosen: set[str] = set()
    for pms_ids in about.values():
        if len(chosen) < MOST_IDS:
            chosen.update(pms_ids)
    return {row_id: pms_ids for row_id, pms_ids in about.items() if chosen.issuperset(pms_ids)}


def last_settled(db: Db, connection_id: UUID | None) -> datetime | None:
    """When a delivery of the connection was last looked up."""
    found: datetime | None = db.execute(_LAST, {"connection_id": connection_id}).scalar_one()
    return found


def first_waiting(db: Db, connection_id: UUID) -> datetime | None:
    """When the oldest that still waits came."""
    found: datetime | None = db.execute(_FIRST, {"connection_id": connection_id}).scalar_one()
    return found


def settle(db: Db, ids: Sequence[UUID], state: DeliveryState, *, note: str, at: datetime) -> None:
    values = {"ids": list(ids), "state": state.value, "note": note[:LONGEST_NOTE], "at": at}
    db.execute(_SETTLE, values)


def settle_all(db: Db, job: Job, state: DeliveryState, *, note: str, at: datetime) -> None:
    """All that waited when the job was begun; what came later has a job of its own."""
    values = {
        "connection_id": job.connection_id,
        "job_id": job.id,
        "state": state.value,
        "note": note[:LONGEST_NOTE],
        "at": at,
    }
    db.execute(_SETTLE_ALL, values)


def _visits(
    db: Db, connection_id: UUID, patients: Sequence[str], since: datetime
) -> Mapping[str, list[str]]:
    values = {"connection_id": connection_id, "patient_ids": list(patients), "since": since}
    found: dict[str, list[str]] = {}
    for row in db.execute(_OF_PATIENTS, values):
        found.setdefault(row.pms_patient_id, []).append(row.pms_appointment_id)
    return found
