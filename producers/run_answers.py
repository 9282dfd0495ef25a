"""What the API answers about syncs, their runs and backfills, as models that OpenAPI shows."""

from collections.abc import Container, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.runs.runs import LoggedRun
from domain.backfills import BackfillState
from domain.sheet import ConnectionView, RunView, WaitingView
from producers.answers import Success


class Syncing(BaseModel):
    """How fresh every practice is, the runs of the last day, and what waits."""

    connections: Sequence[ConnectionView]
    runs: Sequence[RunView]
    waiting: Sequence[WaitingView]


class SyncingServed(Syncing):
    """`workers`: how many threads serve syncs."""

    workers: int


class SyncingEverywhere(SyncingServed):
    running: Sequence[RunView]


class SheetSyncAnswer(Success):
    sync: SyncingServed


class SyncAnswer(Success):
    sync: SyncingEverywhere


class JobOfConnection(BaseModel):
    id: int
    connection_id: UUID


class JobsPut(Success):
    jobs: Sequence[JobOfConnection]


class RunAnswer(BaseModel):
    """A run; `compared` tells how an approved one differs from its preview."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    connection_id: UUID
    job_id: int
    sync_type: str
    status: str
    dry_run: bool
    started_at: datetime
    first: date = Field(validation_alias="day_from", serialization_alias="from")
    last: date = Field(validation_alias="day_to", serialization_alias="to")
    completed_at: datetime | None
    seconds: float | None
    fetched: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    cancelled: int
    removed: int
    rejected: int
    conflicts: int
    requests: int
    queries_done: int
    queries_total: int
    errors: Sequence[str]
    backfill_id: UUID | None
    may_be_approved: bool
    approved_at: datetime | None
    approved_by: str | None
    approved_job_id: int | None
    compared: str | None
    undone_at: datetime | None
    trace_id: str

    @classmethod
    def of(cls, run: LoggedRun, *, stale: Container[UUID] = ()) -> Self:
        """`stale` are the previews that nobody can approve now."""
        told = cls.model_validate(run)
        told.may_be_approved = run.may_be_approved and run.id not in stale
        return told


class Reject(BaseModel):
    """A record that could not be read: where, and why."""

    query_key: str
    pms_id: str | None
    path: str
    reason: str


class RunInFull(RunAnswer):
    """With what could not be read; `diff` for those who may see patients."""

    rejects: Sequence[Reject] = ()
    diff: Mapping[str, Sequence[Mapping[str, Any]]] | None = None


class OneRun(Success):
    run: RunAnswer


class OneRunInFull(Success):
    run: RunInFull


class Runs(Success):
    runs: Sequence[RunAnswer]
    next_cursor: str | None


class BackfillAnswer(BaseModel):
    """A range that is read in the background, and how far it is."""

    id: UUID
    connection_id: UUID
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    state: BackfillState
    reason: str | None
    days_done: int
    days_total: int
    seconds_left: int | None
    requests: int
    fetched: int
    created: int
    updated: int
    removed: int
    rejected: int
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None


class OneBackfill(Success):
    backfill: BackfillAnswer


class Backfills(Success):
    backfills: Sequence[BackfillAnswer]
    next_cursor: str | None
