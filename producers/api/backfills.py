"""Backfills over JSON: a past or future range read in the background, steered while it runs."""

from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.pace import seconds_left
from adapters.storage.audit.audit import record
from adapters.storage.runs import backfill_rows, backfills, runs
from domain.backfills import Backfill, as_answer
from domain.people import Permission
from producers.cursors import USUAL, Cursor, Limit, decode, paged
from producers.doors import Door, door
from producers.idempotency import Answer, Once
from producers.run_answers import BackfillAnswer, Backfills, OneBackfill

router = APIRouter(prefix="/api/pms", tags=["sync"])

Seer = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Syncer = Annotated[Door, Depends(door(Permission.SYNC))]

_VENDOR = text("SELECT connector FROM pms_connections WHERE id = :id")


class WantedRange(BaseModel):
    """Practice-local days, both included."""

    model_config = ConfigDict(extra="forbid")

    first: date = Field(alias="from")
    last: date = Field(alias="to")


@router.post(
    "/connections/{connection_id}/backfills",
    status_code=HTTPStatus.CREATED,
    response_model=OneBackfill,
    summary="Begin a backfill",
)
def begin(connection_id: UUID, wanted: WantedRange, door: Syncer, once: Once) -> JSONResponse:
    """Read the range in chunks, newest days first, behind the syncs of today."""

    def do(db: Db) -> Answer:
        made = backfills.begin(
            db,
            connection_id,
            first=wanted.first,
            last=wanted.last,
            by=door.person.name,
            at=door.ports.clock(),
        )
        _write_down(db, door, "backfill.begun", made)
        where = {"Location": f"/api/pms/connections/{connection_id}/backfills"}
        body = OneBackfill(backfill=_told(db, made)).model_dump(mode="json", by_alias=True)
        return Answer(status=HTTPStatus.CREATED, body=body, headers=where)

    return once.answer(door, do)


@router.get("/connections/{connection_id}/backfills", summary="List a connection's backfills")
def history(
    connection_id: UUID, door: Seer, cursor: Cursor = None, limit: Limit = USUAL
) -> Backfills:
    """Its backfills, newest first, with how far each is and how long it has to go."""
    before = decode(cursor)
    with door.transaction() as db:
        runs.require(db, connection_id)
        found = backfill_rows.listed(
            db, connection_id=connection_id, before=before, limit=limit + 1
        )
        page, following = paged(found, limit=limit, mark=lambda one: (one.asked_at, one.id))
        answers = [_told(db, one) for one in page]
    return Backfills(backfills=answers, next_cursor=following)


@router.post("/backfills/{backfill_id}/pause", summary="Pause a backfill")
def pause(backfill_id: UUID, door: Syncer) -> OneBackfill:
    """Stop after the chunk under way."""
    reason = f"Paused by {door.person.name}."
    return _steered(door, "paused", lambda db: backfills.stop(db, backfill_id, reason=reason))


@router.post("/backfills/{backfill_id}/resume", summary="Resume a backfill")
def resume(backfill_id: UUID, door: Syncer) -> OneBackfill:
    """Go on where it stopped."""
    at = door.ports.clock()
    return _steered(door, "resumed", lambda db: backfills.go_on(db, backfill_id, at=at))


@router.post("/backfills/{backfill_id}/cancel", summary="Cancel a backfill")
def cancel(backfill_id: UUID, door: Syncer) -> OneBackfill:
    """End it; what was read stays."""
    at = door.ports.clock()
    return _steered(door, "cancelled", lambda db: backfills.cancel(db, backfill_id, at=at))


def _told(db: Db, backfill: Backfill) -> BackfillAnswer:
    vendor = db.execute(_VENDOR, {"id": backfill.connection_id}).scalar_one()
    left = seconds_left(backfill, vendor=vendor)
    return BackfillAnswer.model_validate(as_answer(backfill, seconds_left=left))


def _steered(door: Door, word: str, steer: Callable[[Db], Backfill]) -> OneBackfill:
    with door.transaction() as db:
        after = steer(db)
        _write_down(db, door, f"backfill.{word}", after)
        return OneBackfill(backfill=_told(db, after))


def _write_down(db: Db, door: Door, action: str, backfill: Backfill) -> None:
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=action,
        connection_id=backfill.connection_id,
        summary=f"backfill {backfill.id} {backfill.first_day} to {backfill.last_day}",
    )
