"""Syncing over JSON: ask for it, and see how it goes and how fresh the sheet is."""

from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.jobs.register import living_workers
from adapters.storage.runs.asking import ask_for_sync
from adapters.storage.sheet.sheet_status import read_connections, read_runs, read_waiting
from domain.jobs import Queue
from domain.people import Permission
from domain.sheet import Asked, NotOnSheet
from infra.database import dispatch
from producers.days import one_or_range, start_of_yesterday
from producers.doors import Door, door
from producers.run_answers import (
    JobOfConnection,
    JobsPut,
    SheetSyncAnswer,
    Syncing,
    SyncingServed,
)

router = APIRouter(prefix="/api/run-sheet/sync", tags=["sync"])


class SyncRequest(BaseModel):
    """Everything left out means: every connection, today.

    `allow_removals` is a person's word that most of a day did vanish from the PMS.
    """

    model_config = ConfigDict(extra="forbid")

    connection_id: UUID | None = None
    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    allow_removals: bool = False


@router.post("", status_code=HTTPStatus.ACCEPTED, summary="Sync now")
def ask(
    door: Annotated[Door, Depends(door(Permission.SYNC))], wanted: SyncRequest | None = None
) -> JobsPut:
    """Sync now: 202 with a job for each connection; asking again hurries the same job."""
    wanted = wanted or SyncRequest.model_validate({})
    days = one_or_range(None, wanted.first, wanted.last)
    with door.transaction() as db:
        jobs = ask_for_sync(
            db,
            connection_id=wanted.connection_id,
            asked=Asked(first_day=days[0], last_day=days[1]) if days else Asked(),
            now=door.ports.clock(),
            allow_removals=wanted.allow_removals,
        )
        if wanted.connection_id is not None and not jobs:
            raise NotOnSheet("There is no such connection, or it cannot sync yet.")
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="sync.asked",
            connection_id=wanted.connection_id,
            summary=f"jobs {sorted(jobs)}{' allow_removals' if wanted.allow_removals else ''}",
            status=HTTPStatus.ACCEPTED,
        )
    return JobsPut(jobs=[JobOfConnection(id=job, connection_id=of) for job, of in jobs.items()])


@router.get("", summary="See how syncing goes and how fresh the sheet is")
def status(door: Annotated[Door, Depends(door(Permission.SEE_STATUS))]) -> SheetSyncAnswer:
    """Runs of the last day, syncs that wait, and the freshness of each connection."""
    with door.transaction() as db:
        told = syncing(db, now=door.ports.clock())
    return SheetSyncAnswer(sync=SyncingServed(**dict(told), workers=sync_workers(door)))


def syncing(db: Db, *, now: datetime) -> Syncing:
    return Syncing(
        connections=read_connections(db, now=now),
        runs=read_runs(db, since=start_of_yesterday(now)),
        waiting=read_waiting(db),
    )


def sync_workers(door: Door) -> int:
    with dispatch(door.ports.database) as db:
        return living_workers(db).get(Queue.SYNC.value, 0)
