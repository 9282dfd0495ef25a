"""A practice at AdvancedMD as a page: what agrees both ways, what is left to ask, what happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.sheet.sheet_status import read_connections, read_waiting
from adapters.storage.two_way import patient_links, push_board, push_log, push_standing
from adapters.storage.two_way.push_board import ToSeeTo, TwoWay
from adapters.storage.two_way.push_log import Line
from domain.connections import State
from domain.counting import so_many
from domain.fields import PUSHABLE
from domain.patient_links import Link
from domain.people import Permission
from domain.window import local_day
from producers.both_ways import vendors
from producers.doors import Door, door
from producers.pages import allowances, two_way
from producers.pages.connecting import BADGES
from producers.pages.rendering import NavItem, render
from producers.problems import Problem

router = APIRouter(prefix="/advancedmd", include_in_schema=False)

NAV = NavItem("/advancedmd", "AdvancedMD", Permission.SEE_STATUS, order=25, wanted=two_way.wanted)
Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Clerk = Annotated[Door, Depends(door(Permission.SEE_SHEET))]

LOOK_BACK = timedelta(days=7)
FEW, MANY = 40, 200
MOST_PEOPLE = 20
A_PULL: Mapping[str, int] = {"tier1": 1, "tier3": 1}
"""The feed of changed ids, and at least one day of them read again."""
A_PUSH: Mapping[str, int] = {"tier3": 3}
"""The row is read, written, and read back."""
A_LOOK_UP: Mapping[str, int] = {"tier3": 1}


class Filter(BaseModel):
    """Which of the log is shown, of which practice."""

    connection: UUID | None = None
    subject: Literal["patient", "appointment", "charge"] | None = None
    state: Literal["done", "waiting", "failed"] | None = None
    each: Annotated[int, Query(ge=1, le=MANY)] = FEW

    def address(self, **other: Any) -> str:
        """Where the same is shown with another choice."""
        chosen = {**self.model_dump(mode="json"), **other}
        kept = {key: value for key, value in chosen.items() if value and value != FEW}
        return f"/advancedmd?{urlencode(kept)}" if kept else "/advancedmd"


Wanted = Annotated[Filter, Query()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A row that somebody must see to, with its patient's name for those who may see it."""

    row: ToSeeTo
    name: str | None


@router.get("")
def page(request: Request, door: Reader, wanted: Wanted) -> HTMLResponse:
    """The whole page; it can be read before any script runs."""
    return render(request, "advancedmd.html", person=door.person, **_board(door, wanted))


@router.get("/board")
def fragment(request: Request, door: Reader, wanted: Wanted) -> HTMLResponse:
    """The part that changes, to be laid over what is shown."""
    return render(request, "_advancedmd.html", person=door.person, **_board(door, wanted))


@router.get("/range")
def days(
    request: Request,
    door: Reader,
    connection: UUID,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
) -> HTMLResponse:
    """How many rows of those days would be sent, and how long they would wait."""
    with door.transaction() as db:
        one = _chosen(push_board.connections(db, vendors=vendors()), connection)
        rows = push_board.to_send(db, one.id, first=first, last=last)
    calls = {key: times * rows for key, times in A_PUSH.items()}
    return render(
        request,
        "_sending_wait.html",
        person=door.person,
        rows=rows,
        wait=allowances.asked(allowances.of_connection(door, one.id), calls),
        is_shut=one.state == State.NEEDS_SIGN_IN,
    )


@router.get("/patients/{link_id}")
def choices(request: Request, door: Clerk, link_id: UUID) -> HTMLResponse:
    """Who of the practice's patients somebody of ours may be, for a person to say."""
    with door.transaction() as db:
        link = patient_links.load(db, door.ports.sealer, link_id)
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="patient_link.read",
            phi_fields=("patient_name", "patient_date_of_birth"),
            connection_id=link.connection_id,
            summary=f"{len(link.candidates)} candidates of link {link_id}",
        )
    return render(request, "_linking_choices.html", person=door.person, link=link, pms="AdvancedMD")


def _board(door: Door, wanted: Filter) -> dict[str, Any]:
    now = door.ports.clock()
    since = now - LOOK_BACK
    with door.transaction() as db:
        every = push_board.connections(db, vendors=vendors())
        one = _chosen(every, wanted.connection)
        today = local_day(now, one.timezone)
        to_send = push_board.to_send(db, one.id, first=today, last=today)
        appointments = push_board.appointments(db, [one.id], vendors=vendors(), since=since)
        patients = push_board.patients(db, one.id, since=since)
        unlinked = push_standing.unlinked(db, one.id)
        shown = {
            "patients": patients,
            "appointments": appointments[one.id],
            "outcomes": push_board.outcomes(db, one.id, since=since),
            "lines": _lines(db, one, wanted, since=since),
            "attention": _to_see_to(db, door, one),
            "unlinked": unlinked,
            "people": _people(db, door, one, unlinked[:MOST_PEOPLE]),
            "fresh": next(each for each in read_connections(db, now=now) if each.id == one.id),
            "is_reading": any(
                job.connection_id == one.id and (job.state == "running" or job.due_at <= now)
                for job in read_waiting(db)
            ),
        }
    return {
        **shown,
        **_clock(door, one, {"pushes": to_send, "people": patients.total - patients.synced}),
        "one": one,
        "every": every,
        "wanted": wanted,
        "now": now,
        "today": today,
        "badges": BADGES,
        "many": MANY,
        "pushable": sorted(PUSHABLE),
        **_rights(door),
    }


def _rights(door: Door) -> dict[str, bool]:
    """What the reader may do, and so is offered."""
    return {
        "may_sync": door.person.may(Permission.SYNC),
        "may_see": door.person.may(Permission.SEE_SHEET),
        "may_edit": door.person.may(Permission.EDIT_SHEET),
        "may_configure": door.person.may(Permission.CONFIGURE),
        "may_oversee": door.person.may(Permission.OPERATE),
    }


def _chosen(every: Sequence[TwoWay], wanted: UUID | None) -> TwoWay:
    found = next((one for one in every if wanted in (None, one.id)), None)
    if found is None:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            "No practice at AdvancedMD is connected. An owner or admin can connect one, under"
            " Connections.",
        )
    return found


def _lines(db: Db, one: TwoWay, wanted: Filter, *, since: datetime) -> Sequence[Line]:
    return push_log.lines(
        db, one.id, since=since, subject=wanted.subject, state=wanted.state, most=wanted.each
    )


def _to_see_to(db: Db, door: Door, one: TwoWay) -> list[Named]:
    """The rows that stay behind; who is treated is named, and noted, for those who may see it."""
    now = door.ports.clock()
    rows = push_board.to_see_to(db, one.id, vendors=vendors(), since=now - LOOK_BACK, now=now)
    if not rows or not door.person.may(Permission.SEE_SHEET):
        return [Named(row=row, name=None) for row in rows]
    record(
        db,
        door.access,
        account_id=door.account_id,
        action="run_sheet.read",
        phi_fields=("patient_name",),
        connection_id=one.id,
        summary=f"{so_many(len(rows), 'row')} to see to",
    )
    return [Named(row=row, name=door.seal.name_of(row.id, row.patient_name)) for row in rows]


def _people(db: Db, door: Door, one: TwoWay, links: Sequence[UUID]) -> list[Link]:
    """Who has yet to be linked, by name, for those who may see it; and that is noted."""
    if not links or not door.person.may(Permission.SEE_SHEET):
        return []
    record(
        db,
        door.access,
        account_id=door.account_id,
        action="patient_link.read",
        phi_fields=("patient_name", "patient_date_of_birth"),
        connection_id=one.id,
        summary=so_many(len(links), "person to be linked", "people to be linked"),
    )
    return [patient_links.load(db, door.ports.sealer, link) for link in links]


def _clock(door: Door, one: TwoWay, waiting: Mapping[str, int]) -> dict[str, Any]:
    """What is left to ask, and how long each button's work would wait."""
    clock = allowances.of_connection(door, one.id)
    calls = {
        "pull": A_PULL,
        "today": {key: times * waiting["pushes"] for key, times in A_PUSH.items()},
        "patients": {key: times * waiting["people"] for key, times in A_LOOK_UP.items()},
    }
    return {
        "spending": allowances.spending(clock),
        "excess": clock.excess_cost,
        "waits": {name: allowances.asked(clock, each) for name, each in calls.items()},
        "waiting": waiting,
    }
