"""The connections as cards, and one connection with everything that can be set about it."""

from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapters import drift_cures, pms
from adapters.rest import minimised
from adapters.rest.vendor import Vendor
from adapters.storage.practices import left_rows
from adapters.storage.practices.authorisations import VENDOR as SIKKA
from adapters.storage.practices.connection_details import (
    ConnectionDetails,
    read_clinicians,
    read_details,
    read_practitioners,
    read_types,
)
from adapters.storage.practices.drift import read_drift
from domain import minimising
from domain.connections import Connection, State
from domain.drift import Drift
from domain.hours import CLOSED_ON, closed_days
from domain.minimising import LABELS
from domain.people import Permission
from domain.window import local_day
from producers import seen
from producers.asking import loaded
from producers.doors import Door, door
from producers.pages import connecting
from producers.pages.not_there import not_there
from producers.pages.oauth import offered
from producers.pages.reasons import unread
from producers.pages.rendering import ENVIRONMENT, NavItem, render

router = APIRouter(prefix="/connections", include_in_schema=False)

NAV = NavItem(
    "/connections",
    "Connections",
    Permission.SEE_STATUS,
    order=30,
    also=["/setup", "/setup/sikka"],
)
Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]

SECTIONS: Mapping[str, str] = {
    "general": "Syncing",
    "both-ways": "Both ways",
    "practitioners": "Practitioners",
    "types": "Types",
    "hours": "Opening hours",
    "data": "Patient data",
    "sign-in": "Sign-in",
    "vendor": "Only here",
    "webhooks": "Webhooks",
    "abilities": "Abilities",
    "drift": "Surprises",
    "danger": "Remove",
}
LET_IN_AT: Mapping[str, str] = {SIKKA: "/setup/sikka"}
"""Where practices let us in elsewhere than with credentials of their own."""
DAYS: Mapping[str, str] = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


@router.get("")
def cards(request: Request, door: Reader) -> HTMLResponse:
    return render(request, "connections.html", person=door.person, **_cards(door))


@router.get("/cards")
def cards_again(request: Request, door: Reader) -> HTMLResponse:
    """The part that changes, to be laid over what is shown."""
    return render(request, "_connections.html", person=door.person, **_cards(door))


@router.get("/{connection_id}")
def settings(request: Request, door: Reader, connection_id: UUID) -> Response:
    """Everything about one connection; one whose setup is not finished goes on there."""
    found = _found(door, connection_id)
    if found.state == State.SETUP_REQUIRED and door.person.may(Permission.CONFIGURE):
        return RedirectResponse(f"/setup?connection={found.id}", status_code=HTTPStatus.SEE_OTHER)
    described = pms.vendor(found.vendor)
    shown = {**_allowed(door), **_parts(door, found), **_choices(door, described, found)}
    sections = _sections(door, described)
    return render(
        request, "connection.html", person=door.person, sections=sections, days=DAYS, **shown
    )


@router.get("/{connection_id}/standing")
def standing_again(request: Request, door: Reader, connection_id: UUID) -> HTMLResponse:
    """How it is, to be laid over what is shown."""
    found = _found(door, connection_id)
    shown = {**_allowed(door), "connection": found}
    return render(request, "_standing.html", person=door.person, **shown)


def _cards(door: Door) -> dict[str, Any]:
    allowed, account_id = _allowed(door), door.account_id
    now = allowed["now"]
    with door.transaction() as db:
        found = read_details(db, now=now)
        removed = left_rows.removed(db, account_id=account_id, now=now)
    may_edit = door.person.may(Permission.EDIT_SHEET)
    return {**allowed, "connections": found, "removed": removed, "may_edit": may_edit}


def _found(door: Door, connection_id: UUID) -> ConnectionDetails:
    with door.transaction() as db:
        found = read_details(db, now=door.ports.clock(), connection_id=connection_id)
    if not found:
        raise not_there(door, connection_id)
    return found[0]


def _allowed(door: Door) -> dict[str, Any]:
    may_configure = door.person.may(Permission.CONFIGURE)
    return {
        "now": door.ports.clock(),
        "may_sync": door.person.may(Permission.SYNC),
        "may_configure": may_configure,
        "may_change": may_configure,
    }


def _parts(door: Door, connection: ConnectionDetails) -> dict[str, Any]:
    """The store of secrets is asked before a transaction is opened, never within one."""
    held = loaded(door, connection.id)
    told = {
        "is_elsewhere": offered(door, held) is not None,
        "held": seen.one(door, connection.id).secrets,
    }
    with door.transaction() as db:
        return told | {
            "connection": connection,
            "practitioners": read_practitioners(db, connection.id),
            "clinicians": read_clinicians(db),
            "types": [connecting.guessed(dict(row)) for row in read_types(db, connection.id)],
            "drift": [(one, _cure(one, held)) for one in read_drift(db, connection.id)],
            "left": left_rows.counted(
                db, connection.id, account_id=door.account_id, now=door.ports.clock()
            ),
        }


def _cure(met: Drift, held: Connection) -> str:
    return drift_cures.sentence(met, pms.vendor(held.vendor), held, how=drift_cures.on_its_page)


def _choices(door: Door, described: Vendor, connection: ConnectionDetails) -> dict[str, Any]:
    left_out = minimising.chosen(connection.settings)
    return {
        "described": described,
        "with_sync": True,
        "is_setup": False,
        "preset": frozenset(door.ports.presets.get(described.name, ())),
        "abilities": pms.capability_lines(described, left_out=left_out),
        "extras": [
            (one, LABELS[one], minimised.loss(described, one))
            for one in minimised.offered(described)
        ],
        "left_out": left_out,
        "shut_on": _still_to_come(connection, door.ports.clock()),
        "presets": connecting.frequencies(described, connection),
        "zones": connecting.zones(described.region),
    }


def _still_to_come(connection: ConnectionDetails, now: datetime) -> list[date]:
    """The days on which it is shut; those that have passed are let go with the next change."""
    today = local_day(now, connection.timezone)
    return sorted(day for day in closed_days(connection.settings.get(CLOSED_ON)) if day >= today)


def _sections(door: Door, described: Vendor) -> Mapping[str, str]:
    """What there is to see for this vendor and this person."""
    hidden = set()
    if not described.capabilities.webhooks:
        hidden.add("webhooks")
    if not described.two_way:
        hidden.add("both-ways")
    if not door.person.may(Permission.CONFIGURE):
        hidden |= {"danger", "webhooks"}
    named = {**SECTIONS, "vendor": f"Only at {described.title}"}
    return {key: label for key, label in named.items() if key not in hidden}


def standing(connection: ConnectionDetails) -> str:
    """How it keeps its promise, in one sentence."""
    return connection.fresh.sentence


def trouble(connection: ConnectionDetails) -> str:
    """Why it fails or is shut out."""
    return unread(connection.fresh.reason, connection.vendor, connection.state)


def next_sync(connection: ConnectionDetails, now: datetime) -> str:
    at = connection.next_sync_at
    if not connection.sync_enabled or at is None:
        is_paused = connection.state == State.INACTIVE
        is_by_hand = connecting.is_by_hand(connection) and not is_paused
        return "when asked" if is_by_hand else "not planned"
    if at <= now:
        return "now"
    minutes = max(round((at - now).total_seconds() / 60), 1)
    return f"in {minutes} min" if minutes < connecting.TWO_HOURS else f"in {minutes // 60} h"


def what_to_do(connection: ConnectionDetails) -> str:
    """What helps when the PMS no longer lets us in."""
    if connection.vendor in LET_IN_AT:
        return "Authorise this practice's office at the marketplace once more."
    described = pms.vendor(connection.vendor)
    if described.pairing:
        return f"{described.pairing.advice} Or enter the credentials again if they were changed."
    asked = connecting.asked_secrets(described).values()
    *most, last = (connecting.short(label).lower() for label in asked)
    if described.site_secret is not None:
        return f"Enter the {', '.join(most)} and {last} as they are now."
    them = "them" if most else "it"
    return f"Get a new {' and '.join([*most, last])} from {described.title} and enter {them}."


def sign_in_page(connection: ConnectionDetails) -> str:
    """Where somebody signs in again: with the credentials, or where the practice lets us in."""
    return LET_IN_AT.get(connection.vendor, f"/connections/{connection.id}#sign-in")


ENVIRONMENT.filters.update(
    sign_in_page=sign_in_page,
    standing=standing,
    trouble=trouble,
    next_sync=next_sync,
    what_to_do=what_to_do,
)
