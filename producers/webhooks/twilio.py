"""Twilio's callbacks: what became of a text, and who wants none any more."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import parse_qs
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from adapters.storage.phone import opt_outs
from adapters.storage.phone.texts import TextStore
from adapters.texts.signatures import HEADER, is_genuine
from producers.ports import GivenPorts, Ports

router = APIRouter(tags=["twilio"])
log = structlog.get_logger()

STOPS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"})
STARTS = frozenset({"start", "unstop", "yes"})
MOST_FIELDS = 200
LONGEST_WORD = 40
NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
TWIML = {"content": {"text/xml": {"schema": {"type": "string"}}}}

Posted = Mapping[str, Sequence[str]]


@router.post("/twilio/status", status_code=HTTPStatus.NO_CONTENT, response_class=Response)
async def status(request: Request, ports: GivenPorts) -> Response:
    """What became of a text; twice, late or in any order it changes nothing that is settled."""
    posted = await _genuine(request, ports)
    if posted is None:
        return Response(status_code=HTTPStatus.UNAUTHORIZED)
    await asyncio.to_thread(_heard, ports, posted, text_id=_text_id(request))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.post("/twilio/inbound", response_class=Response, responses={HTTPStatus.OK.value: TWIML})
async def inbound(request: Request, ports: GivenPorts) -> Response:
    """A text from somebody: only a wish for no texts, or for texts again, is heard."""
    posted = await _genuine(request, ports)
    if posted is None:
        return Response(status_code=HTTPStatus.UNAUTHORIZED)
    await asyncio.to_thread(_obeyed, ports, posted)
    return Response(NOTHING_TO_SAY, media_type="text/xml")


async def _genuine(request: Request, ports: Ports) -> Posted | None:
    """What was posted, where it is Twilio who posts it; the address is ours by configuration."""
    token = ports.twilio_auth_token
    try:
        body = await request.body()
        posted = parse_qs(
            body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except (ClientDisconnect, ValueError):  # cut off, not UTF-8, or more fields than they send
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{ports.base_url}{request.url.path}{query}"
    given = request.headers.get(HEADER, "")
    if token and is_genuine(given, url=url, posted=posted, body=body, auth_token=token):
        return posted
    log.info("delivery.refused", vendor="twilio")
    return None


def _heard(ports: Ports, posted: Posted, *, text_id: str | None) -> None:
    sid = _one(posted, "MessageSid", "SmsSid")
    word = _one(posted, "MessageStatus", "SmsStatus").lower()
    if not (sid and word.isalpha()):
        return
    store = TextStore(engine=ports.database, sealer=ports.sealer, clock=ports.clock)
    ours = store.heard(sid, word, text_id=text_id, code=_one(posted, "ErrorCode"))
    log.info("text.told", status=word, outcome="ours" if ours else "not ours")


def _obeyed(ports: Ports, posted: Posted) -> None:
    """Twilio's own reading of the message where it gives one, else its words."""
    told = _one(posted, "OptOutType") or " ".join(_one(posted, "Body").split())
    wish, sender = told.casefold().rstrip(".!"), _one(posted, "From")
    if wish not in STOPS | STARTS or not sender.startswith("+"):
        return
    stops = wish in STOPS
    number = _one(posted, "To")
    count = opt_outs.heard(ports.database, ports.sealer, sender, number=number, stops=stops)
    log.info("text.stopped" if stops else "text.started", count=count)


def _one(posted: Posted, *names: str) -> str:
    found = next((posted[name][0] for name in names if name in posted), "")
    return found if len(found) <= LONGEST_WORD else ""


def _text_id(request: Request) -> str | None:
    """Which text a callback is about: it may come before we have kept Twilio's own id."""
    try:
        return str(UUID(request.query_params.get("text", "")))
    except ValueError:
        return None
