"""The drift report over JSON: what a connection's PMS sends that nobody described."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import select

from adapters import pms
from adapters.drift_cures import as_answer
from adapters.storage.practices import connections
from adapters.storage.practices.drift import read_drift
from adapters.storage.tables import pms_connections
from domain.people import Permission
from producers.answers import Success
from producers.doors import Door, door
from producers.problems import Problem

router = APIRouter(prefix="/api/pms/connections", tags=["connections"])


class DriftAnswer(BaseModel):
    """One thing that was met, how often and how lately, and in a sentence."""

    what: str
    times: int
    first_seen_at: datetime
    last_seen_at: datetime
    sentence: str


class DriftReport(Success):
    drift: Sequence[DriftAnswer]


@router.get("/{connection_id}/drift", summary="See what a PMS sends beyond its documents")
def report(
    connection_id: UUID, door: Annotated[Door, Depends(door(Permission.SEE_STATUS))]
) -> DriftReport:
    """Unknown statuses, missing fields and the like, latest first, each in a sentence."""
    ours = select(pms_connections.c.id).where(pms_connections.c.id == connection_id)
    with door.transaction() as db:
        if db.execute(ours).first() is None:
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such connection.")
        found, held = read_drift(db, connection_id), connections.load(db, connection_id)
    vendor = pms.vendor(held.vendor)
    return DriftReport(drift=[DriftAnswer(**as_answer(one, vendor, held)) for one in found])
