"""Vapi's messages: proved, stored and answered by workers; the caller always hears words."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Connection as Db
from sqlalchemy import text
from starlette.requests import ClientDisconnect

from adapters import pms
from adapters.storage.phone import phone_book, phone_calls, tool_calls, unreached, voice_board
from adapters.storage.phone.tool_calls import KeptToolCall, NewToolCall
from adapters.vapi.messages import TOOL_CALLS, Message, ToolCall, canonical, one_line, read
from adapters.vapi.verifying import Signed, is_genuine
from domain.errors import BadInput, SyncError
from domain.jobs import Queue
from domain.tools import BROKEN, NOT_OURS, TOO_MANY, ToolAnswer
from infra.database import CommitUnknown, DatabaseAway, dispatch, transaction
from producers.callers import Voice
from producers.ports import GivenPorts, Ports
from producers.turned_away import of_tools
from producers.turns import TooBusyError
from producers.voice import Asked, answered

router = APIRouter(tags=["vapi"])
log = structlog.get_logger()

A_MINUTE = timedelta(minutes=1)
AGAIN_SECONDS = 0.25
"""Between two attempts to store a message while the database is away."""
MARK_LENGTH = 16
NOBODY = "Nobody can be reached at the moment."
HAS_ENDED = "This phone call has ended, so nothing more can be told or done in it."
ANOTHER_REQUEST = "This request has the id of another one; ask again under an id of its own."
NO_ASSISTANT = "This number has no assistant here."

_KEEP = text(
    """
    INSERT INTO deliveries (id, account_id, connection_id, sender, event, dedupe_key, subject, body,
                            state, trace_id, call_id, settled_at)
    VALUES (:id, :account_id, :connection_id, 'vapi', :event, :dedupe_key, :subject, :body, 'done',
            :trace_id, :call_id, now())
    ON CONFLICT (sender, dedupe_key) DO UPDATE SET
      times = deliveries.times + 1, last_received_at = now()
    RETURNING id
    """
)
_CALL = text(
    """
    INSERT INTO phone_calls (account_id, call_id, ended_at, ended_reason)
    VALUES (:account_id, :call_id, CASE WHEN :has_ended THEN now() END, :reason)
    ON CONFLICT (account_id, call_id) DO UPDATE SET seen_at = now(),
      ended_at = COALESCE(phone_calls.ended_at, EXCLUDED.ended_at),
      ended_reason = COALESCE(phone_calls.ended_reason, EXCLUDED.ended_reason)
    """
)


class Result(BaseModel):
    """What is said of one tool call: its result, or why there is none."""

    toolCallId: str  # noqa: N815 - Vapi's name
    name: str
    result: str | None = None
    error: str | None = None


class Destination(BaseModel):
    type: str
    number: str


class Results(BaseModel):
    """The results of a message's tool calls; `result` or `error` for one of the older kind."""

    results: Sequence[Result] | None = None
    result: str | None = None
    error: str | None = None
    destination: Destination | None = None


@router.post("/vapi/webhook", response_model=Results)
async def webhook(request: Request, ports: GivenPorts) -> Response:
    """Every message of an assistant, at one address."""
    return await _receive(request, ports, tool=None)


@router.post("/vapi/tools/{tool}", response_model=Results)
async def tool_webhook(tool: str, request: Request, ports: GivenPorts) -> Response:
    """The messages of one tool, at an address of its own."""
    return await _receive(request, ports, tool=tool)


async def _receive(request: Request, ports: Ports, *, tool: str | None) -> Response:
    """401 for what is not genuine, else 200: any other status would be silence to the caller."""
    voice, arrived = ports.voice, time.monotonic()
    try:
        body = await request.body()
    except ClientDisconnect:
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    if voice is None or not is_genuine(voice.plans, _signed(request, ports, body)):
        log.info("delivery.refused", vendor="vapi")
        return Response(status_code=HTTPStatus.UNAUTHORIZED)
    try:
        # How it begins names the key, the same for every body.
        mark = ports.sealer.fingerprint(body).hex()[-MARK_LENGTH:]
        message = read(body, tool=tool, mark=mark)
    except BadInput as problem:
        return JSONResponse({"error": str(problem)})
    if message.type not in TOOL_CALLS:
        return JSONResponse(await voice.turns.take(_told, ports, message))
    came = _Came(message, body, request.state.request_id, arrived)
    return JSONResponse(_response(message, await _tools(ports, voice, came)))


@dataclass(frozen=True, slots=True)
class _Came:
    """A message that asks for tools; `arrived` is when, on the monotonic clock."""

    message: Message
    body: bytes = field(repr=False)
    trace_id: str
    arrived: float


async def _tools(ports: Ports, voice: Voice, came: _Came) -> Mapping[str, ToolAnswer]:
    """Each call's answer, by its id."""
    try:
        # A line to the database that says nothing more must not keep the caller.
        async with asyncio.timeout(came.arrived + voice.last_seconds - time.monotonic()):
            kept = await _kept(ports, voice, came)
        if not isinstance(kept, str):
            said = await answered(ports, voice, kept)
            return {**said, **_refused(kept.refused, ANOTHER_REQUEST)}
        return _refused_all(came.message, kept)
    except TooBusyError:
        log.warning("voice.too_busy")
        voice.turned_away.note(ports.database, came.message, at=ports.clock())
        return _refused_all(came.message, TOO_MANY)
    except SyncError as problem:
        log.warning("delivery.not_kept", error_kind=problem.kind)
    except TimeoutError:
        log.warning("delivery.not_kept", error_kind="Silent")
    except Exception:
        log.exception("delivery.crashed")
    return {}


async def _kept(ports: Ports, voice: Voice, came: _Came) -> Asked | str:
    """Stored, or why it is refused; while the database is away it is asked again for a while.

    Where a commit may have been carried out unseen, a worker may begin at any moment: nothing is
    said until that is known, or the caller's patience is over and no worker begins any more.
    """
    patience = voice.fallback_seconds
    try:
        left = came.arrived + voice.turn_seconds - time.monotonic()
        return await voice.turns.take_within(left, _keep, ports, voice, came)
    except DatabaseAway as away:
        last = away
    while True:
        if isinstance(last, CommitUnknown):
            patience = voice.answer_seconds
        if time.monotonic() + AGAIN_SECONDS > came.arrived + patience:
            raise last
        await asyncio.sleep(AGAIN_SECONDS)
        try:
            return await voice.turns.take(_keep, ports, voice, came)
        except DatabaseAway as away:
            last = away


def _refused_all(message: Message, why: str) -> Mapping[str, ToolAnswer]:
    return _refused([one.id for one in message.tool_calls], why)


def _refused(ids: Iterable[str], why: str) -> Mapping[str, ToolAnswer]:
    return dict.fromkeys(ids, ToolAnswer(text=why, is_error=True))


def _keep(ports: Ports, voice: Voice, came: _Came) -> Asked | str:
    """Stored with its jobs in one transaction, then announced; or why it is refused."""
    message = came.message
    with dispatch(ports.database) as db:
        account = phone_book.account_of(db, message.call)
    if account is None:
        return NOT_OURS
    sound = {one.id: one for one in message.tool_calls if one.problem is None}
    with transaction(ports.database, account_id=account.id) as db:
        if phone_calls.has_ended(db, account_id=account.id, call_id=message.call.id):
            return HAS_ENDED
        since = ports.clock() - A_MINUTE
        if _fresh(db, message, account.id, since=since) > voice.calls_a_minute:
            tools = of_tools(message)
            voice_board.turn_away(db, tools, account_id=account.id, at=ports.clock())
            return TOO_MANY
        called = (message.call.called_number, message.call.called_number_id)
        practices = phone_book.practices(db, connectors=pms.desks())
        serving = phone_book.answering(practices, called)
        arrival = _Arrival(came, account.id, serving)
        delivery_id = _delivery(db, ports, arrival)
        found = {}
        for name, made in sound.items():
            new = _new(ports, voice, arrival, made, delivery_id=delivery_id)
            vendor = serving.vendor if serving else None
            found[name] = tool_calls.keep(db, ports.sealer, new, vendor=vendor)
    kept = {key: one for key, one in found.items() if one.is_same}
    _announce(voice, kept)
    return Asked(
        account_id=account.id,
        call_id=arrival.call_id,
        trace_id=came.trace_id,
        caller=message.call.caller,
        kept=kept,
        made=sound,
        refused=frozenset(found) - frozenset(kept),
        arrived=came.arrived,
    )


def _fresh(db: Db, message: Message, account_id: str, *, since: datetime) -> int:
    """How many tool calls the account has had since then, with these; none for repeated ones.

    Who asks the same again is answered as before.
    """
    ids = [one.id for one in message.tool_calls if one.problem is None]
    new = len(ids) - tool_calls.known(db, account_id, message.call.id, ids)
    return phone_book.recent(db, account_id, since=since) + new if new else 0


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A message, whose it is, and which connection serves it."""

    came: _Came
    account_id: str
    serving: phone_book.Practice | None

    @property
    def call_id(self) -> str:
        return self.came.message.call.id or f"no-call:{self.came.trace_id}"

    @property
    def connection_id(self) -> UUID | None:
        return self.serving.id if self.serving else None


def _new(
    ports: Ports, voice: Voice, arrival: _Arrival, made: ToolCall, *, delivery_id: UUID
) -> NewToolCall:
    call, waited = arrival.came.message.call, time.monotonic() - arrival.came.arrived
    return NewToolCall(
        account_id=arrival.account_id,
        connection_id=arrival.connection_id,
        delivery_id=delivery_id,
        call_id=arrival.call_id,
        tool_call_id=made.id,
        tool=canonical(made.name),
        arguments=made.arguments,
        caller=call.caller,
        control_url=call.control_url,
        reply_to=voice.replies.name,
        deadline_at=ports.clock() + voice.patience - timedelta(seconds=waited),
        trace_id=arrival.came.trace_id,
    )


def _announce(voice: Voice, kept: Mapping[str, KeptToolCall]) -> None:
    """At once; should Redis be away, the scheduler's sweep does it, or the fallback answers.

    One that came before and still waits may have been stored without anybody hearing of it.
    """
    waiting = [one for one in kept.values() if one.state == "waiting"]
    jobs = [one.job_id for one in waiting if one.job_id is not None]
    try:
        voice.announcer.announce(Queue.VOICE.value, jobs)
    except SyncError as away:
        log.warning("voice.not_announced", error=str(away))


def _delivery(db: Db, ports: Ports, arrival: _Arrival) -> UUID:
    row_id, came, account_id = uuid4(), arrival.came, arrival.account_id
    message = came.message
    whose = f"{account_id}\x1f{message.call.id}\x1f".encode()
    values = {
        "id": row_id,
        "account_id": account_id,
        "connection_id": arrival.connection_id,
        "event": message.type,
        "dedupe_key": ports.sealer.fingerprint(whose + came.body).hex(),
        "subject": ", ".join(canonical(one.name) for one in message.tool_calls)[:200],
        "body": ports.sealer.seal(
            came.body, table="deliveries", column="body", row=row_id, account=account_id
        ),
        "trace_id": came.trace_id,
        "call_id": message.call.id or None,
    }
    found: UUID = db.execute(_KEEP, values).scalar_one()
    return found


def _told(ports: Ports, message: Message) -> Mapping[str, Any]:
    """What messages that call no tool are answered with; most want nothing."""
    try:
        with dispatch(ports.database) as db:
            account = phone_book.account_of(db, message.call)
        if message.type == "transfer-destination-request":
            return _destination(account)
        if message.type == "assistant-request":
            return {"error": NO_ASSISTANT}
        if account is not None and message.call.id:
            _note(ports, account.id, message)
    except SyncError as problem:
        log.warning("delivery.not_kept", error_kind=problem.kind)
    return {}


def _destination(account: phone_book.Listed | None) -> Mapping[str, Any]:
    if account is None or not account.transfer_to:
        return {"error": NOBODY}
    return {"destination": {"type": "number", "number": account.transfer_to[0]}}


def _note(ports: Ports, account_id: str, message: Message) -> None:
    """That a call goes on, or has ended and why; nothing of what was said in it.

    Who calls is kept only where they were to be put through to somebody and were not.
    """
    call = message.call
    values = {
        "account_id": account_id,
        "call_id": call.id,
        "has_ended": call.has_ended,
        "reason": call.ended_reason,
    }
    with transaction(ports.database, account_id=account_id) as db:
        db.execute(_CALL, values)
        if call.has_ended and call.reached_nobody:
            unreached.keep(
                db,
                ports.sealer,
                account_id=account_id,
                call_id=call.id,
                caller=call.caller,
                now=ports.clock(),
            )


def _signed(request: Request, ports: Ports, body: bytes) -> Signed:
    """The address as Vapi knows it: ours by configuration, whatever a proxy made of it."""
    query = f"?{request.url.query}" if request.url.query else ""
    return Signed(
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in request.headers.raw
        },
        body=body,
        method=request.method,
        url=f"{ports.base_url}{request.url.path}{query}",
        now=ports.clock(),
    )


def _response(message: Message, answers: Mapping[str, ToolAnswer]) -> Mapping[str, Any]:
    """One entry for each call, in order, each one line of text."""
    results = [_entry(one, answers.get(one.id)) for one in message.tool_calls]
    if message.is_legacy:
        said = results[0] if results else {"error": BROKEN}
        return {"result": said.get("result") or said.get("error")}
    return {"results": results}


def _entry(made: ToolCall, answer: ToolAnswer | None) -> Mapping[str, str]:
    if made.problem is not None:
        answer = ToolAnswer(text=made.problem, is_error=True)
    answer = answer or ToolAnswer(text=BROKEN, is_error=True)
    kind = "error" if answer.is_error else "result"
    return {"toolCallId": made.id, "name": made.name, kind: one_line(answer.text)}
