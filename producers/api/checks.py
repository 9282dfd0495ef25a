"""Trying a connection over JSON: as it is, with a pairing code, or with new credentials."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from adapters import chosen
from adapters.presets import keys
from adapters.rest.vendor import Vendor
from adapters.trying import CODE
from domain.checks import CheckKind
from domain.connections import Connection
from domain.errors import BadInput
from domain.people import Permission
from producers import seen
from producers.addresses import addresses
from producers.agreeing import require_agreements
from producers.answers import OneCheck
from producers.asking import Wish, checked, look_up
from producers.doors import Door, door
from producers.words import Line

router = APIRouter(prefix="/api/pms/connections/{connection_id}", tags=["connections"])

Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]
LONGEST_CODE = 64
ENDED = "The check has ended: `connectionValid` says how."
LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": OneCheck, "description": "It goes on; look at Location."}
}


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Code(BaseModel):
    """The code that staff read out in their PMS; it is spent by this."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: SecretStr = Field(min_length=1, max_length=LONGEST_CODE)


class Credentials(BaseModel):
    """New secrets; those not given stay as they are."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secrets: dict[str, SecretStr] = {}
    base_url: Line | None = None
    token_url: Line | None = None


@router.post(
    "/test",
    response_model=OneCheck,
    responses=LATER,
    response_description=ENDED,
    summary="Try a connection as it is",
)
async def try_it(
    door: Configurer, connection_id: UUID, _body: Nothing | None = None
) -> JSONResponse:
    """Asks the PMS who the practice is, who works there and what it offers, and keeps that."""
    return await checked(door, connection_id, lambda _held, _vendor: Wish(kind=CheckKind.TEST))


@router.post(
    "/pair",
    response_model=OneCheck,
    responses=LATER,
    response_description=ENDED,
    summary="Pair a connection by code",
)
async def pair(door: Configurer, connection_id: UUID, body: Code) -> JSONResponse:
    """Takes up the practice the code stands for; where it is refused everything stays as it was."""

    def wish(held: Connection, vendor: Vendor) -> Wish:
        with door.transaction() as db:
            require_agreements(db, door, vendor.name)
        if vendor.pairing is None:
            raise BadInput(f"{vendor.title} has no pairing codes; give the site and test it.")
        lacking = _lacking(door, held, vendor)
        if lacking:
            raise BadInput(f"{vendor.title} pairs with {lacking}; add it to the settings first.")
        code = vendor.pairing.read(body.code.get_secret_value())
        return Wish(kind=CheckKind.PAIR, secrets={CODE: code})

    return await checked(door, connection_id, wish)


@router.post(
    "/credentials",
    response_model=OneCheck,
    responses=LATER,
    response_description=ENDED,
    summary="Replace a connection's credentials",
)
async def replace(door: Configurer, connection_id: UUID, body: Credentials) -> JSONResponse:
    """They are tried before anything is kept; mappings and the sheet stay whatever happens."""
    return await checked(
        door, connection_id, lambda held, vendor: _replaced(door, held, vendor, body)
    )


@router.get("/checks/{check_id}", summary="See how a check went")
def read(door: Reader, connection_id: UUID, check_id: UUID) -> OneCheck:
    """`connectionValid` is null while it waits."""
    return OneCheck(check=look_up(door, connection_id, check_id))


def _replaced(door: Door, held: Connection, vendor: Vendor, body: Credentials) -> Wish:
    given = {key: one.get_secret_value() for key, one in body.secrets.items()}
    given = chosen.of_site(vendor, given, held.site)
    secrets = chosen.secrets(vendor, given, known=keys(vendor.name))
    base_url, token_url = addresses(door, vendor, body.base_url, body.token_url)
    return Wish(
        kind=CheckKind.CREDENTIALS,
        secrets=chosen.replaced(vendor, seen.held(door, held.secret_ref), secrets),
        base_url=base_url,
        token_url=token_url,
    )


def _lacking(door: Door, held: Connection, vendor: Vendor) -> str | None:
    """A part of the address codes are sent to that nobody has given."""
    parts = vendor.pairing.secret_parts if vendor.pairing else ()
    known = {
        **door.ports.presets.get(vendor.name, {}),
        **seen.held(door, held.secret_ref),
        **held.settings,
    }
    missing = (vendor.settings.get(part, part) for part in parts if not known.get(part))
    return next(missing, None)
