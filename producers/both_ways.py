"""What the API answers of practices that take changes, as models that OpenAPI shows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Literal
from uuid import UUID

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.practices import own_practice
from adapters.storage.two_way.push_asking import Asked
from adapters.storage.two_way.push_board import Outcomes, Tally
from domain.jobs import JobState
from domain.patient_links import Candidate
from producers.doors import Door
from producers.idempotency import Answer, Keyed


class _Plain(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class AskedAnswer(BaseModel):
    """It will be done by this job; ask for it at /api/advancedmd/sync/jobs/{job_id}."""

    success: Literal[True] = True
    job_id: int
    connection_id: UUID


class JobAnswer(BaseModel):
    """How something that was asked for stands; `sentence` says it to a person."""

    success: Literal[True] = True
    job_id: int
    state: JobState
    due_at: datetime
    waiting_for: str | None
    sentence: str


class StepAnswer(_Plain):
    """One thing that was sent, and what came of it: done, waiting or failed."""

    id: UUID
    what: str
    state: str
    reason: str | None
    by: str
    at: datetime
    settled_at: datetime | None


class StandingAnswer(_Plain):
    """A row of the sheet and its practice: whether they agree, and if not why.

    `entry_id` is the row that stands for it by now; `link_id`, where it waits for its patient to be
    linked, is theirs at /api/advancedmd/patients.
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


class EntryAnswer(BaseModel):
    success: Literal[True] = True
    sync_status: StandingAnswer
    history: list[StepAnswer]


class PatientAnswer(_Plain):
    """Somebody of ours at their practice, without their name; `candidates` counts who it may be."""

    id: UUID
    connection_id: UUID
    state: str
    pms_patient_id: str | None
    reason: str | None
    linked_by: str | None
    synced_at: datetime | None
    candidates: int


class Candidates(BaseModel):
    success: Literal[True] = True
    candidates: Sequence[Candidate]


class OnePatient(BaseModel):
    success: Literal[True] = True
    sync_status: PatientAnswer


class LogLine(_Plain):
    """What went one way, `in` or `out`; a patient is never named."""

    id: UUID
    way: str
    subject: str
    what: str
    at: datetime
    by: str | None
    reason: str | None
    state: str
    entry_id: UUID | None
    pms_id: str | None
    start: datetime | None
    created: int
    updated: int
    removed: int
    conflicts: int
    ended_at: datetime | None


class Logs(BaseModel):
    success: Literal[True] = True
    logs: list[LogLine]


class BoardAnswer(BaseModel):
    """One practice at a glance; charges are not read or sent."""

    connection_id: UUID
    name: str
    site: str
    state: str
    error: str | None
    heard_at: datetime | None
    sent_at: datetime | None
    frequency_minutes: int
    sync_enabled: bool
    auto_push: bool
    patients: Tally
    appointments: Tally
    charges_enabled: Literal[False] = False
    outcomes: Outcomes


class Dashboard(BaseModel):
    success: Literal[True] = True
    practices: list[BoardAnswer]


class Stats(BaseModel):
    """Of all practices together, over the days that were asked for."""

    success: Literal[True] = True
    days: int
    patients: Tally
    appointments: Tally
    outcomes: Outcomes


def vendors() -> frozenset[str]:
    """The PMSs that take changes from the sheet."""
    return frozenset(own_practice.vendors())


def asked(
    door: Door, once: Keyed | None, action: str, ask: Callable[[Db], Asked], *, about: str = ""
) -> JSONResponse:
    """202 with the job that does it, once for a key; noted as asked for."""

    def do(db: Db) -> Answer:
        made = ask(db)
        record(
            db,
            door.access,
            account_id=door.account_id,
            action=action,
            connection_id=made.connection.id,
            summary=f"job {made.job_id} {about}".rstrip(),
            status=HTTPStatus.ACCEPTED,
        )
        told = AskedAnswer(job_id=made.job_id, connection_id=made.connection.id)
        return Answer(status=HTTPStatus.ACCEPTED, body=told.model_dump(mode="json"))

    if once is not None:
        return once.answer(door, do)
    with door.transaction() as db:
        answer = do(db)
    return JSONResponse(dict(answer.body), status_code=answer.status)
