"""`/settings`: what is switched on for the account, and the way to each connection's settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from adapters.storage.people import accounts
from adapters.storage.sheet.sheet_status import read_connections
from domain.features import (
    PATIENT_CACHE,
    REFERENCE_CACHE,
    SHEET_PUSHES,
    VOICE_BOOKING,
    every,
)
from domain.people import Permission
from producers.doors import Door, door
from producers.pages import connections
from producers.pages.rendering import NavItem, render

router = APIRouter(include_in_schema=False)

NAV = NavItem("/settings", "Settings", Permission.CONFIGURE, order=70)
Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]


@dataclass(frozen=True, slots=True)
class Said:
    """A switch in words of whoever runs a practice: what it lets happen, and what else is so."""

    title: str
    hint: str


FEATURES: Mapping[str, Said] = {
    VOICE_BOOKING: Said(
        "Callers book, move and cancel",
        "Off: callers are still told what is free and what they have; nothing is written at a"
        " practice.",
    ),
    SHEET_PUSHES: Said(
        "Changes on the run sheet go to the PMS",
        "Where the PMS takes them, as AdvancedMD does. Off: they stay on the sheet.",
    ),
    PATIENT_CACHE: Said(
        "Remember a caller's record for five minutes",
        "Sealed; answers come sooner. Off: the PMS is asked for it at each step of a call.",
    ),
    REFERENCE_CACHE: Said(
        "Read practitioners and types once an hour",
        "Syncs of changes ask the PMS less. Off: each sync reads them, and a new one is there"
        " at once.",
    ),
}
"""In the order they are shown; what is not said here is switched by command alone."""


@router.get("/settings")
def page(request: Request, door: Reader) -> Response:
    """For who may configure; anybody else finds the connections, and what they may see of them."""
    if not door.person.may(Permission.CONFIGURE):
        return RedirectResponse(connections.NAV.path, status_code=HTTPStatus.SEE_OTHER)
    with door.transaction() as db:
        switches = every(accounts.switches(db, door.account_id))
        known = read_connections(db, now=door.ports.clock())
    shown = [(name, said, switches[name]) for name, said in FEATURES.items()]
    return render(request, "settings.html", person=door.person, features=shown, connections=known)
