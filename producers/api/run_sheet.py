"""The run sheet over JSON: read a day or a range, edit a field, undo it, choose a side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.by_hand import chosen_clinicians
from adapters.storage.by_hand.history import history_of
from adapters.storage.by_hand.sheet_edits import edit_entry, revert_field
from adapters.storage.by_hand.undoing import put_back, take_off, undo_row, undo_step
from adapters.storage.sheet.reading import read_entry, read_sheet
from adapters.storage.sheet.sheet_pages import open_piece, piece, sizes
from domain.names import clinician
from domain.overlaps import DECIDING
from domain.people import Permission
from domain.sheet import Sheet
from producers import cursors
from producers.answers import sent
from producers.api.sync import syncing
from producers.days import one_or_range, todays_date
from producers.doors import Door, door
from producers.overlapping import warning
from producers.pages.whose import past_in_words
from producers.problems import Problem
from producers.reading import BOUNDED, count_days, count_each, count_rows, reading
from producers.sheet_answers import EditedEntry, HistoryAnswer, OneEntry, SheetAnswer
from producers.versions import IfMatch, expected

router = APIRouter(prefix="/api/run-sheet", tags=["run sheet"])

Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
Editor = Annotated[Door, Depends(door(Permission.EDIT_SHEET))]
MOST_DAYS = timedelta(days=92)
MOST_ROWS = 4000
"""Answered at once: a row takes up to 10 kB until its answer is sent, and a dozen are made at a
time in an ingress that may have no more than 512 MB."""
MOST_OF_A_PAGE = 1000


class Wanted(BaseModel):
    """A day, or the practice-local days `from` to `to`, both included; nothing means today."""

    model_config = ConfigDict(extra="forbid")

    day: date | None = Field(None, alias="date")
    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    connection_id: UUID | None = None
    include: Literal["pms_status"] | None = None
    limit: int | None = Field(
        None, ge=1, le=MOST_OF_A_PAGE, description="How many rows to answer at most."
    )
    cursor: str | None = Field(None, description="The `next_cursor` of the page before.")


class Undo(BaseModel):
    model_config = ConfigDict(extra="forbid")

    field: str | Annotated[list[str], Field(min_length=1, max_length=20)]


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")

    step: int | Literal["last"] | None = None


@router.get("", response_model=SheetAnswer, summary="Read the run sheet", responses=BOUNDED)
def read(door: Reader, wanted: Annotated[Wanted, Query()]) -> Response:
    """The appointments of the days asked for, cancelled and removed ones too.

    More than a few thousand rows come in pages: with `limit`, or the `cursor` of a page before.
    `seq` is the event up to which a page is as it was; follow the events from that of the first.
    """
    days = one_or_range(wanted.day, wanted.first, wanted.last)
    is_page = wanted.limit is not None or wanted.cursor is not None
    with reading(door, much=is_page or (days is not None and days[0] < days[1])) as db:
        first, last = days or (todays_date(db, door.ports.clock()),) * 2
        if last - first > MOST_DAYS:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"Ask for at most {MOST_DAYS.days} days at once."
            )
        read = _page if is_page else _whole
        sheet, further = read(db, door, first, last, wanted)
        is_asked = wanted.include == "pms_status"
        standing = syncing(db, now=door.ports.clock()) if is_asked else None
    answer = SheetAnswer(
        first_day=sheet.first_day,
        last_day=sheet.last_day,
        seq=sheet.seq,
        clinicians=[replace(one, name=clinician(one.name)) for one in sheet.columns],
        appointments=sheet.entries,
        overlaps=sheet.overlaps,
        next_cursor=further,
        pms_status=standing,
    )
    return sent(answer)


def _whole(db: Db, door: Door, first: date, last: date, wanted: Wanted) -> tuple[Sheet, str | None]:
    """All of those days; what is too much at once is refused before anything of it is read."""
    held = sizes(db, first, last, account_id=door.account_id, connection_id=wanted.connection_id)
    if (rows := sum(one.rows for one in held.values())) > MOST_ROWS:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"Those days have {rows:,} rows, and {MOST_ROWS:,} are answered at once: ask with"
            f" limit={MOST_OF_A_PAGE} and go on with next_cursor, or ask for fewer days.",
        )
    count_days(db, door, held, connection_id=wanted.connection_id)
    sheet = read_sheet(
        db,
        door.seal,
        account_id=door.account_id,
        first_day=first,
        last_day=last,
        access=door.access,
        connection_id=wanted.connection_id,
    )
    return sheet, None


def _page(db: Db, door: Door, first: date, last: date, wanted: Wanted) -> tuple[Sheet, str | None]:
    """Some rows of those days, and the cursor of those that follow."""
    held = piece(
        db,
        first,
        last,
        account_id=door.account_id,
        connection_id=wanted.connection_id,
        after=cursors.decode(wanted.cursor),
        limit=wanted.limit or MOST_OF_A_PAGE,
    )
    count_rows(db, door, held.patients)
    sheet = open_piece(db, door.seal, held, account_id=door.account_id, access=door.access)
    return sheet, held.next and cursors.encode(held.next)


@router.get("/appointments/{entry_id}", summary="Read one appointment", responses=BOUNDED)
def read_one(door: Reader, response: Response, entry_id: UUID) -> OneEntry:
    """One row; its ETag is what an edit's If-Match needs."""
    with reading(door) as db:
        count_each(db, door, [entry_id])
        account_id, access = door.account_id, door.access
        entry = read_entry(db, door.seal, entry_id, account_id=account_id, access=access)
    return OneEntry.tagged(response, entry)


@router.patch("/appointments/{entry_id}", summary="Edit an appointment", responses=BOUNDED)
def edit(
    door: Editor,
    response: Response,
    entry_id: UUID,
    changes: dict[str, Any],
    if_match: IfMatch = None,
) -> EditedEntry:
    """Set fields by hand; `If-Match` is the ETag (or version) of the row as it was read.

    A time that another visit of the clinician takes is refused with 409, or `warning` tells of it,
    or nothing does, as the account's overlap policy has it.
    """
    version = expected(if_match)
    if not changes:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Name at least one field to change.")
    with _answering(door, entry_id) as db:
        entry = edit_entry(
            db, door.seal, entry_id, changes, expected_version=version, hand=door.hand
        )
    moved = entry if DECIDING & set(changes) else None
    said = moved and warning(moved, moved.overlaps)
    return EditedEntry.tagged(response, entry, warning=said)


@router.post(
    "/appointments/{entry_id}/revert",
    summary="Undo what a person set in a field",
    responses=BOUNDED,
)
def revert(
    door: Editor, response: Response, entry_id: UUID, body: Undo, if_match: IfMatch = None
) -> OneEntry:
    """Undo what a person set in a field, or in several at once; `If-Match` as for an edit."""
    version = expected(if_match)
    fields = [body.field] if isinstance(body.field, str) else body.field
    with _answering(door, entry_id) as db:
        entry = revert_field(
            db, door.seal, entry_id, *fields, expected_version=version, hand=door.hand
        )
    return OneEntry.tagged(response, entry)


@router.post(
    "/appointments/{entry_id}/undo",
    summary="Undo what people set in an appointment",
    responses=BOUNDED,
)
def undo(
    door: Editor,
    response: Response,
    entry_id: UUID,
    body: Step | None = None,
    if_match: IfMatch = None,
) -> OneEntry:
    """Undo everything people set in a row, or the one step (`step`: its id, or "last")."""
    version = expected(if_match)
    with _answering(door, entry_id) as db:
        if body is None or body.step is None:
            entry = undo_row(db, door.seal, entry_id, expected_version=version, hand=door.hand)
        else:
            step = None if body.step == "last" else body.step
            entry = undo_step(
                db, door.seal, entry_id, step, expected_version=version, hand=door.hand
            )
    return OneEntry.tagged(response, entry)


@router.delete(
    "/appointments/{entry_id}",
    summary="Take an appointment that no PMS keeps off the sheet",
    responses=BOUNDED,
)
def remove(door: Editor, response: Response, entry_id: UUID, if_match: IfMatch = None) -> OneEntry:
    """Take a row that was scanned or typed off the sheet; one of the PMS is the PMS's.

    A row of a connection that was removed is nobody's, and may leave it too.
    """
    version = expected(if_match)
    with _answering(door, entry_id) as db:
        entry = take_off(db, door.seal, entry_id, expected_version=version, hand=door.hand)
    return OneEntry.tagged(response, entry)


@router.post(
    "/appointments/{entry_id}/put-back",
    summary="Put an appointment back on the sheet",
    responses=BOUNDED,
)
def restore(door: Editor, response: Response, entry_id: UUID, if_match: IfMatch = None) -> OneEntry:
    """Put a row back that a person took off the sheet; `If-Match` as for an edit.

    Refused where it may not overlap another visit. Where another connection lists the visit by
    now, its row stands for it, with what was typed, and is the one answered.
    """
    version = expected(if_match)
    with _answering(door, entry_id) as db:
        entry = put_back(db, door.seal, entry_id, expected_version=version, hand=door.hand)
    return OneEntry.tagged(response, entry)


@router.get(
    "/appointments/{entry_id}/history",
    summary="Read an appointment's history",
    responses=BOUNDED,
)
def history(door: Reader, entry_id: UUID) -> HistoryAnswer:
    """What was done to a row, newest first: who, when, from what to what, and whether to undo."""
    with reading(door) as db:
        count_each(db, door, [entry_id])
        names = chosen_clinicians.names(db)
        past = history_of(db, door.seal, entry_id, account_id=door.account_id, access=door.access)
    return HistoryAnswer(history=past_in_words(past, names))


@contextmanager
def _answering(door: Door, entry_id: UUID) -> Iterator[Db]:
    """A change whose answer is the whole row, be nothing changed: it counts as reading it."""
    with reading(door) as db:
        yield db
        # Last: what waits for the row's lock holds up nothing else that its person reads.
        count_each(db, door, [entry_id])
