"""The run sheet over JSON: read a day or a range, edit a field, undo it, choose a side."""

from collections.abc import Mapping
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.sheet import read_entry, read_sheet
from adapters.storage.sheet_edits import edit_entry, revert_field, settle_conflict
from adapters.storage.sheet_status import read_connections, read_runs, read_waiting
from domain.people import Permission
from domain.sheet import EntryView, as_json
from producers.days import one_or_range, start_of_yesterday, todays_date
from producers.doors import Door, door
from producers.problems import Problem

router = APIRouter(prefix="/api/run-sheet", tags=["run sheet"])

Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
Editor = Annotated[Door, Depends(door(Permission.EDIT_SHEET))]
IfMatch = Annotated[str | None, Header(alias="If-Match")]
MOST_DAYS = timedelta(days=92)


class Wanted(BaseModel):
    """A day, or the practice-local days `from` to `to`, both included; nothing means today."""

    model_config = ConfigDict(extra="forbid")

    day: date | None = Field(None, alias="date")
    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    connection_id: UUID | None = None
    include: Literal["pms_status"] | None = None


class Undo(BaseModel):
    field: str


class Choice(BaseModel):
    choice: Literal["mine", "theirs"]


@router.get("")
def read(door: Reader, wanted: Annotated[Wanted, Query()]) -> dict[str, Any]:
    """The appointments of the days asked for, cancelled and removed ones too."""
    with door.transaction() as db:
        first, last = (
            one_or_range(wanted.day, wanted.first, wanted.last)
            or (todays_date(db, door.ports.clock()),) * 2
        )
        if last - first > MOST_DAYS:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"Ask for at most {MOST_DAYS.days} days at once."
            )
        sheet = read_sheet(
            db,
            door.seal,
            account_id=door.account_id,
            first_day=first,
            last_day=last,
            access=door.access,
            connection_id=wanted.connection_id,
        )
        answer = {
            "first_day": sheet.first_day,
            "last_day": sheet.last_day,
            "seq": sheet.seq,
            "clinicians": sheet.columns,
            "appointments": sheet.entries,
        }
        if wanted.include == "pms_status":
            now = door.ports.clock()
            answer["pms_status"] = {
                "connections": read_connections(db, now=now),
                "runs": read_runs(db, since=start_of_yesterday(now)),
                "waiting": read_waiting(db),
            }
    return _success(answer)


@router.get("/appointments/{entry_id}")
def read_one(door: Reader, response: Response, entry_id: UUID) -> dict[str, Any]:
    """One row; its ETag is what an edit's If-Match needs."""
    with door.transaction() as db:
        account_id, access = door.account_id, door.access
        entry = read_entry(db, door.seal, entry_id, account_id=account_id, access=access)
    return _answer(entry, response)


@router.patch("/appointments/{entry_id}")
def edit(
    door: Editor,
    response: Response,
    entry_id: UUID,
    changes: dict[str, Any],
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Set fields by hand; `If-Match` is the ETag (or version) of the row as it was read."""
    version = _version(if_match)
    if not changes:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "Name at least one field to change.")
    with door.transaction() as db:
        entry = edit_entry(
            db, door.seal, entry_id, changes, expected_version=version, hand=door.hand
        )
    return _answer(entry, response)


@router.post("/appointments/{entry_id}/revert")
def revert(
    door: Editor, response: Response, entry_id: UUID, body: Undo, if_match: IfMatch = None
) -> dict[str, Any]:
    """Undo what a person set in one field; `If-Match` as for an edit."""
    version = _version(if_match)
    with door.transaction() as db:
        entry = revert_field(
            db, door.seal, entry_id, body.field, expected_version=version, hand=door.hand
        )
    return _answer(entry, response)


@router.post("/conflicts/{conflict_id}/settle")
def settle(
    door: Editor, response: Response, conflict_id: UUID, body: Choice, if_match: IfMatch = None
) -> dict[str, Any]:
    """Keep mine, or take theirs; `If-Match` is the ETag (or version) of the conflict's row."""
    version = _version(if_match)
    with door.transaction() as db:
        entry = settle_conflict(
            db, door.seal, conflict_id, body.choice, expected_version=version, hand=door.hand
        )
    return _answer(entry, response)


def _version(if_match: str | None) -> int | None:
    """The version in an ETag, which no change goes without; `*` means whatever it is now."""
    if if_match is None:
        raise Problem(
            HTTPStatus.PRECONDITION_REQUIRED,
            "Send If-Match with the version you read, so that nobody's edit is overwritten.",
        )
    if if_match == "*":
        return None
    text = if_match.removeprefix("W/").strip('"')
    if not text.isdecimal():
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "If-Match must be the row's ETag or version."
        )
    return int(text)


def _answer(entry: EntryView, response: Response) -> dict[str, Any]:
    response.headers["ETag"] = f'"{entry.version}"'
    return _success({"appointment": entry})


def _success(named: Mapping[str, Any]) -> dict[str, Any]:
    return {"success": True, **as_json(named)}
