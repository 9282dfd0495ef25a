"""Connecting through Sikka: let us in at its marketplace, say what callers may do, ready."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.sikka.abilities import abilities
from adapters.storage.practices import authorisations
from adapters.storage.practices.authorisations import VENDOR
from adapters.storage.practices.connection_details import ConnectionDetails, read_details
from domain.desk import Ability
from domain.people import Permission
from domain.slots import BookingRules
from domain.writes import BY_DEFAULT, NEEDS
from producers.api import sikka
from producers.doors import Door, door
from producers.pages.not_there import not_there
from producers.pages.rendering import render
from producers.security import check_origin

router = APIRouter(prefix="/setup/sikka", include_in_schema=False)

Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]
SHOWN = 6

FEATURES: Mapping[str, tuple[str, str]] = {
    "appointments": ("Appointments", "Find free times, and see or cancel what a caller has."),
    "online_booking": ("Online booking", "Book and move appointments in the practice's book."),
    "patients": ("Patients", "Find a caller who is a patient, after they said who they are."),
    "patient_creation": ("New patients", "Enter a caller who is not a patient yet."),
    "notes": ("Notes", "Read and add notes of a patient."),
    "insurance": ("Insurance", "Say which insurance the practice has on file."),
    "payments": ("Payments", "Say what is owed, and record a payment."),
}
RULES: Mapping[str, tuple[str, str, int, int]] = {
    "min_notice_minutes": ("Shortest notice", "Minutes before an appointment.", 0, 20_160),
    "max_days_ahead": ("How far ahead", "Days that may be booked.", 1, 730),
    "slot_minutes": ("Times are offered every", "Minutes on the practice's clock.", 5, 240),
    "default_minutes": ("Usual length", "Minutes of an appointment that names none.", 5, 480),
}
_CONNECTED = text(
    """
    SELECT id, display_name AS name, upper(split_part(site, ':', 1)) AS office, pms_type, state,
           state_reason, last_sync_at
    FROM pms_connections
    WHERE connector = :vendor AND site <> '' AND removed_at IS NULL ORDER BY site, id
    """
)
_PHONES = text("SELECT phones FROM accounts WHERE id = :id")


@router.get("")
def page(
    request: Request, door: Configurer, connection: UUID | None = None, *, ready: bool = False
) -> HTMLResponse:
    """The panel; with a connection what callers may do there, or that it is ready."""
    if connection is None:
        shown = {**_standing(door), "is_set_up": sikka.is_set_up(door)}
        return render(request, "sikka.html", person=door.person, step="connect", **shown)
    found, phones = _found(door, connection)
    shown = {
        "connection": found,
        "phones": phones,
        "account": door.account_id,
        "features": _features(found),
        "rules": _rules(found),
        "has_no_hours": not found.opening_hours and _takes_bookings(found.features),
    }
    step = "ready" if ready else "rules"
    return render(request, "sikka.html", person=door.person, step=step, **shown)


@router.get("/standing")
def standing_again(request: Request, door: Configurer) -> HTMLResponse:
    """What became of the offices, to be laid over what is shown."""
    return render(request, "_sikka_standing.html", person=door.person, **_standing(door))


@router.get("/named")
def named(request: Request, door: Configurer, typed: str) -> HTMLResponse:
    """The office that waits under that id or code, to be approved."""
    row = sikka.find(door, typed[:60])
    return render(request, "_sikka_named.html", person=door.person, one=row)


@router.get("/marketplace")
def marketplace(request: Request, door: Configurer) -> Response:
    """On to Sikka, with a state that leads back here; only from a page of ours."""
    check_origin(request)
    made = sikka.link(door)
    return RedirectResponse(made.url, status_code=HTTPStatus.SEE_OTHER)


def _standing(door: Door) -> dict[str, Any]:
    with door.transaction() as db:
        rows = authorisations.of_account(db, door.account_id, limit=SHOWN)
        connected = db.execute(_CONNECTED, {"vendor": VENDOR}).mappings().all()
    offices = [
        {
            **row,
            "practices": [one for one in connected if one["office"] == row["office_id"].upper()],
        }
        for row in _latest(rows)
    ]
    is_busy = any(row["state"] == "claimed" for row in rows)
    return {"offices": offices, "is_busy": is_busy, "now": door.ports.clock()}


def _latest(rows: Sequence[RowMapping]) -> list[RowMapping]:
    """Of each office what was last; it may have been refused and let us in again."""
    found: dict[str, RowMapping] = {}
    for row in rows:
        found.setdefault(row["office_id"].upper(), row)
    return list(found.values())


def _found(door: Door, connection_id: UUID) -> tuple[ConnectionDetails, Sequence[str]]:
    with door.transaction() as db:
        found = read_details(db, now=door.ports.clock(), connection_id=connection_id)
        phones = _phones(db, door.account_id)
    if not found or found[0].vendor != VENDOR:
        raise not_there(door, connection_id)
    return found[0], phones


def _phones(db: Db, account_id: str) -> Sequence[str]:
    """The numbers that lead callers to the account."""
    found: Sequence[str] | None = db.execute(_PHONES, {"id": account_id}).scalar_one_or_none()
    return found or ()


def _features(found: ConnectionDetails) -> list[tuple[str, str, str, bool]]:
    """Name, label, hint, and whether it is on.

    What a PMS is not known to take is for Sikka to say when a caller asks: nobody is kept from it.
    """
    can = abilities(found.pms_type, None)
    on = {**BY_DEFAULT, **found.features}
    behind = "the practice's PMS" if found.pms_type == found.vendor else found.pms_type
    unsure = f" Only where Sikka takes it for {behind}; else callers are not offered it."
    return [
        (name, label, hint if _is_known(name, can) else hint + unsure, bool(on.get(name)))
        for name, (label, hint) in FEATURES.items()
    ]


def _takes_bookings(features: Mapping[str, bool]) -> bool:
    on = {**BY_DEFAULT, **features}
    return all(on.get(name) for name in NEEDS[Ability.BOOK])


def _is_known(feature: str, can: frozenset[Ability]) -> bool:
    """Times come from the practice's own hours where the PMS lists no slots."""
    if feature == "appointments":
        return True
    return any(feature in needs and ability in can for ability, needs in NEEDS.items())


def _rules(found: ConnectionDetails) -> list[tuple[str, str, str, int, int, int]]:
    now = BookingRules.read(found.booking_rules)
    return [
        (name, label, hint, int(getattr(now, name)), least, most)
        for name, (label, hint, least, most) in RULES.items()
    ]
