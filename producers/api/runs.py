"""Runs of one connection or of all: asked for, followed, previewed, approved."""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.runs import approvals, previews, runs
from adapters.storage.runs.asking import ask_for_sync
from adapters.storage.runs.runs import LoggedRun
from domain.people import Permission
from domain.sheet import Asked, NotOnSheet
from producers.answers import JobPut
from producers.api.sync import sync_workers, syncing
from producers.cursors import USUAL, Cursor, Limit, decode, paged
from producers.days import one_or_range
from producers.doors import Door, door
from producers.problems import Problem
from producers.reading import BOUNDED, count_preview, reading
from producers.run_answers import (
    OneRun,
    OneRunInFull,
    Reject,
    RunAnswer,
    RunInFull,
    Runs,
    SyncAnswer,
    SyncingEverywhere,
)

router = APIRouter(prefix="/api/pms", tags=["sync"])

Seer = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Syncer = Annotated[Door, Depends(door(Permission.SYNC))]


class WantedSync(BaseModel):
    """Everything left out means: today, for real.

    `allow_removals` is a person's word that most of a day did vanish from the PMS.
    """

    model_config = ConfigDict(extra="forbid")

    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    dry_run: bool = False
    allow_removals: bool = False


@router.post(
    "/connections/{connection_id}/sync",
    status_code=HTTPStatus.ACCEPTED,
    summary="Sync a connection",
)
def ask(connection_id: UUID, door: Syncer, wanted: WantedSync | None = None) -> JobPut:
    """Sync now, or preview what a sync would do; asking again hurries the same job."""
    wanted = wanted or WantedSync.model_validate({})
    days = one_or_range(None, wanted.first, wanted.last)
    with door.transaction() as db:
        jobs = ask_for_sync(
            db,
            connection_id=connection_id,
            asked=Asked(first_day=days[0], last_day=days[1]) if days else Asked(),
            now=door.ports.clock(),
            allow_removals=wanted.allow_removals,
            dry_run=wanted.dry_run,
        )
        if not jobs:
            raise NotOnSheet("There is no such connection, or it cannot sync yet.")
        [job_id] = jobs
        what = "preview.asked" if wanted.dry_run else "sync.asked"
        said = f"job {job_id}{' allow_removals' if wanted.allow_removals else ''}"
        _write_down(db, door, what, connection_id, said, status=HTTPStatus.ACCEPTED)
    return JobPut(job_id=job_id)


@router.get("/connections/{connection_id}/sync", summary="List a connection's runs")
def history(connection_id: UUID, door: Seer, cursor: Cursor = None, limit: Limit = USUAL) -> Runs:
    """Its runs, newest first."""
    before = decode(cursor)
    with door.transaction() as db:
        runs.require(db, connection_id)
        found = runs.listed(db, connection_id=connection_id, before=before, limit=limit + 1)
        stale = approvals.stale(db, found, at=door.ports.clock())
    page, following = paged(found, limit=limit, mark=lambda run: (run.started_at, run.id))
    return Runs(runs=[RunAnswer.of(run, stale=stale) for run in page], next_cursor=following)


@router.get("/sync", summary="See how syncing goes")
def status(door: Seer) -> SyncAnswer:
    """How fresh every practice is, what runs now and how far it is, and what waits."""
    with door.transaction() as db:
        told = syncing(db, now=door.ports.clock())
    running = [run for run in told.runs if run.status == "running"]
    everywhere = SyncingEverywhere(**dict(told), running=running, workers=sync_workers(door))
    return SyncAnswer(sync=everywhere)


@router.get("/runs/{run_id}", summary="Read one run", responses=BOUNDED)
def show(run_id: UUID, door: Seer) -> OneRunInFull:
    """One run with what could not be read; a preview's lines for those who may see patients."""
    with reading(door) as db:
        run = runs.read(db, run_id)
        told = RunInFull.of(run, stale=approvals.stale(db, [run], at=door.ports.clock()))
        told.rejects = [Reject(**one) for one in runs.rejects(db, run_id)]
        told.diff = diff_of(db, door, run)
    return OneRunInFull(run=told)


@router.post(
    "/runs/{run_id}/approve", status_code=HTTPStatus.ACCEPTED, summary="Do what a preview showed"
)
def approve(run_id: UUID, door: Syncer) -> JobPut:
    """Do what the preview showed: once, within a day, and before another sync of those days.

    Only for those who may see what it showed.
    """
    if not door.person.may(Permission.SEE_SHEET):
        raise Problem(HTTPStatus.FORBIDDEN, "Only somebody who may see a preview can approve it.")
    with door.transaction() as db:
        run = runs.read(db, run_id)
        job_id = approvals.approve(db, run_id, by=door.person.name, at=door.ports.clock())
        said = f"run {run_id} job {job_id}"
        _write_down(
            db, door, "preview.approved", run.connection_id, said, status=HTTPStatus.ACCEPTED
        )
    return JobPut(job_id=job_id)


@router.post("/runs/{run_id}/discard", summary="Discard a preview")
def discard(run_id: UUID, door: Syncer) -> OneRun:
    """Forget a preview; what it told is cleared away."""
    with door.transaction() as db:
        run = runs.read(db, run_id)
        approvals.discard(db, run_id)
        _write_down(db, door, "preview.discarded", run.connection_id, f"run {run_id}")
        return OneRun(run=RunAnswer.of(runs.read(db, run_id)))


def diff_of(db: Db, door: Door, run: LoggedRun) -> dict[str, Any] | None:
    """What a preview showed, or an approved run did; None for those who may not see it."""
    if not run.has_diff or not run.is_over or not door.person.may(Permission.SEE_SHEET):
        return None
    lines = previews.read_preview(db, door.seal, run, access=door.access)
    count_preview(db, door, run, lines)
    return previews.grouped(db, lines)


def _write_down(
    db: Db,
    door: Door,
    action: str,
    connection_id: UUID,
    summary: str,
    *,
    status: int = HTTPStatus.OK,
) -> None:
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=action,
        connection_id=connection_id,
        summary=summary,
        status=status,
    )
