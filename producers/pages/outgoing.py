"""Webhooks that we send as a page: endpoints, what they were told, and how that went."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from adapters.storage.outgoing import endpoints
from domain.people import Permission
from producers import cursors
from producers.cursors import Cursor
from producers.days import account_zone
from producers.doors import Door, door
from producers.pages.rendering import ENVIRONMENT, render

router = APIRouter(include_in_schema=False)

Operator = Annotated[Door, Depends(door(Permission.OPERATE))]

PAGE = 40
TONES: Mapping[str, str] = {
    "active": "on_time",
    "paused": "paused",
    "disabled": "failing",
    "due": "late",
    "delivered": "on_time",
    "failed": "failing",
}
STATES: Mapping[str, str] = {"due": "To be sent", "failed": "Not sent"}


@router.get("/outgoing")
def page(request: Request, door: Operator, cursor: Cursor = None) -> HTMLResponse:
    """The whole page; it can be read before any script runs."""
    return render(request, "outgoing.html", person=door.person, **_lists(door, cursor))


@router.get("/outgoing/lists")
def fragment(request: Request, door: Operator, cursor: Cursor = None) -> HTMLResponse:
    """The parts that change, to be laid over what is shown."""
    return render(request, "_outgoing.html", person=door.person, **_lists(door, cursor))


def _lists(door: Door, cursor: str | None) -> dict[str, Any]:
    before = cursors.decode(cursor)
    with door.transaction() as db:
        found = endpoints.listed(db)
        rows = endpoints.messages(db, before=before, limit=PAGE + 1)
        timezone = account_zone(db)
    shown, following = cursors.paged(rows, limit=PAGE, mark=lambda one: (one.created_at, one.id))
    return {
        "endpoints": found,
        "standing": {one.id for one in found},
        "messages": shown,
        "next_href": following and f"/outgoing?cursor={following}",
        "is_first": cursor is None,
        "timezone": timezone,
        "now": door.ports.clock(),
        "may_change": door.person.may(Permission.CONFIGURE),
    }


def told_words(one: endpoints.Told) -> str:
    """How often it was tried and what was said; when the next try is."""
    tried = "once" if one.attempts == 1 else f"{one.attempts} times"
    parts = [one.reason or "", f"Tried {tried}." if one.attempts else ""]
    rows = one.content.get("rows")
    if rows:
        more = " or more" if one.content.get("and_more") else ""
        parts.insert(0, f"{rows}{more} {'row' if rows == 1 else 'rows'} changed.")
    return " ".join(part for part in parts if part)


ENVIRONMENT.filters.update(
    told_words=told_words,
    outgoing_tone=lambda state: TONES.get(state, "paused"),
    outgoing_words=lambda state: STATES.get(state) or str(state).capitalize(),
)
