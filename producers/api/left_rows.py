"""Rows of practices that are not connected any more, over JSON: counted, taken off, put back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection as Db

from adapters.storage.practices import left_rows
from adapters.storage.sheet import linking
from domain.people import Permission
from producers.answers import GoneAnswer, LeftRowsAnswer, ManyGone, MovedRows, OneLeftRows
from producers.doors import Door, door
from producers.noting import told_pages

router = APIRouter(prefix="/api/pms", tags=["connections"])

Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Editor = Annotated[Door, Depends(door(Permission.EDIT_SHEET))]


class Which(BaseModel):
    """`typed`: also the rows in which a person typed something."""

    model_config = ConfigDict(extra="forbid")

    typed: bool = False


@router.get("/removed-connections", summary="List connections that were removed")
def read_removed(door: Reader) -> ManyGone:
    """The latest 100, each with how many of its rows are still to come."""
    with door.transaction() as db:
        found = left_rows.removed(db, account_id=door.account_id, now=door.ports.clock())
    return ManyGone(connections=[GoneAnswer.of(one) for one in found])


@router.get("/connections/{connection_id}/rows", summary="Count a connection's rows to come")
def read_rows(door: Reader, connection_id: UUID) -> OneLeftRows:
    """What a removal leaves on the sheet; of a connection that was removed, what it has left."""
    with door.transaction() as db:
        return OneLeftRows(rows=_left(db, door, connection_id))


@router.post(
    "/connections/{connection_id}/rows/take-off",
    summary="Take rows of a removed connection off the sheet",
)
def take_off(door: Editor, connection_id: UUID, body: Which) -> MovedRows:
    """Those still to come; each keeps its history and can be put back."""
    hand = door.hand
    with door.transaction() as db:
        linking.alone(db, door.account_id)
        left_rows.require_gone(db, connection_id)
        moved = left_rows.take_off(db, door.seal, connection_id, typed=body.typed, hand=hand)
        return _moved(db, door, connection_id, moved)


@router.post(
    "/connections/{connection_id}/rows/put-back",
    summary="Put rows of a removed connection back on the sheet",
)
def put_back(door: Editor, connection_id: UUID) -> MovedRows:
    """Those still to come that were taken off by hand.

    Such as may not overlap another visit stay off, counted under `taken_off`. Where another
    connection lists a visit by now, its row stands for it, with what was typed.
    """
    hand = door.hand
    with door.transaction() as db:
        linking.alone(db, door.account_id)
        left_rows.require_gone(db, connection_id)
        moved = left_rows.put_back(db, door.seal, connection_id, hand=hand)
        return _moved(db, door, connection_id, moved)


def _moved(db: Db, door: Door, connection_id: UUID, moved: int) -> MovedRows:
    told_pages(db, door, connection_id, "rows")
    return MovedRows(moved=moved, rows=_left(db, door, connection_id))


def _left(db: Db, door: Door, connection_id: UUID) -> LeftRowsAnswer:
    left_rows.require_known(db, connection_id)
    now = door.ports.clock()
    found = left_rows.counted(db, connection_id, account_id=door.account_id, now=now)
    return LeftRowsAnswer.of(found)
