"""The queues over JSON: how deep and how old, who serves them, paused and resumed."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage import pausing
from adapters.storage.audit import record
from domain.jobs import Queue
from domain.people import Permission
from domain.sheet import as_json
from producers.boards import board
from producers.doors import Door, door
from producers.estimates import estimates
from producers.job_answers import EstimatesAnswer, PausedAnswer, QueuesAnswer

router = APIRouter(prefix="/api/queues", tags=["queues"])

Operator = Annotated[Door, Depends(door(Permission.OPERATE))]


class Reason(BaseModel):
    """Why; whoever looks on later is told."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=pausing.LONGEST_REASON)


@router.get("", response_model=QueuesAnswer, summary="See how deep the queues are")
def show(door: Operator) -> dict[str, Any]:
    """The account's jobs by queue, every worker, and what died grouped by error and connection."""
    return {"success": True, **as_json(board(door))}


@router.get("/estimates", response_model=EstimatesAnswer, summary="Foresee when syncs end")
def foresee(door: Operator) -> dict[str, Any]:
    """By what each vendor still allows, behind whatever is handed out before it."""
    return {"success": True, "estimates": as_json(estimates(door))}


@router.post("/{queue}/pause", response_model=PausedAnswer, summary="Pause a queue")
def pause(queue: Queue, wanted: Reason, door: Operator) -> dict[str, Any]:
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
    return {"success": True, "queue": queue.value, "paused": True}


@router.post("/{queue}/resume", response_model=PausedAnswer, summary="Resume a queue")
def resume(queue: Queue, door: Operator) -> dict[str, Any]:
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
    return {"success": True, "queue": queue.value, "paused": False}
