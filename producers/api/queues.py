"""The queues over JSON: how deep and how old, who serves them, paused and resumed, weighed."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.audit.audit import record
from adapters.storage.jobs import pausing
from adapters.storage.phone import voice_board
from domain.jobs import Queue
from domain.people import Permission
from producers.boards import board
from producers.doors import Door, door
from producers.estimates import by_connection, estimates, short
from producers.job_answers import (
    DeadlinesAnswer,
    EstimatesAnswer,
    PausedAnswer,
    QueuesAnswer,
    SharesAnswer,
    WhatIfAnswer,
)
from producers.sharing import shares
from producers.what_if import LONGEST_MINUTES, MOST_REQUESTS, Wish, weigh
from producers.words import Line

router = APIRouter(prefix="/api/queues", tags=["queues"])

Operator = Annotated[Door, Depends(door(Permission.OPERATE))]


class Reason(BaseModel):
    """Why; whoever looks on later is told."""

    model_config = ConfigDict(extra="forbid")

    reason: Line = Field(min_length=1, max_length=pausing.LONGEST_REASON)


@router.get("", summary="See how deep the queues are")
def show(door: Operator) -> QueuesAnswer:
    """The account's jobs by queue, every worker, and what died grouped by error and connection."""
    return QueuesAnswer.model_validate(board(door), from_attributes=True)


@router.get("/estimates", summary="Foresee when jobs end")
def foresee(door: Operator) -> EstimatesAnswer:
    """By what each vendor still allows, behind whatever is handed out before it."""
    found = estimates(door)
    return EstimatesAnswer(
        estimates=found, short=short(door, found), connections=by_connection(found)
    )


class Frequency(BaseModel):
    """A connection as it would be synced."""

    model_config = ConfigDict(extra="forbid")

    connection_id: UUID
    minutes: Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]


class Allowed(BaseModel):
    """A vendor's window as it would be: so many requests in those seconds."""

    model_config = ConfigDict(extra="forbid")

    vendor: Annotated[str, Field(max_length=40)]
    seconds: Annotated[int, Field(ge=1)]
    requests: Annotated[int, Field(ge=1, le=MOST_REQUESTS)]


class Otherwise(BaseModel):
    """What would be different; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    frequencies: Annotated[Sequence[Frequency], Field(max_length=500)] = ()
    limits: Annotated[Sequence[Allowed], Field(max_length=40)] = ()


@router.post("/what-if", summary="Weigh other frequencies or limits")
def what_if(wanted: Otherwise, door: Operator) -> WhatIfAnswer:
    """When today's work would be through, what binds and who would turn late; saves nothing."""
    wish = Wish(
        minutes={one.connection_id: one.minutes for one in wanted.frequencies},
        limits={(one.vendor, one.seconds): one.requests for one in wanted.limits},
    )
    return WhatIfAnswer(what_if=weigh(door, wish))


@router.get("/shares", summary="See who takes what of an allowance")
def taken(door: Operator) -> SharesAnswer:
    """The last hour of each allowance that connections spend from, beside their fair shares."""
    return SharesAnswer(shares=shares(door))


@router.get("/deadlines", summary="See how soon callers are answered")
def deadlines(door: Operator) -> DeadlinesAnswer:
    """The last day by the hour and by tool: answered, by whom, how soon; too late, turned away."""
    with door.transaction() as db:
        found = voice_board.read_deadlines(db)
    return DeadlinesAnswer(deadlines=found)


@router.post("/{queue}/pause", summary="Pause a queue")
def pause(queue: Queue, wanted: Reason, door: Operator) -> PausedAnswer:
    """No job of this account is handed out from it any more; what was handed out is carried.

    Pausing twice is once. The voice queue cannot be paused: callers wait on it.
    """
    with door.transaction() as db:
        account = door.account_id
        if pausing.pause(
            db, account_id=account, queue=queue, reason=wanted.reason, by=door.person.name
        ):
            record(
                db,
                door.access,
                account_id=account,
                action="queue.paused",
                summary=f"queue {queue.value}",
                status=HTTPStatus.OK,
            )
    return PausedAnswer(queue=queue, paused=True)


@router.post("/{queue}/resume", summary="Resume a queue")
def resume(queue: Queue, door: Operator) -> PausedAnswer:
    """What waits is handed out at once; resuming twice is once."""
    with door.transaction() as db:
        if pausing.resume(db, account_id=door.account_id, queue=queue):
            record(
                db,
                door.access,
                account_id=door.account_id,
                action="queue.resumed",
                summary=f"queue {queue.value}",
                status=HTTPStatus.OK,
            )
    return PausedAnswer(queue=queue, paused=False)
