"""A day with very many columns: which are shown, chosen by the address and remembered if wished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection as Db

from adapters.storage.sheet.reading import read_sheet
from adapters.storage.sheet.sheet_columns import count_columns, may_be_wide, read_columns
from adapters.storage.sheet.sheet_pages import sizes
from domain.people import Permission
from domain.sheet import Column, ConnectionView, Sheet
from domain.wide import Choice, ColumnTally, Selection, select
from producers import reading
from producers.doors import Door, door
from producers.pages.rendering import render
from producers.problems import Problem

router = APIRouter(include_in_schema=False)

Reader = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
COOKIE = "sheet-columns"
A_YEAR_SECONDS = 365 * 24 * 3600
MOST_CHOSEN = 100
"""As many ids as a cookie holds."""
MOST_ROWS = 4_000
"""Of a page, and more than anybody works with. Were a PMS to list a day of ten times as many, by
mistake or by malice, each open page would take minutes, and twenty of them a gigabyte."""

MOST_PRESSING = 30
"""Links to columns that somebody has to look at; more are told by their number."""
PRACTICE, CLINICIAN = "practice", "clinician"


@dataclass(frozen=True, slots=True)
class Wide:
    """What the page tells of the columns of such a day."""

    selection: Selection
    practices: Mapping[UUID, int]

    @property
    def query(self) -> str:
        """What keeps to these columns, behind the day in an address."""
        return self.at(self.selection.part)

    def at(self, part: int) -> str:
        return f"&{urlencode(pairs(self.selection.choice, part=part))}"

    @property
    def kept(self) -> str:
        """What keeps to this choice on another day, from its first column on."""
        return self.at(1)

    @property
    def everybody(self) -> str:
        return f"&{urlencode([(PRACTICE, '')])}"

    def alone(self, column: ColumnTally) -> str:
        """One column by itself; the one of rows without a clinician is the last of all."""
        if column.id is not None:
            return f"&{urlencode([(CLINICIAN, str(column.id))])}"
        last = select(self.selection.every, Choice()).parts
        return f"&{urlencode(pairs(Choice(), part=last))}"

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        return pairs(self.selection.choice, part=1)

    @property
    def named(self) -> Sequence[ColumnTally]:
        """Of what is not shown and pressing, as many as are named."""
        return self.selection.pressing[:MOST_PRESSING]


@router.get("/sheet/columns")
def choices(request: Request, door: Reader, date: date) -> HTMLResponse:
    """Everybody with a column that day, to be chosen from; nothing of a patient."""
    with door.transaction() as db:
        counted = count_columns(db, date, account_id=door.account_id)
    named = [one for one in counted.columns if one.id is not None]
    return render(request, "_columns.html", person=door.person, columns=named)


def asked(
    request: Request,
    practice: str | None = None,
    clinician: Annotated[list[str] | None, Query()] = None,
    part: int = 1,
) -> Choice:
    """The columns that the address names; where it names none, those that are remembered."""
    if practice is None and clinician is None:
        return _remembered(request.cookies.get(COOKIE, ""))
    if clinician and len(clinician) > MOST_CHOSEN:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"Choose at most {MOST_CHOSEN} columns, or a practice.",
        )
    return Choice(
        clinicians=_ids(clinician or []),
        practice=next(iter(_ids([practice or ""])), None),
        part=part,
    )


def remember(response: Response, choice: Choice, *, is_secure: bool) -> None:
    """In this browser, for the days that it opens from now on."""
    if choice.is_all:
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=is_secure)
        return
    kept = [CLINICIAN, *choice.clinicians] if choice.clinicians else [PRACTICE, choice.practice]
    response.set_cookie(
        COOKIE,
        ".".join(one.hex if isinstance(one, UUID) else str(one) for one in kept),
        max_age=A_YEAR_SECONDS,
        httponly=True,
        samesite="lax",
        secure=is_secure,
        path="/",
    )


def read(db: Db, door: Door, day: date, choice: Choice) -> tuple[Sheet, Selection | None]:
    """The rows of a day; of one with very many columns those of the ones that are shown."""
    if may_be_wide(db):
        counted = count_columns(db, day, account_id=door.account_id)
        if counted.is_wide:
            chosen = select(counted.columns, choice)
            _must_fit(sum(one.patients for one in chosen.shown))
            # Before anything is opened: whoever has read enough sees nothing, and costs nothing.
            reading.count_columns(db, door, day, chosen.shown)
            return (
                read_columns(
                    db, door.seal, counted, chosen, account_id=door.account_id, access=door.access
                ),
                chosen,
            )
    held = sizes(db, day, day, account_id=door.account_id)
    _must_fit(sum(one.rows for one in held.values()))
    reading.count_days(db, door, held)
    sheet = read_sheet(
        db, door.seal, account_id=door.account_id, first_day=day, last_day=day, access=door.access
    )
    return sheet, None


def _must_fit(rows: int) -> None:
    """Before anything is opened, too."""
    if rows > MOST_ROWS:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"{rows:,} rows stand on this page, and it can show {MOST_ROWS:,}. If the PMS does not"
            " have so many that day, take the sync back that brought them (/sync).",
        )


def on_board(sheet: Sheet, selection: Selection | None) -> Sequence[Column]:
    """The columns that are shown, and those without a row that day."""
    others = {one.id for one in selection.others} if selection else set()
    return [one for one in sheet.columns if one.id not in others]


def told(selection: Selection | None, known: Sequence[ConnectionView]) -> Wide | None:
    """With how many columns each of the practices has that day."""
    if selection is None:
        return None
    practices = {
        one.id: sum(one.id in column.practices for column in selection.every) for one in known
    }
    return Wide(selection, {one: columns for one, columns in practices.items() if columns})


def pairs(choice: Choice, *, part: int) -> Sequence[tuple[str, str]]:
    """A choice as an address has it; all columns are named too, or what is remembered would be."""
    named = [(CLINICIAN, str(one)) for one in choice.clinicians]
    return [
        *(named or [(PRACTICE, str(choice.practice or ""))]),
        *([("part", str(part))] if part > 1 else []),
    ]


def _remembered(kept: str) -> Choice:
    what, *ids = kept.split(".")
    found = _ids(ids[:MOST_CHOSEN])
    if not found:
        return Choice()
    return Choice(clinicians=found) if what == CLINICIAN else Choice(practice=found[0])


def _ids(words: Sequence[str]) -> tuple[UUID, ...]:
    """What is no id names no column, and is left out."""
    return tuple(found for word in words if (found := _id(word)) is not None)


def _id(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None
