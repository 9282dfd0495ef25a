"""Connections over JSON: begin one, see them, change one, remove it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from sqlalchemy import Connection as Db

from adapters import chosen, pms
from adapters.presets import keys
from adapters.rest.vendor import Vendor
from adapters.storage.by_hand.rezoned_rows import stay_on_the_clock
from adapters.storage.practices import checks, connection_list, connections, left_rows
from adapters.storage.practices.checks import CheckStore
from adapters.storage.practices.connection_details import read_details
from adapters.storage.practices.connections import NewConnection
from adapters.storage.practices.left_rows import Leaving
from adapters.storage.sheet import linking
from adapters.trying import forget_leftovers
from domain.connections import Connection, State
from domain.errors import BadInput, NeedsReconnect, SyncError
from domain.hours import check_hours
from domain.people import Permission
from domain.rezoning import NO_ZONE_YET, Rezoned
from domain.rhythm import check_rest
from domain.window import zone
from producers import seen, vendors
from producers.addresses import addresses
from producers.answers import (
    ConnectionAnswer,
    LeftRowsAnswer,
    ManyConnections,
    OneConnection,
    RemovedConnection,
)
from producers.answers import masked as masked_secrets
from producers.cursors import Cursor, Limit, decode, paged
from producers.doors import Door, door
from producers.idempotency import Answer, Keyed, Once
from producers.noting import noted
from producers.versions import IfMatch, expected
from producers.words import Line, Stripped, Words

router = APIRouter(prefix="/api/pms/connections", tags=["connections"])
log = structlog.get_logger()

Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]
NO_CHANGES: Mapping[str, Any] = MappingProxyType({})
Site = Annotated[Stripped, StringConstraints(max_length=100, pattern=r"^\S*$")]
Zone = Annotated[Line, StringConstraints(min_length=1, max_length=60)]
MOST_AHEAD = 90
A_DAY = 1440


class Begun(BaseModel):
    """A connection to begin; what is left out is asked for later, or told by the PMS."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    vendor: Line
    name: Words | None = None
    site: Site = ""
    timezone: Zone | None = None
    secrets: dict[str, SecretStr] = {}
    settings: dict[str, Any] = {}
    base_url: Line | None = None
    token_url: Line | None = None


class Features(BaseModel):
    """What callers may do, and what goes to the PMS by itself; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    appointments: bool = True
    patients: bool = True
    patient_creation: bool = True
    online_booking: bool = True
    notes: bool = False
    insurance: bool = False
    payments: bool = False
    auto_push: bool = True
    auto_create: bool = False


class Rules(BaseModel):
    """What callers may book; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    min_notice_minutes: Annotated[int, Field(ge=0, le=14 * A_DAY)] = 60
    max_days_ahead: Annotated[int, Field(ge=1, le=730)] = 90
    slot_minutes: Annotated[int, Field(ge=5, le=240)] = 15
    default_minutes: Annotated[int, Field(ge=5, le=480)] = 30


class Change(BaseModel):
    """What is to be different; a setting of null goes back to the vendor's default.

    The `site` may be corrected while the connection is being set up, and then no more.
    """

    model_config = ConfigDict(extra="forbid")

    name: Words = ""
    site: Site = ""
    timezone: Zone = ""
    frequency_minutes: Annotated[int, Field(ge=1, le=A_DAY)] = 1
    days_ahead: Annotated[int, Field(ge=0, le=MOST_AHEAD)] = 0
    full_every_minutes: Annotated[int, Field(ge=1, le=7 * A_DAY)] = 1
    adaptive: Annotated[
        bool | None,
        Field(
            description="Read less often while the practice is shut, has no appointments that day"
            " and nothing changes; null is as usual for its vendor."
        ),
    ] = None
    quiet_minutes: Annotated[
        int, Field(ge=1, le=A_DAY, description="The longest between two syncs while it is quiet.")
    ] = 120
    telehealth_only: bool = True
    sync_enabled: bool = True
    opening_hours: dict[str, Any] = {}
    features: Features = Features()
    booking_rules: Rules = Rules()
    settings: dict[str, Any] = {}
    setup_step: Literal["connect", "practitioners", "types", "summary"] = "connect"


@router.get("", summary="List the account's connections, oldest first")
def read_all(door: Reader, cursor: Cursor = None, limit: Limit = 50) -> ManyConnections:
    """Each with its state and how fresh it is; which of its secrets are set says the one."""
    after = decode(cursor)
    with door.transaction() as db:
        found = read_details(db, now=door.ports.clock())
    ordered = sorted(found, key=lambda one: (one.created_at, one.id))
    rest = [one for one in ordered if after is None or (one.created_at, one.id) > after]
    page, following = paged(rest, limit=limit, mark=lambda one: (one.created_at, one.id))
    return ManyConnections(connections=[seen.listed(one) for one in page], next_cursor=following)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=OneConnection,
    summary="Begin a connection to a practice",
)
def begin(door: Configurer, body: Begun, once: Once) -> JSONResponse:
    """201 with the connection in state SETUP_REQUIRED; then pair or test it, map, and start it."""
    return begun(door, body, once, vendor=vendors.chosen(body.vendor))


def begun(
    door: Door,
    body: Begun,
    once: Keyed,
    *,
    vendor: Vendor,
    changes: Mapping[str, Any] = NO_CHANGES,
) -> JSONResponse:
    """The row, set as it should be, then its secrets; without those the row is taken back."""
    given = {key: one.get_secret_value() for key, one in body.secrets.items()}
    given = chosen.of_site(vendor, given, body.site)
    secrets = chosen.secrets(vendor, given, known=keys(vendor.name))
    answered = once.before(door)
    if answered is not None:
        _keep(door, _id_in(answered), secrets)
        return answered
    new = _new(door, body, vendor)
    new = replace(new, secret_ref=_secret_name(door, new) if secrets else None)
    answer = once.answer(door, lambda db: _stored(db, door, new, secrets, changes))
    try:
        _keep(door, _id_in(answer), secrets)
    except BaseException:
        once.undo(door, lambda db: connection_list.remove(db, _id_in(answer)))
        raise
    return answer


@router.get("/{connection_id}", summary="Read one connection")
def read(door: Reader, response: Response, connection_id: UUID) -> OneConnection:
    """Its ETag is what the If-Match of a change needs."""
    return OneConnection(connection=seen.one(door, connection_id, response))


@router.patch("/{connection_id}", summary="Change how a connection is set")
def change(
    door: Configurer,
    response: Response,
    connection_id: UUID,
    body: Change,
    if_match: IfMatch = None,
) -> OneConnection:
    """What decides which appointments are on the sheet is synced at once.

    In another `timezone`, what was typed or scanned for today and later stays at the time it says.
    """
    version, given = expected(if_match), body.model_dump(exclude_unset=True)
    if not given:
        raise BadInput("Name at least one thing to change.")
    with door.transaction() as db:
        if "timezone" in given:
            linking.alone(db, door.account_id)
        connection_list.claim(db, connection_id, expected=version)
        held = connections.load(db, connection_id)
        changes = _checked(held, given)
        connection_list.configure(db, connection_id, changes)
        if "timezone" in given:
            clock = Rezoned(was=held.timezone, now=given["timezone"])
            stay_on_the_clock(db, door.seal, connection_id, clock, hand=door.hand)
        noted(db, door, connection_id, "changed", summary=chosen.named(changes))
    return OneConnection(connection=seen.one(door, connection_id, response))


@router.delete("/{connection_id}", summary="Remove a connection", response_model_exclude_none=True)
def remove(
    door: Configurer,
    connection_id: UUID,
    rows: Annotated[Leaving | None, Query(description="What becomes of rows to come.")] = None,
    if_match: IfMatch = None,
) -> RemovedConnection:
    """It syncs no more and its credentials are forgotten; runs, the audit and past rows stay.

    So do its rows to come (`keep`), unless they are to leave the sheet: `take_off` leaves those in
    which a person typed something, `take_off_all` none. Rows whose visit another connection lists
    too are that one's from now on.
    """
    version, hand = expected(if_match), door.hand
    with door.transaction() as db:
        linking.alone(db, door.account_id)
        connection_list.claim(db, connection_id, expected=version)
        ref = connections.load(db, connection_id).secret_ref
        left = left_rows.leave(db, door.seal, connection_id, rows or "keep", hand=hand)
        noted(db, door, connection_id, "removed", summary=rows)
    _forget(door, connection_id, ref)
    told = LeftRowsAnswer.of(left) if rows else None
    return RemovedConnection(id=connection_id, rows=told)


def _new(door: Door, body: Begun, vendor: Vendor) -> NewConnection:
    if not body.site and vendor.pairing is None:
        raise BadInput(f"Give the {vendor.site_label[:1].lower()}{vendor.site_label[1:]}.")
    if body.timezone:
        zone(body.timezone)
    base_url, token_url = addresses(door, vendor, body.base_url, body.token_url)
    settings = chosen.settings(vendor, body.settings)
    return NewConnection(
        account_id=door.account_id,
        vendor=vendor.name,
        site=body.site,
        timezone=body.timezone or NO_ZONE_YET,
        name=body.name or body.site or vendor.title,
        base_url=base_url,
        token_url=token_url,
        settings={key: one for key, one in settings.items() if one is not None},
        telehealth_only=vendor.telehealth_only,
        state=State.SETUP_REQUIRED,
        setup_step="connect",
    )


def _stored(
    db: Db,
    door: Door,
    new: NewConnection,
    secrets: Mapping[str, str],
    changes: Mapping[str, Any],
) -> Answer:
    linking.alone(db, door.account_id)
    on_the_clock = partial(stay_on_the_clock, db, door.seal, hand=door.hand)
    own = connections.add(db, new, at=door.ports.clock(), on_the_clock=on_the_clock)
    if changes:
        connection_list.configure(db, own, changes)
    noted(db, door, own, "created", summary=new.vendor, status=HTTPStatus.CREATED)
    vendor = pms.vendor(new.vendor)
    masked = masked_secrets(vendor, secrets, door.ports.presets.get(new.vendor, {}))
    made = ConnectionAnswer.of(seen.details(db, door, own), vendor, masked)
    return Answer(
        status=HTTPStatus.CREATED,
        body=OneConnection(connection=made).model_dump(mode="json"),
        headers={"Location": f"{router.prefix}/{own}", "ETag": f'"{made.version}"'},
    )


def _id_in(answer: JSONResponse) -> UUID:
    return UUID(json.loads(bytes(answer.body))["connection"]["id"])


def _keep(door: Door, connection_id: UUID, secrets: Mapping[str, str]) -> None:
    """The secrets, under the name the row has given them: none is stored that no row names.

    A process that died in between left the row without; whoever asks again brings them.
    """
    with door.transaction() as db:
        ref = connection_list.secret_refs(db, [connection_id]).get(connection_id)
    if not secrets or ref is None:
        return
    try:
        door.ports.secrets.get(ref)
    except NeedsReconnect:
        door.ports.secrets.put(ref, secrets)


def _checked(held: Connection, given: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as they are stored, or one sentence on what is wrong with them."""
    changes = dict(given)
    if "timezone" in changes:
        zone(changes["timezone"])
    if "settings" in changes:
        changes["settings"] = chosen.settings(
            pms.vendor(held.vendor), changes["settings"], held=held
        )
    if changes.get("opening_hours"):
        check_hours(changes["opening_hours"], timezone=held.timezone)
    if "quiet_minutes" in changes:
        _check_rhythm(held, changes)
    in_setup = held.state is State.SETUP_REQUIRED
    if "site" in changes and (not in_setup or not changes["site"]):
        raise BadInput("The site can be corrected during the setup only; add another connection.")
    if "site" in changes and pms.vendor(held.vendor).site_secret is not None:
        raise BadInput("The sign-in is for this site; remove the connection and begin another.")
    if "setup_step" in changes and not in_setup:
        raise BadInput("This connection is set up already.")
    return changes


def _check_rhythm(held: Connection, changes: Mapping[str, Any]) -> None:
    """A page sends what it shows: what nobody changes is not asked to fit."""
    every = changes.get("frequency_minutes", held.frequency_minutes)
    if (changes["quiet_minutes"], every) != (held.quiet_minutes, held.frequency_minutes):
        check_rest(changes["quiet_minutes"], every=every)


def _forget(door: Door, connection_id: UUID, ref: str | None) -> None:
    """It is removed, whatever the store of secrets says now."""
    try:
        if ref is not None:
            door.ports.secrets.delete(ref)
        forget_leftovers(CheckStore(door.ports.database), door.ports.secrets, connection_id)
    except SyncError as error:
        log.warning("secrets.not_forgotten", secret_ref=ref, error=error)


def _secret_name(door: Door, new: NewConnection) -> str:
    prefix = door.ports.secrets_prefix
    return checks.secret_name(prefix, vendor=new.vendor, account_id=new.account_id, own_id=new.id)
