"""Signing in on a PMS's own page: the way there, and the way back with a code."""

import asyncio
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from adapters import pms
from adapters.presets import CLIENT
from adapters.rest.auth import digest
from adapters.rest.sign_in import GRANT, Begun, SignIn
from adapters.rest.vendor import Vendor
from domain.checks import CheckKind, CheckState
from domain.connections import Connection
from domain.people import Permission
from infra.vendor_urls import VendorUrls
from producers import seen
from producers.asking import Wish, checked, loaded
from producers.doors import Door, door
from producers.problems import Problem
from producers.security import signed_claims

router = APIRouter(prefix="/setup/oauth", include_in_schema=False)

Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]

COOKIE = "pms_sync_sign_in"
LASTS = timedelta(minutes=10)
AUDIENCE = "sign-in"
STRANGE = "This sign-in was not begun in this browser, or too long ago; begin it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A connection whose PMS has a page to sign in on, and what it takes to be sent there.

    `own` is a client the practice brought; the operator's is read where the operator keeps it.
    """

    connection: Connection
    vendor: Vendor
    sign_in: SignIn
    client_id: str
    own: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, Any]


def offered(door: Door, connection: Connection) -> Desk | None:
    """Where the operator has set it up; pages ask this before they show the button."""
    vendor = pms.vendor(connection.vendor)
    if vendor.sign_in is None:
        return None
    held = seen.held(door, connection.secret_ref)
    own = {key: one for key, one in held.items() if key in CLIENT}
    known = {**door.ports.presets.get(vendor.name, {}), **own}
    # A browser is sent to this address, so a practice has no say in it.
    settings = door.ports.preset_settings.get(vendor.name, {})
    told = door.ports.urls.get(vendor.name, VendorUrls())
    token_url = connection.token_url or told.token_url
    if not vendor.sign_in.is_offered(settings, known, token_url=token_url):
        return None
    return Desk(
        connection=connection,
        vendor=vendor,
        sign_in=vendor.sign_in,
        client_id=known["client_id"],
        own=own,
        settings=settings,
    )


@router.get("/start")
def start(door: Configurer, connection: UUID) -> Response:
    """Off to the PMS's page, with a mark that only this browser can bring back."""
    desk = _desk(door, loaded(door, connection))
    verifier = secrets.token_urlsafe(48)
    page = desk.sign_in.page(
        desk.settings,
        client_id=desk.client_id,
        redirect_uri=_back(door),
        begun=Begun(state=_mark(door, desk, verifier), verifier=verifier),
    )
    answer = RedirectResponse(page, status_code=HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        verifier,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=door.ports.is_secure,
        path="/setup/oauth",
    )
    return answer


@router.get("/return")
async def back(door: Configurer, request: Request, state: str = "", code: str = "") -> Response:
    """The code is tried like any other credentials: by a job, before anything is kept."""
    verifier = request.cookies.get(COOKIE, "")
    connection_id = _own(door, state, verifier)
    desk = await asyncio.to_thread(lambda: _desk(door, loaded(door, connection_id)))
    if not code:
        raise Problem(
            HTTPStatus.CONFLICT, f"{desk.vendor.title} did not let us in; nothing was changed."
        )
    values = {
        **desk.own,
        GRANT: secrets.token_urlsafe(24),
        "code": code,
        "verifier": verifier,
        "redirect_uri": _back(door),
    }
    wish = Wish(kind=CheckKind.CREDENTIALS, secrets=values)
    answer = await checked(door, connection_id, lambda _held, _vendor: wish)
    found = json.loads(bytes(answer.body))["check"]
    if found["state"] == CheckState.FAILED:
        raise Problem(HTTPStatus.CONFLICT, found["message"])
    onwards = RedirectResponse(
        f"/setup?connection={found['connection_id']}", status_code=HTTPStatus.SEE_OTHER
    )
    onwards.delete_cookie(COOKIE, path="/setup/oauth")
    return onwards


def _desk(door: Door, connection: Connection) -> Desk:
    found = offered(door, connection)
    if found is None:
        title = pms.vendor(connection.vendor).title
        raise Problem(
            HTTPStatus.NOT_FOUND, f"{title} has no sign-in page here; enter its credentials."
        )
    return found


def _back(door: Door) -> str:
    return f"{door.ports.base_url}/setup/oauth/return"


def _mark(door: Door, desk: Desk, verifier: str) -> str:
    """Who began it, for which connection and until when; of no use as a bearer token."""
    claims = {
        "aud": AUDIENCE,
        "connection": str(desk.connection.id),
        "account": door.account_id,
        "by": door.person.name,
        "proof": digest(verifier),
        "until": (door.ports.clock() + LASTS).timestamp(),
    }
    return jwt.encode(claims, door.ports.jwt_secret, algorithm="HS256")


def _own(door: Door, state: str, verifier: str) -> UUID:
    """The connection of a sign-in that this person began in this browser, a moment ago."""
    try:
        told = signed_claims(state, door.ports, audience=AUDIENCE)
        connection_id, until = UUID(told["connection"]), float(told["until"])
        whose = (told["account"], told["by"])
        is_ours = hmac.compare_digest(str(told["proof"]), digest(verifier))
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
        raise Problem(HTTPStatus.FORBIDDEN, STRANGE) from None
    now = door.ports.clock().timestamp()
    if not is_ours or until < now or whose != (door.account_id, door.person.name):
        raise Problem(HTTPStatus.FORBIDDEN, STRANGE)
    return connection_id
