"""One call to set a practice up, and how it stands: the shapes older clients know."""

import asyncio
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from adapters import pms
from adapters.rest.vendor import Vendor
from adapters.storage.practices.connection_details import ConnectionDetails, read_details
from domain.checks import CheckKind, CheckState
from domain.connections import State
from domain.errors import BadInput
from domain.people import Permission
from domain.tools import NO_PRACTICE
from domain.writes import BY_DEFAULT
from producers import seen, vendors
from producers.answers import OneCheck
from producers.api import connections
from producers.api.pms_appointments import Key
from producers.asking import Wish, checked
from producers.doors import Door
from producers.entrance import entrance
from producers.idempotency import Keyed, keyed
from producers.practice_answers import (
    BookingConfig,
    Integration,
    Integrations,
    IntegrationStatus,
    OneIntegration,
    Tried,
)
from producers.problems import Problem
from producers.words import Line, Words

router = APIRouter(prefix="/api/pms", tags=["practice"])

LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": Tried, "description": "It goes on; look at Location."}
}

Reader = Annotated[Door, Depends(entrance(Permission.SEE_STATUS))]
Configurer = Annotated[Door, Depends(entrance(Permission.CONFIGURE))]

SIKKA = "sikka"
WRONG_CREDENTIALS = "Connection failed. Please check your credentials."
OURS = frozenset({"applicationId", "applicationKey", "practiceId"})
"""What is no secret of the practice: the operator's own application, and which practice it is."""

USABLE = (State.ACTIVE, State.ERROR)


class Rules(BaseModel):
    """How appointments are taken; what is left out is as usual."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    defaultAppointmentDuration: Annotated[int, Field(ge=5, le=480)] | None = None  # noqa: N815
    minAdvanceNoticeMinutes: Annotated[int, Field(ge=0, le=20160)] | None = None  # noqa: N815
    maxDaysAhead: Annotated[int, Field(ge=1, le=730)] | None = None  # noqa: N815
    timezone: Line | None = None
    allowOnlineBooking: bool | None = None  # noqa: N815
    features: dict[str, bool] = {}


class Setup(BaseModel):
    """`credentials` go to the store of secrets; `practiceId` says which practice it is."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    provider: Line
    name: Words | None = None
    credentials: dict[str, SecretStr] = {}
    config: Rules = Rules()


class Which(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    integrationId: UUID | None = None  # noqa: N815


async def _optional(request: Request, key: Key = None) -> Keyed:
    """A request without a key is one of its own."""
    return await keyed(request, key or str(uuid4()))


@router.post(
    "/setup",
    status_code=HTTPStatus.CREATED,
    response_model=OneIntegration,
    summary="Set a practice up in one call",
)
def set_up(
    door: Configurer, body: Setup, once: Annotated[Keyed, Depends(_optional)]
) -> JSONResponse:
    """201 with the integration in SETUP_REQUIRED; test it, choose its people, and start it."""
    vendor, changes = _vendor(body.provider), _changes(body.config)
    made = connections.begun(door, _begun(vendor, body), once, vendor=vendor, changes=changes)
    own = UUID(json.loads(bytes(made.body))["connection"]["id"])
    with door.transaction() as db:
        found = seen.details(db, door, own)
    told = OneIntegration(integration=_integration(found))
    headers = {name: one for name, one in made.headers.items() if name == "idempotent-replayed"}
    content = told.model_dump(mode="json", by_alias=True)
    return JSONResponse(content, status_code=HTTPStatus.CREATED, headers=headers)


@router.get("/setup", summary="List the account's integrations")
def integrations(door: Reader) -> Integrations:
    return Integrations(integrations=[_integration(one) for one in _all(door)])


@router.get("/status", summary="See how the integration stands")
def status(door: Reader) -> IntegrationStatus:
    """Of the one named, else of the one that serves callers, else of the first there is."""
    every = _all(door)
    found = _integration(_first([one for one in every if door.practice in {None, one.id}]))
    return IntegrationStatus(**dict(found), integration=found)


@router.post(
    "/test-connection", response_model=Tried, responses=LATER, summary="Try the integration"
)
async def try_connection(door: Configurer, body: Which | None = None) -> JSONResponse:
    """`connectionValid` says how it went; `message` what to correct."""
    wanted = _named(door, body)
    if wanted is None:
        wanted = _first(await asyncio.to_thread(_all, door)).id
    answer = await checked(door, wanted, lambda _held, _vendor: Wish(kind=CheckKind.TEST))
    check = OneCheck.model_validate_json(bytes(answer.body)).check
    where = {"Location": answer.headers["location"]} if "location" in answer.headers else {}
    has_failed = check.state == CheckState.FAILED
    told = Tried(
        integration_id=wanted,
        connection_valid=check.connectionValid,
        message=WRONG_CREDENTIALS if has_failed else check.message,
        reason=check.message if has_failed else None,
    )
    content = told.model_dump(mode="json", by_alias=True)
    return JSONResponse(content, status_code=answer.status_code, headers=where)


def _named(door: Door, body: Which | None) -> UUID | None:
    """By the body or the address; another one than was meant must not pass for it."""
    told = {one for one in (body and body.integrationId, door.practice) if one}
    if len(told) > 1:
        raise BadInput("The body and the address name two integrations; name one of them.")
    return next(iter(told), None)


def _vendor(provider: str) -> Vendor:
    """Sikka has a panel of its own, and is accepted here all the same."""
    name = provider.strip().lower()
    return pms.vendor(SIKKA) if name == SIKKA else vendors.chosen(name)


def _begun(vendor: Vendor, body: Setup) -> connections.Begun:
    given = {key: one.get_secret_value() for key, one in body.credentials.items()}
    site = given.get("practiceId", "").strip()
    asked = {
        "vendor": vendor.name,
        "name": body.name,
        "site": site,
        "timezone": body.config.timezone,
        "secrets": _secrets(vendor, given, site),
    }
    try:
        return connections.Begun.model_validate(asked)
    except ValidationError:
        raise BadInput("credentials.practiceId is one word of at most 100 characters.") from None


def _secrets(vendor: Vendor, given: Mapping[str, str], site: str) -> dict[str, str]:
    """Under the vendor's own names: secretKey is its secret_key."""
    own = {_snake(key): one for key, one in given.items() if key not in OURS}
    if vendor.name != SIKKA:
        return own
    if not site or "secret_key" not in own:
        raise BadInput("Sikka needs credentials.practiceId (D12345) and credentials.secretKey.")
    return {**own, "office_id": site.partition(":")[0]}


def _changes(config: Rules) -> dict[str, Any]:
    """What was asked for, in our names."""
    rules = {
        "default_minutes": config.defaultAppointmentDuration,
        "min_notice_minutes": config.minAdvanceNoticeMinutes,
        "max_days_ahead": config.maxDaysAhead,
    }
    features = {_snake(name): one for name, one in config.features.items()}
    if config.allowOnlineBooking is not None:
        features["online_booking"] = config.allowOnlineBooking
    unknown = sorted(features.keys() - BY_DEFAULT.keys())
    if unknown:
        raise BadInput(
            f"There is no feature '{unknown[0][:40]}'; there are {', '.join(BY_DEFAULT)}."
        )
    kept = {name: one for name, one in rules.items() if one is not None}
    found = {"features": features, "booking_rules": kept}
    return {name: one for name, one in found.items() if one}


def _all(door: Door) -> list[ConnectionDetails]:
    with door.transaction() as db:
        found = read_details(db, now=door.ports.clock())
    return sorted(found, key=lambda one: (one.created_at, one.vendor, one.site))


def _first(found: list[ConnectionDetails]) -> ConnectionDetails:
    """The one that serves callers, else the oldest that is not paused, else the oldest."""
    if not found:
        raise Problem(HTTPStatus.NOT_FOUND, NO_PRACTICE)
    desks = pms.desks()
    ranked = sorted(
        found, key=lambda one: (one.state not in USABLE, one.vendor not in desks, one.created_at)
    )
    return ranked[0]


def _integration(found: ConnectionDetails) -> Integration:
    """As a client may show it: what nobody can ask of its PMS is off, whatever was switched."""
    rules = found.booking_rules
    idle = frozenset() if found.vendor in pms.desks() else BY_DEFAULT.keys()
    switched = {**BY_DEFAULT, **found.features}
    features = {name: is_on and name not in idle for name, is_on in switched.items()}
    return Integration(
        id=found.id,
        provider=found.vendor.upper(),
        provider_name=pms.vendor(found.vendor).title,
        pms_type=found.pms_type,
        name=found.name,
        status=found.state,
        status_reason=found.state_reason,
        last_sync_at=found.last_sync_at,
        features=features,
        config=BookingConfig(
            timezone=found.timezone,
            default_appointment_duration=rules.get("default_minutes", 30),
            min_advance_notice_minutes=rules.get("min_notice_minutes", 60),
            max_days_ahead=rules.get("max_days_ahead", 90),
            allow_online_booking=features["online_booking"],
        ),
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
