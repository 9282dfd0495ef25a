"""Both ways over JSON, for a whole practice: send days, fetch changes, and see how it goes."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.two_way import push_asking, push_board, push_log
from adapters.storage.two_way.push_asking import Asked
from adapters.storage.two_way.push_board import Outcomes, Tally, TwoWay
from domain.people import Permission
from domain.push_words import sentence_of
from domain.pushes import AUTO_PUSH
from domain.sheet import NotOnSheet
from producers.both_ways import (
    AskedAnswer,
    BoardAnswer,
    Dashboard,
    JobAnswer,
    LogLine,
    Logs,
    Stats,
    asked,
    vendors,
)
from producers.doors import Door, door
from producers.idempotency import MaybeOnce

router = APIRouter(prefix="/api/advancedmd", tags=["both ways"])

Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Overseer = Annotated[Door, Depends(door(Permission.OPERATE))]
Syncer = Annotated[Door, Depends(door(Permission.SYNC))]

Counted = TypeVar("Counted", Tally, Outcomes)

MOST_LINES = 200
Days = Annotated[int, Query(ge=1, le=92)]


class Range(BaseModel):
    """Practice-local days, both included; `first_day` and `last_day` mean the same."""

    model_config = ConfigDict(extra="forbid")

    connection_id: UUID
    first: Annotated[date, Field(validation_alias=AliasChoices("from", "first_day"))]
    last: Annotated[date, Field(validation_alias=AliasChoices("to", "last_day"))]


class One(BaseModel):
    model_config = ConfigDict(extra="forbid")

    connection_id: UUID


@router.post(
    "/appointments/bulk-sync",
    status_code=HTTPStatus.ACCEPTED,
    response_model=AskedAnswer,
    summary="Send everything of some days that is owed",
)
def bulk_sync(door: Syncer, body: Range, once: MaybeOnce = None) -> JSONResponse:
    """In batches of at most 50; what failed is tried again, but for what was refused as it is."""

    def ask(db: Db) -> Asked:
        return push_asking.push_days(db, body.connection_id, first=body.first, last=body.last)

    return asked(door, once, "push.range_asked", ask, about=f"{body.first} to {body.last}")


@router.post(
    "/appointments/pull-updates",
    status_code=HTTPStatus.ACCEPTED,
    response_model=AskedAnswer,
    summary="Fetch what changed at the practice",
)
def pull_updates(door: Syncer, body: One, once: MaybeOnce = None) -> JSONResponse:
    """The job's sentence then says how many appointments were new, updated or removed."""

    def ask(db: Db) -> Asked:
        return push_asking.pull(db, body.connection_id, now=door.ports.clock())

    return asked(door, once, "push.pull_asked", ask)


@router.get("/sync/jobs/{job_id}", summary="See how something that was asked for stands")
def job(door: Reader, job_id: int) -> JobAnswer:
    with door.transaction() as db:
        row = push_asking.followed(db, job_id, account_id=door.account_id)
    return JobAnswer(
        job_id=row["id"],
        state=row["state"],
        due_at=row["due_at"],
        waiting_for=row["waiting_for"],
        sentence=sentence_of(row),
    )


@router.get("/sync/dashboard", summary="See every practice that takes changes at a glance")
def dashboard(door: Overseer, days: Days = 7) -> Dashboard:
    with door.transaction() as db:
        return Dashboard(practices=_boards(db, door, days))


@router.get("/sync/logs", summary="See what went between the sheet and the practices")
def logs(
    door: Overseer,
    connection_id: UUID | None = None,
    kind: Literal["patient", "appointment", "charge"] | None = None,
    state: Literal["done", "waiting", "failed"] | None = None,
    days: Days = 7,
) -> Logs:
    """Newest first, both ways; of charges nothing is read or sent."""
    since = door.ports.clock() - timedelta(days=days)
    with door.transaction() as db:
        found = [
            line
            for one in _practices(db, connection_id)
            for line in push_log.lines(
                db, one.id, since=since, subject=kind, state=state, most=MOST_LINES
            )
        ]
    newest = sorted(found, key=lambda line: line.at, reverse=True)[:MOST_LINES]
    return Logs(logs=[LogLine.model_validate(one) for one in newest])


@router.get("/sync/stats", summary="Count what agrees, waits and failed")
def stats(door: Overseer, days: Days = 7) -> Stats:
    with door.transaction() as db:
        boards = _boards(db, door, days)
    return Stats(
        days=days,
        patients=_sum(Tally, [one.patients for one in boards]),
        appointments=_sum(Tally, [one.appointments for one in boards]),
        outcomes=_sum(Outcomes, [one.outcomes for one in boards]),
    )


def _practices(db: Db, wanted: UUID | None = None) -> list[TwoWay]:
    found = [
        one
        for one in push_board.connections(db, vendors=vendors())
        if wanted is None or one.id == wanted
    ]
    if wanted is not None and not found:
        raise NotOnSheet("There is no such practice that takes changes.")
    return found


def _boards(db: Db, door: Door, days: int) -> list[BoardAnswer]:
    since = door.ports.clock() - timedelta(days=days)
    every = _practices(db)
    ids = [one.id for one in every]
    rows = push_board.appointments(db, ids, vendors=vendors(), since=since)
    return [_board(db, one, rows[one.id], since) for one in every]


def _board(db: Db, one: TwoWay, rows: Tally, since: datetime) -> BoardAnswer:
    known = set(TwoWay.__slots__) & BoardAnswer.model_fields.keys()
    told = {name: getattr(one, name) for name in known}
    return BoardAnswer(
        **told,
        connection_id=one.id,
        auto_push=one.features.get(AUTO_PUSH, True),
        patients=push_board.patients(db, one.id, since=since),
        appointments=rows,
        outcomes=push_board.outcomes(db, one.id, since=since),
    )


def _sum(kind: type[Counted], parts: Sequence[Counted]) -> Counted:
    names = [one.name for one in fields(kind)]
    return kind(**{name: sum(getattr(one, name) for one in parts) for name in names})
