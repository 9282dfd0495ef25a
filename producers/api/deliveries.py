"""The inbox over JSON: what reached us, what came of it, and once more."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from adapters.storage.audit.audit import record
from adapters.storage.deliveries import deliveries
from adapters.storage.deliveries.replaying import NoDelivery, replay
from domain.deliveries import DeliveryState
from domain.people import Permission
from producers import cursors
from producers.answers import JobPut, Success
from producers.doors import Door, door
from producers.problems import Problem

router = APIRouter(prefix="/api/deliveries", tags=["deliveries"])


class DeliveryAnswer(BaseModel):
    """Something that was sent to us; `times` how often it came, `note` what came of it."""

    id: UUID
    account_id: str
    connection_id: UUID | None
    sender: str
    event: str
    subject: str | None
    state: DeliveryState
    note: str | None
    times: int
    job_id: int | None
    trace_id: str | None
    received_at: datetime
    last_received_at: datetime
    settled_at: datetime | None


class Deliveries(Success):
    deliveries: Sequence[DeliveryAnswer]
    next_cursor: str | None


@router.get("", summary="List the deliveries of webhooks")
def list_(
    door: Annotated[Door, Depends(door(Permission.SEE_STATUS))],
    cursor: cursors.Cursor = None,
    limit: cursors.Limit = cursors.USUAL,
    state: DeliveryState | None = None,
    connection_id: UUID | None = None,
) -> Deliveries:
    """Newest first, without what they held."""
    with door.transaction() as db:
        rows = deliveries.listed(
            db,
            state=state,
            connection_id=connection_id,
            before=cursors.decode(cursor),
            limit=limit + 1,
        )
    page, next_cursor = cursors.paged(
        rows, limit=limit, mark=lambda row: (row["received_at"], row["id"])
    )
    told = [DeliveryAnswer(**row) for row in page]
    return Deliveries(deliveries=told, next_cursor=next_cursor)


@router.post(
    "/{delivery_id}/replay", status_code=HTTPStatus.ACCEPTED, summary="Handle a delivery once more"
)
def replay_(delivery_id: UUID, door: Annotated[Door, Depends(door(Permission.OPERATE))]) -> JobPut:
    """Do it once more: 202 with the job; 422 says why there is nothing to do."""
    with door.transaction() as db:
        try:
            job_id = replay(db, delivery_id)
        except NoDelivery:
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such delivery.") from None
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="delivery.replayed",
            summary=f"delivery {delivery_id}, job {job_id}",
            status=HTTPStatus.ACCEPTED,
        )
    return JobPut(job_id=job_id)
