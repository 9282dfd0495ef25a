"""What reached us as a page: deliveries and what came of them, callers' questions, offices."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection as Db

from adapters import pms
from adapters.storage.deliveries import inbox
from adapters.storage.deliveries.inbox import Asked, Came
from adapters.storage.deliveries.replaying import REPLAYED
from adapters.storage.phone import unreached, untold
from adapters.storage.phone.untold import CALL_BACK, Untold
from adapters.storage.practices import authorisations
from domain.authorisations import SUBJECT
from domain.deliveries import DeliveryState, parted
from domain.people import Permission
from domain.showing import Shown
from domain.speech import said_day, said_time
from domain.window import local_day
from domain.writes import SETTLED, WriteState
from producers import cursors
from producers.cursors import Cursor
from producers.days import account_zone
from producers.doors import Door, door
from producers.pages.rendering import ENVIRONMENT, NavItem, render, words
from producers.words import Line

router = APIRouter(include_in_schema=False)

NAV = NavItem(
    "/deliveries",
    "Deliveries",
    Permission.SEE_CALLERS,
    order=40,
    also=["/outgoing"],
    count=untold.waiting,
    counted_for=Permission.EDIT_SHEET,
)
Reader = Annotated[Door, Depends(door(Permission.SEE_CALLERS))]

PAGE = 40
LATEST_CALLS = 20
SENDERS: Mapping[str, str] = {"vapi": "Vapi", "twilio": "Twilio"}
TONES: Mapping[str, str] = {
    "stored": "late",
    "done": "on_time",
    "ignored": "paused",
    "dead": "failing",
    "waiting": "late",
    "claimed": "late",
    "answered": "on_time",
    "late": "failing",
    "withdrawn": "failing",
    "pending": "late",
    "connected": "on_time",
    "refused": "paused",
    "dropped": "failing",
}
STATES: Mapping[str, str] = {
    "stored": "Waiting",
    "done": "Settled",
    "ignored": "Ignored",
    "dead": "Given up",
    "late": "Too late",
    "withdrawn": "Not reached",
    "dropped": "Not listed",
    "claimed": "Taken up",
}
TOLD: Mapping[str, str] = {
    "confirmed": "told it is booked",
    "requested": "told it is asked for",
    "failed": "told it failed",
}
WISHED: Mapping[str, str] = {
    "book": "New appointment",
    "reschedule": "Another time",
    "cancel": "Cancellation",
    "create_patient": "New patient",
    "update_patient": "Change of a patient",
}
DONE: Mapping[str, str] = {
    "book": "The appointment{on} is booked.",
    "reschedule": "The appointment is moved{to}.",
    "cancel": "The appointment{on} is cancelled.",
    "create_patient": "They are registered.",
}
NOT_DONE: Mapping[str, str] = {
    "book": "The appointment they wanted{on} could not be booked.",
    "reschedule": "The appointment could not be moved{to}; it stays as it was.",
    "cancel": "The appointment{on} could not be cancelled; it stands.",
    "create_patient": "They could not be registered.",
}
UNFORESEEN = {True: "It is done.", False: "It could not be done."}
NOT_KNOWN = "What became of it{on} cannot be told: look at the practice's own book."
OTHERWISE: Mapping[Shown, str] = {
    Shown.ELSEWHERE: "It was asked for{on} and taken, but the book has it{shown}.",
    Shown.MISSING: "It was asked for{on} and taken, but it is not in the book.",
    Shown.STANDING: "Its system said that it is cancelled, but it is still in the book{shown}.",
}
MADE_SINCE = " The sheet has them on {when} by now."
NO_TEXT: Mapping[str, str] = {
    "off": "no texts are set up",
    "failed": "the text did not arrive",
    "opted_out": "they want no texts",
    "none": "no number to text",
    "due": "the text could not be sent yet",
    "sending": "whether the text arrived is not known",
    "unknown": "whether the text arrived is not known",
}
A_SECOND = 1.0


class Wanted(BaseModel):
    """What is to be shown."""

    model_config = ConfigDict(extra="ignore")

    sender: Annotated[Line | None, Query(max_length=60)] = None
    state: DeliveryState | None = None

    def address(self, **changed: str | None) -> str:
        """The same page with something else chosen."""
        chosen = {**self.model_dump(mode="json"), **changed}
        query = urlencode({name: one for name, one in chosen.items() if one})
        return f"/deliveries?{query}" if query else "/deliveries"


@router.get("/deliveries")
def page(
    request: Request, door: Reader, wanted: Annotated[Wanted, Depends()], cursor: Cursor = None
) -> HTMLResponse:
    """The whole page; it can be read before any script runs."""
    shown = _shown(door, wanted, cursor)
    return render(request, "deliveries.html", person=door.person, **shown)


@router.get("/deliveries/list")
def list_(
    request: Request, door: Reader, wanted: Annotated[Wanted, Depends()], cursor: Cursor = None
) -> HTMLResponse:
    """The part that changes, to be laid over what is shown."""
    shown = _shown(door, wanted, cursor)
    return render(request, "_deliveries.html", person=door.person, **shown)


def _shown(door: Door, wanted: Wanted, cursor: str | None) -> dict[str, Any]:
    now, may = door.ports.clock(), door.person.may
    may_call = may(Permission.EDIT_SHEET)
    with door.transaction() as db:
        return {
            **(_inbox(db, door, wanted, cursor) if may(Permission.OPERATE) else {}),
            "may_operate": may(Permission.OPERATE),
            "may_configure": may(Permission.CONFIGURE),
            "plays_calls": may(Permission.CONFIGURE) and not door.ports.is_production,
            "is_first": cursor is None,
            "untold": untold.untold(db, now=now, limit=LATEST_CALLS) if may_call else (),
            "unreached": unreached.unreached(db, limit=LATEST_CALLS) if may_call else (),
            "timezone": account_zone(db),
            "now": now,
        }


def _inbox(db: Db, door: Door, wanted: Wanted, cursor: str | None) -> dict[str, Any]:
    """What came and what became of it, for whoever looks after that."""
    rows = inbox.deliveries(
        db,
        sender=wanted.sender,
        state=wanted.state,
        before=cursors.decode(cursor),
        limit=PAGE + 1,
    )
    page, following = cursors.paged(rows, limit=PAGE, mark=lambda row: (row.received_at, row.id))
    return {
        "deliveries": page,
        "next_href": following and wanted.address(cursor=following),
        "senders": inbox.senders(db),
        "calls": inbox.asked(db, limit=LATEST_CALLS),
        "offices": authorisations.of_account(db, door.account_id, limit=LATEST_CALLS),
        "wanted": wanted,
        "states": [one.value for one in DeliveryState],
    }


def may_replay(one: Came) -> bool:
    """Whether it asked for something that can be done again, and is settled."""
    kind = parted(one.subject or "")[0]
    is_known = kind == SUBJECT or (kind in REPLAYED and one.connection_id is not None)
    return is_known and one.state != DeliveryState.STORED


def job_words(one: Came) -> str:
    """The job that settles it, and how it stands where it has not ended."""
    if one.job_id is None:
        return ""
    waits = f": waiting for {one.waiting_for}" if one.waiting_for else ""
    ended = one.job_state in {None, "done"}
    return f"job {one.job_id}" if ended else f"job {one.job_id} {one.job_state}{waits}"


def sender_words(name: str) -> str:
    return SENDERS.get(name) or pms.title(name) or name.capitalize()


def call_words(one: Asked) -> str:
    """Who answered and how soon, and what the caller was told of a write."""
    if one.seconds is None:
        return "no answer yet"
    took = f"{one.seconds:.1f} s" if one.seconds >= A_SECOND else f"{one.seconds * 1000:.0f} ms"
    by = {"worker": "answered by a worker", "ingress": "answered by the ingress"}
    told = f", {TOLD[one.told]}" if one.told and one.told in TOLD else ""
    return f"{by.get(one.answered_by or '', 'answered')} in {took}{told}"


def untold_words(one: Untold) -> str:
    """What to tell them, with the day and the time on the practice's clock."""
    when, shown = _when(one.start, one.timezone), _when(one.shown_start, one.timezone)
    joined = {"on": when and f" on {when}", "to": when and f" to {when}"}
    if one.shown is not None:
        return OTHERWISE[one.shown].format(**joined, shown=shown and f" on {shown}")
    made = _when(one.on_sheet, one.timezone)
    since = made and MADE_SINCE.format(when=made)
    if one.state not in SETTLED:
        return f"{NOT_KNOWN.format(**joined)}{since}"
    is_done = one.state == WriteState.CONFIRMED
    said = (DONE if is_done else NOT_DONE).get(one.kind, UNFORESEEN[is_done]).format(**joined)
    return f"{said} Confirmation number {one.confirmation}." if is_done else f"{said}{since}"


def untold_reason(one: Untold) -> str:
    """Why nobody has told them, or that a text has; what is still in the book is no text's."""
    if one.shown is Shown.STANDING:
        return ""
    if one.text_state == CALL_BACK:
        return "They asked for it in another call, and were promised one."
    no_text = NO_TEXT.get(one.text_state)
    return f"Not told: {no_text}." if no_text else "A text has told them so."


def _when(start: datetime | None, timezone: str) -> str:
    if start is None:
        return ""
    day = said_day(local_day(start, timezone), today=date.min)
    return f"{day} at {said_time(start, timezone)}"


ENVIRONMENT.filters.update(
    untold_words=untold_words,
    untold_reason=untold_reason,
    wished_words=lambda kind: WISHED.get(kind, "A request"),
    may_replay=may_replay,
    job_words=job_words,
    sender_words=sender_words,
    call_words=call_words,
    tool_words=lambda name: words(re.sub(r"(?<=[a-z])(?=[A-Z])|-", " ", name).lower()),
    inbox_tone=lambda state: TONES.get(state, "paused"),
    inbox_words=lambda state: STATES.get(state) or str(state).capitalize(),
)
