"""What changed on the sheet since a program asked last: pages of rows, and where to go on."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from adapters.storage.sheet.change_cursors import decode, encode
from adapters.storage.sheet.sheet_changes import (
    Changes,
    FromBefore,
    Place,
    here,
    read_changes,
)
from domain.people import Permission
from producers import cursors
from producers.answers import sent
from producers.doors import Door, door
from producers.problems import Problem
from producers.reading import BOUNDED, count_rows, reading
from producers.sheet_answers import ChangesAnswer

router = APIRouter(prefix="/api/run-sheet/changes", tags=["run sheet"])

Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
KEPT_FOR = timedelta(days=30)
FROM_NOW = "now"
AGAIN = "Ask without `after` and put what you are told in the place of your copy."
GONE: dict[int | str, dict[str, Any]] = {
    410: {"description": "The cursor is too old, or of before a restore; begin again."}
}
After = Annotated[
    str | None,
    Query(
        description="The `next_cursor` of the answer before; `now` for what changes from now on;"
        " left out, every row there is.",
        max_length=cursors.LONGEST,
        json_schema_extra={"example": None},
    ),
]


@router.get(
    "",
    response_model=ChangesAnswer,
    summary="Read what changed on the run sheet",
    responses=GONE | BOUNDED,
)
def changes(door: Reader, after: After = None, limit: cursors.Limit = cursors.USUAL) -> Response:
    """Each row that changed since `after`, once and as it is now, in the order of last changes.

    `change` is `row`, `off` (taken off the sheet, told with what it was) or `gone` (it stands with
    the row `became`: forget it). `next_cursor` is always there; `more` says to ask again at once.
    A cursor is good for 30 days. A column's new name is told in `clinicians`, not row by row.
    """
    now = door.ports.clock()
    with reading(door, much=True) as db:
        if after == FROM_NOW:
            place = here(db, door.account_id, at=now)
            return _told(Changes(changes=(), clinicians=(), place=place, more=False))
        try:
            found = read_changes(
                db,
                door.seal,
                account_id=door.account_id,
                after=_place(after, now=now),
                limit=limit,
                at=now,
                access=door.access,
            )
        except FromBefore:
            said = f"The database was restored since this cursor was told. {AGAIN}"
            raise Problem(HTTPStatus.GONE, said) from None
        count_rows(db, door, sum(one.appointment is not None for one in found.changes))
    return _told(found)


def _told(found: Changes) -> Response:
    return sent(
        ChangesAnswer(
            changes=found.changes,
            clinicians=found.clinicians,
            next_cursor=encode(found.place),
            more=found.more,
        )
    )


def _place(text: str | None, *, now: datetime) -> Place | None:
    if text is None:
        return None
    try:
        place = decode(text)
    except (ValueError, TypeError, OverflowError, OSError):
        raise cursors.not_ours() from None
    if place.at < now - KEPT_FOR:
        raise Problem(HTTPStatus.GONE, f"The cursor is older than {KEPT_FOR.days} days. {AGAIN}")
    return place
