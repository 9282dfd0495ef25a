"""The setup wizard: five steps from choosing a PMS to the first sync, resumed where it was left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from adapters import pms
from adapters.rest.vendor import Vendor
from adapters.storage.practices.connection_details import (
    ConnectionDetails,
    read_clinicians,
    read_details,
    read_practitioners,
    read_types,
)
from domain.connections import Connection, State
from domain.people import Permission
from producers import vendors
from producers.asking import loaded
from producers.doors import Door, door
from producers.pages import connecting
from producers.pages.connecting import STEPS, reached
from producers.pages.not_there import not_there
from producers.pages.oauth import offered
from producers.pages.rendering import render

router = APIRouter(include_in_schema=False)

Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]
Step = Literal["connect", "practitioners", "types", "summary"]

ORDER = list(STEPS)


@dataclass(frozen=True, slots=True)
class StepView:
    title: str
    href: str | None
    is_current: bool
    is_done: bool


@router.get("/setup")
def page(
    request: Request,
    door: Configurer,
    vendor: str | None = None,
    connection: UUID | None = None,
    step: Step | None = None,
) -> Response:
    """The step that comes next, or an earlier one that was asked for."""
    if connection is not None:
        return _resumed(request, door, connection, step)
    found = _all(door)
    unfinished = [one for one in found if one.state == State.SETUP_REQUIRED]
    if vendor is None:
        return _choose(request, door, unfinished)
    begun = [one for one in unfinished if one.vendor == vendor and not one.site]
    if begun:
        return _to(begun[0].id)
    return _show(request, door, "connect", described=vendors.chosen(vendor))


def _resumed(request: Request, door: Door, connection_id: UUID, asked: str | None) -> Response:
    found = next(iter(_all(door, connection_id)), None)
    if found is None:
        raise not_there(door, connection_id)
    if found.state != State.SETUP_REQUIRED:
        return RedirectResponse(f"/connections/{found.id}", status_code=HTTPStatus.SEE_OTHER)
    furthest = reached(found)
    step = asked if asked and ORDER.index(asked) <= ORDER.index(furthest) else furthest
    return _show(request, door, step, described=pms.vendor(found.vendor), connection=found)


def _choose(request: Request, door: Door, unfinished: Sequence[ConnectionDetails]) -> Response:
    waiting = [
        {
            "id": one.id,
            "vendor": one.vendor,
            "name": one.name,
            "version": one.version,
            "created_at": one.created_at,
            "timezone": one.timezone,
            "next_title": STEPS[reached(one)],
        }
        for one in unfinished
    ]
    choices = connecting.choices(lambda name: _presets(door, name))
    return _show(request, door, "choose", unfinished=waiting, vendors=choices)


def _show(
    request: Request,
    door: Door,
    step: str,
    *,
    described: Vendor | None = None,
    connection: ConnectionDetails | None = None,
    **more: Any,
) -> Response:
    at = ORDER.index(step)
    shown: dict[str, Any] = {
        "step": step,
        "number": at + 1,
        "title": STEPS[step],
        "steps": _steps(step, connection),
        "described": described,
        "connection": connection,
        "hrefs": {name: _href(connection, name) for name in ORDER},
        "back_href": _href(connection, ORDER[max(at - 1, 0)]),
        "next_href": _href(connection, ORDER[min(at + 1, len(ORDER) - 1)]),
        "may_change": True,
        "is_setup": True,
    }
    if described is not None:
        shown |= PARTS[step](door, described, connection)
    return render(request, "setup.html", person=door.person, **shown, **more)


def _connect(
    door: Door, described: Vendor, connection: ConnectionDetails | None
) -> Mapping[str, Any]:
    preset = _presets(door, described.name)
    held = described.secrets if connection and connection.has_secrets else {}
    return {
        "is_elsewhere": offered(door, _as_known(door, described, connection)) is not None,
        "is_connected": connection is not None and reached(connection) != "connect",
        "presets": preset,
        "held": dict.fromkeys(held, "leave empty to use it again"),
        "settings": connection.settings if connection else {},
        "needed_settings": connecting.needed_settings(described, preset),
        "other_settings": connecting.other_settings(described),
        "zones": connecting.zones(described.region),
    }


def _as_known(door: Door, described: Vendor, connection: ConnectionDetails | None) -> Connection:
    """The connection, or what it will be once it is begun."""
    if connection is not None:
        return loaded(door, connection.id)
    return Connection(
        id=uuid4(), account_id=door.account_id, vendor=described.name, site="", timezone="UTC"
    )


def _practitioners(
    door: Door, described: Vendor, connection: ConnectionDetails | None
) -> Mapping[str, Any]:
    with door.transaction() as db:
        return {
            "practitioners": read_practitioners(db, connection.id) if connection else [],
            "clinicians": read_clinicians(db),
        }


def _types(
    door: Door, described: Vendor, connection: ConnectionDetails | None
) -> Mapping[str, Any]:
    with door.transaction() as db:
        rows = read_types(db, connection.id) if connection else []
    return {"types": [connecting.guessed(dict(row)) for row in rows], "with_sync": False}


def _summary(
    door: Door, described: Vendor, connection: ConnectionDetails | None
) -> Mapping[str, Any]:
    return {"presets": connecting.frequencies(described, connection) if connection else ()}


PARTS = {
    "connect": _connect,
    "practitioners": _practitioners,
    "types": _types,
    "summary": _summary,
}


def _presets(door: Door, vendor: str) -> frozenset[str]:
    """The keys the operator has set, so that nobody is asked for them."""
    return frozenset(door.ports.presets.get(vendor, ()))


def _steps(step: str, connection: ConnectionDetails | None) -> Sequence[StepView]:
    done = ORDER.index(reached(connection) if connection else step)
    return [
        StepView(
            title,
            _href(connection, name) if at <= done and (connection or name == "choose") else None,
            name == step,
            at < done,
        )
        for at, (name, title) in enumerate(STEPS.items())
    ]


def _href(connection: ConnectionDetails | None, step: str) -> str:
    if connection is None or step == "choose":
        return "/setup"
    return f"/setup?connection={connection.id}&step={step}"


def _to(connection_id: UUID) -> Response:
    return RedirectResponse(f"/setup?connection={connection_id}", status_code=HTTPStatus.SEE_OTHER)


def _all(door: Door, connection_id: UUID | None = None) -> Sequence[ConnectionDetails]:
    with door.transaction() as db:
        return read_details(db, now=door.ports.clock(), connection_id=connection_id)
