"""What people ask for by hand at a practice that takes changes: send, create, look up, fetch."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as with_
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.by_hand.sheet_edits import locked
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections
from adapters.storage.practices.own_practice import practices_of
from adapters.storage.two_way import patient_links
from adapters.storage.two_way.push_standing import standing_for
from adapters.storage.two_way.pushing import SYNCED
from domain.connections import Connection
from domain.errors import BadInput
from domain.fields import Source
from domain.patient_links import Choice, Link, LinkState
from domain.pushes import LOCKED_OUT, NOT_FETCHED, NOT_WRITABLE, PushState
from domain.runs import SyncType
from domain.sheet import NotOnSheet, Settled
from domain.window import check_days, local_day
from domain.work import (
    WHILE_SOMEBODY_LOOKS_ON,
    link_patient_job,
    push_entry_job,
    push_range_job,
    sync_job,
)
from infra.sealing import Sealer

MOST_DAYS = 92
OFF_THE_SHEET = "This row was taken off the sheet."

_MARK = text(
    "UPDATE run_sheet_appointments SET push_state = :state, push_reason = NULL WHERE id = :id"
)
_AHEAD = text("SELECT sync_days_ahead FROM pms_connections WHERE id = :id")
_FOLLOWED = text(
    """
    SELECT job.id, job.kind, job.state, job.due_at, job.waiting_for, job.result, job.error_text,
           run.status, run.created, run.updated, run.removed, run.conflicts,
           entry.push_state, entry.push_reason
    FROM jobs AS job LEFT JOIN pms_sync_log AS run ON run.job_id = job.id
    LEFT JOIN LATERAL (
      SELECT push_state, push_reason FROM run_sheet_appointments
      WHERE job.kind = 'push_entry' AND id = CAST(job.args ->> 'entry_id' AS uuid)
      OFFSET 0
    ) AS entry ON true
    WHERE job.id = :id AND job.account_id = :account_id
      AND job.kind IN ('push_entry', 'push_range', 'link_patient', 'sync')
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The job that does it, and the connection that it is about."""

    job_id: int
    connection: Connection


def push(db: Db, entry_id: UUID, *, expected_version: int | None) -> Asked:
    """Bring a row and its PMS to agree now: what it says there is read, what is owed is sent."""
    row = _locked(db, entry_id, expected_version=expected_version)
    if row["source"] != Source.PMS.value:
        raise BadInput("The practice does not have this visit yet; create it there first.")
    if row["removed_at"] is not None:
        raise Settled(OFF_THE_SHEET)
    return _sent(db, row, _usable(db, row["pms_connection_id"]), create=False)


def create(db: Db, entry_id: UUID, *, expected_version: int | None) -> Asked:
    """Have a row of ours become the practice's visit."""
    row = _locked(db, entry_id, expected_version=expected_version)
    if row["source"] == Source.PMS.value:
        raise Settled("The practice has this visit already.")
    if row["removed_at"] is not None:
        raise Settled(OFF_THE_SHEET)
    return _sent(db, row, _practice_of(db, row), create=True)


def push_days(db: Db, connection_id: UUID, *, first: date, last: date) -> Asked:
    """Everything of those days that is owed, in batches."""
    check_days(first, last)
    if (last - first).days >= MOST_DAYS:
        raise BadInput(f"At most {MOST_DAYS} days at once.")
    held = _usable(db, connection_id)
    job = push_range_job(held, first_day=first, last_day=last)
    return Asked(job_id=put(db, with_(job, priority=WHILE_SOMEBODY_LOOKS_ON)), connection=held)


def pull(db: Db, connection_id: UUID, *, now: datetime) -> Asked:
    """What changed there since it was last read; the days the timetable reads."""
    held = _usable(db, connection_id, locked_out=NOT_FETCHED)
    first = local_day(now, held.timezone)
    ahead = db.execute(_AHEAD, {"id": held.id}).scalar_one()
    job = sync_job(
        account_id=held.account_id,
        connection_id=held.id,
        vendor=held.vendor,
        first_day=first,
        last_day=first + timedelta(days=ahead),
        sync_type=SyncType.INCREMENTAL,
    )
    return Asked(job_id=put(db, with_(job, priority=WHILE_SOMEBODY_LOOKS_ON)), connection=held)


def look_up(db: Db, sealer: Sealer, link_id: UUID) -> Asked:
    """Look for somebody of ours among the practice's patients, again."""
    link = patient_links.load(db, sealer, link_id)
    held = _usable(db, link.connection_id)
    job = link_patient_job(held, link_id=link.id)
    return Asked(job_id=put(db, with_(job, priority=WHILE_SOMEBODY_LOOKS_ON)), connection=held)


def link(
    db: Db, sealer: Sealer, found: Link, pms_patient_id: str, *, by: str, at: datetime
) -> Connection:
    """A person says who is meant; rows that wait for it are theirs to send on."""
    held = connections.load(db, found.connection_id)
    choice = Choice(
        state=LinkState.LINKED, pms_patient_id=pms_patient_id, candidates=found.candidates
    )
    patient_links.chosen(db, sealer, found, choice, account_id=held.account_id, by=by, at=at)
    return held


def followed(db: Db, job_id: int, *, account_id: str) -> Mapping[str, Any]:
    """How something that was asked for stands."""
    row = db.execute(_FOLLOWED, {"id": job_id, "account_id": account_id}).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such job.")
    return dict(row)


def _locked(db: Db, entry_id: UUID, *, expected_version: int | None) -> RowMapping:
    """Ours till the transaction ends: the row, or the practice's that took its place."""
    return locked(db, standing_for(db, entry_id), expected_version=expected_version)


def _sent(db: Db, row: RowMapping, held: Connection, *, create: bool) -> Asked:
    job = push_entry_job(
        held,
        entry_id=row["id"],
        create=create,
        read_first=not create,
        priority=WHILE_SOMEBODY_LOOKS_ON,
    )
    db.execute(_MARK, {"id": row["id"], "state": PushState.PENDING.value})
    return Asked(job_id=put(db, job), connection=held)


def _practice_of(db: Db, row: RowMapping) -> Connection:
    """The practice that the row's clinician works at."""
    whose = row["run_sheet_clinician_id"]
    if whose is None:
        raise BadInput("Put this row in a clinician's column first.")
    return _usable(db, practices_of(db, [whose]).get(whose))


def _usable(db: Db, connection_id: UUID | None, *, locked_out: str = LOCKED_OUT) -> Connection:
    held = connections.load(db, connection_id) if connection_id else None
    if held is None or not held.both_ways:
        raise BadInput(NOT_WRITABLE)
    if held.state not in SYNCED:
        raise Settled(locked_out)
    return held
