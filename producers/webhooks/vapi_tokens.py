"""Where Vapi buys the tokens it shows us, for whoever chose OAuth 2 (RFC 6749, 4.4)."""

import asyncio
import base64
import binascii
from http import HTTPStatus
from urllib.parse import parse_qs, unquote_plus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from adapters.vapi.verifying import sell
from producers.attempts import check_attempts, note_failure
from producers.ports import GivenPorts

router = APIRouter(tags=["vapi"])

GRANT = "client_credentials"
MOST_FIELDS = 20
NO_STORE = {"cache-control": "no-store"}


class Bought(BaseModel):
    """As RFC 6749 has it."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the kind of it, no token
    expires_in: int


@router.post("/vapi/oauth/token", response_model=Bought)
async def token(request: Request, ports: GivenPorts) -> Response:
    """A token for the client of VAPI_AUTH; `error` as RFC 6749 names it for anything else."""
    await asyncio.to_thread(check_attempts, request, ports)
    try:
        form = _form(await request.body())
    except ClientDisconnect:
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    if form.get("grant_type") != GRANT:
        return _refused(HTTPStatus.BAD_REQUEST, "unsupported_grant_type")
    name, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    plans = ports.voice.plans if ports.voice else ()
    sold = sell(plans, name, secret, now=ports.clock())
    if sold is None:
        await asyncio.to_thread(note_failure, request, ports)
        return _refused(HTTPStatus.UNAUTHORIZED, "invalid_client")
    told = Bought(access_token=sold.token, expires_in=int(sold.lasts.total_seconds()))
    return JSONResponse(told.model_dump(), headers=NO_STORE)


def _refused(status: HTTPStatus, error: str) -> Response:
    return JSONResponse({"error": error}, status_code=status, headers=NO_STORE)


def _form(body: bytes) -> dict[str, str]:
    """The last of each name; what is no text, or holds more than any of theirs, is no form."""
    try:
        told = parse_qs(body.decode(), max_num_fields=MOST_FIELDS)
        return {name: values[-1] for name, values in told.items()}
    except ValueError:
        return {}


def _basic(request: Request) -> tuple[str, str] | None:
    """Name and secret of the Authorization header, each form-encoded within it."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)
