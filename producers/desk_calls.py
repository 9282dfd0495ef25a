"""Asks a practice's desk through a worker and awaits what it says, never longer than a breath."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi.responses import JSONResponse
from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters import pms
from adapters.storage import locks
from adapters.storage.audit.audit import LONGEST_AGENT, record
from adapters.storage.jobs.ledger import put
from adapters.storage.phone import phone_book, tool_calls
from adapters.storage.phone.phone_book import Practice
from adapters.storage.phone.tool_calls import KeptToolCall, NewToolCall
from adapters.storage.phone.writes import WriteLedger
from domain.desk_calls import AVAILABILITY, BY_PERSON, PREFIX, READINGS, WORDS
from domain.tools import NO_PRACTICE, ToolAnswer, write_key
from domain.work import DESK_CALL, following_job
from domain.writes import MAY_STAND, KeptWrite, WriteState
from infra.database import transaction
from producers.callers import ANSWER_SECONDS
from producers.doors import Door
from producers.idempotency import LONGEST_KEY, REPLAYED
from producers.in_a_call import call_of, require_call
from producers.problems import Problem
from producers.reading import count_rows, reading

LOOK_SECONDS = 0.25
CALLS_A_MINUTE = 100
A_MINUTE = timedelta(minutes=1)
WRITES = "/api/pms/writes"
WITHOUT_CALL = frozenset({AVAILABILITY})
"""What tells nothing of a patient, so that an assistant needs no caller for it."""

NOT_NOW = (
    "The practice's system did not answer in time; nothing was changed. Try again in a moment."
)
SEVERAL = (
    "Several practices of this account can answer; name one in the address: ?integrationId=..., as"
    " GET /api/pms/setup lists them."
)
TEXTS = ("sendConfirmation", "sendNotification")
NO_TEXT = "No text can be sent from here: tell the patient yourself, as /deliveries has it."
REQUESTED = "Requested at the practice; it is not final until it says so."
DONE = "Done."

_CONNECTED = text(
    "SELECT EXISTS (SELECT FROM pms_connections"
    " WHERE removed_at IS NULL AND state IN ('ACTIVE', 'ERROR')"
    " AND id = COALESCE(CAST(:practice AS uuid), id))"
)
_EARLIER = text(
    """
    SELECT tool_call_id FROM tool_calls
    WHERE account_id = :account_id AND call_id = :call_id
      AND tool_call_id ^@ ANY(CAST(:marks AS text[]))
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call as it is kept; the same key with the same words is the same call.

    `ids` are what it may be kept under, by each of our keys, the one in force first, and `marks`
    how all ids of its `key` begin. An assistant's `call_id` is its phone call's, and `practice` the
    connection that answers that call, or else the one the address names.
    """

    call_id: str
    key: str | None = field(repr=False)
    ids: Sequence[str]
    marks: Sequence[str]
    caller: str | None = field(repr=False)
    name: str
    arguments: Mapping[str, Any] = field(repr=False)
    practice: UUID | None = None

    @property
    def tool_call_id(self) -> str:
        return self.ids[0]

    @property
    def write_key(self) -> str:
        return write_key(self.call_id, self.tool_call_id)


async def asked(
    door: Door, name: str, arguments: Mapping[str, Any], *, key: str | None = None
) -> JSONResponse:
    """What the desk says: the document, or a problem; 202 where a write is not final yet."""
    call = await asyncio.to_thread(_call, door, name, arguments, key)
    await asyncio.to_thread(_may_read, door, name)
    call, kept = await asyncio.to_thread(_keep, door, call)
    found = await _awaited(door, call, kept)
    await asyncio.to_thread(_count, door, name, found)
    if _lacks_text(door, found, arguments):
        found = {
            **found,
            "body": {**found["body"], "message": f"{found['body']['message']} {NO_TEXT}"},
        }
    return _told(found, again=not kept.is_new)


def _lacks_text(door: Door, found: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    """A text is wished for of a write that stands, or may, and none is ever sent from here."""
    is_wished = any(arguments.get(name) is True for name in TEXTS)
    sends = door.ports.voice is not None and door.ports.voice.sends_texts
    return is_wished and not sends and "write" in found and "body" in found


def _may_read(door: Door, name: str) -> None:
    """What an assistant may ask is bounded by whom it has proved its caller to be."""
    if name in READINGS and not door.by_assistant:
        with reading(door, much=True):
            pass


def _count(door: Door, name: str, found: Mapping[str, Any]) -> None:
    """Each patient or appointment that is listed, or the one that is told."""
    if name not in READINGS or door.by_assistant or not found.get("phi"):
        return
    listed = sum(len(one) for one in found.get("body", {}).values() if isinstance(one, list))
    with reading(door) as db:
        count_rows(db, door, max(1, listed))


def _call(door: Door, name: str, arguments: Mapping[str, Any], key: str | None) -> Asked:
    """The words of a call are told apart by a keyed hash, so that no id holds any of them."""
    if key is not None and not (
        key.isascii() and key.isprintable() and 0 < len(key) <= LONGEST_KEY
    ):
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            f"An Idempotency-Key is a text of your own, at most {LONGEST_KEY} characters.",
        )
    given = {name: value for name, value in arguments.items() if value is not None}
    own, hashed = key or str(uuid4()), door.ports.sealer.named_fingerprints
    named = [str(door.practice)] if door.practice else []
    asked_for = json.dumps([name, given, *named], sort_keys=True)
    words = [one.hex() for one in hashed(asked_for.encode())]
    marks = [""] * len(words)
    if door.by_assistant and name not in WITHOUT_CALL:
        call = require_call(door)
        marks = [f"{PREFIX}{one.hex()}." for one in hashed(own.encode())]
        call_id, caller, practice = call.id, call.caller, call.connection_id
    else:
        under_way = call_of(door)
        call_id, caller = f"{BY_PERSON}{own}", door.person.name
        practice = under_way.connection_id if under_way else None
    ids = [f"{mark}{one}" for mark, one in zip(marks, words, strict=True)]
    return Asked(
        call_id=call_id,
        key=key,
        ids=ids,
        marks=marks,
        caller=caller,
        name=name,
        arguments=given,
        practice=practice or door.practice,
    )


def _keep(door: Door, call: Asked) -> tuple[Asked, KeptToolCall]:
    """Stored with its job in one transaction, or refused in one sentence."""
    ports = door.ports
    with door.transaction() as db:
        serving = _serving(db, call)
        if call.key is not None:
            call = _known(db, door, call)
        since = ports.clock() - A_MINUTE
        if phone_book.recent(db, door.account_id, since=since, by_api=True) >= CALLS_A_MINUTE:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"More than {CALLS_A_MINUTE} requests in a minute; wait a moment.",
                headers={"Retry-After": "60"},
            )
        new = NewToolCall(
            account_id=door.account_id,
            connection_id=serving.id,
            delivery_id=None,
            call_id=call.call_id,
            tool_call_id=call.tool_call_id,
            tool=call.name,
            arguments=call.arguments,
            caller=call.caller,
            control_url=None,
            reply_to=ports.voice.replies.name if ports.voice else "",
            deadline_at=ports.clock() + timedelta(seconds=_patience(door)),
            trace_id=door.access.trace_id or str(uuid4()),
            asked_from=door.access.ip_address,
            asked_with=(door.access.user_agent or "")[:LONGEST_AGENT] or None,
        )
        kept = tool_calls.keep(db, ports.sealer, new, vendor=serving.vendor, kind=DESK_CALL)
        return call, kept


def _serving(db: Db, call: Asked) -> Practice:
    """The practice that is asked; only one that is alone needs no name."""
    able = phone_book.serving(phone_book.practices(db, connectors=pms.desks()))
    if call.practice is None and len(able) > 1:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, SEVERAL)
    found = next((one for one in able if call.practice in {None, one.id}), None)
    if found is None:
        raise _nobody_to_ask(db, call)
    return found


def _known(db: Db, door: Door, call: Asked) -> Asked:
    """As it was kept before under its key, be it before a rotation; refused where that was other.

    Whoever comes under the same key at the same time waits here until that is kept.
    """
    whose = {"account_id": door.account_id, "call_id": call.call_id}
    locks.take(db, f"{door.account_id}/{call.call_id}/{call.key}")
    earlier = set(db.execute(_EARLIER, {**whose, "marks": list(call.marks)}).scalars())
    if earlier.difference(call.ids):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request; choose a new one.",
        )
    return replace(call, ids=[*sorted(earlier), *call.ids][:1])


def _nobody_to_ask(db: Db, call: Asked) -> Problem:
    if db.execute(_CONNECTED, {"practice": call.practice}).scalar_one():
        return Problem(
            HTTPStatus.NOT_IMPLEMENTED, f"This practice's system cannot {WORDS[call.name]}."
        )
    return Problem(HTTPStatus.NOT_FOUND, NO_PRACTICE)


async def _awaited(door: Door, call: Asked, kept: KeptToolCall) -> Mapping[str, Any]:
    """Woken over Redis where that can be, else by looking; after that nobody waits any more."""
    voice = door.ports.voice
    ends = asyncio.get_running_loop().time() + _patience(door)
    woken = voice.replies.expect(kept.id) if voice else asyncio.Event()
    try:
        while asyncio.get_running_loop().time() < ends:
            found = await asyncio.to_thread(_answer, door, call, kept)
            if found is not None:
                return found
            if kept.state not in tool_calls.OPEN:
                break  # it was answered, and the answer is kept no more
            try:
                await asyncio.wait_for(woken.wait(), timeout=LOOK_SECONDS)
            except TimeoutError:
                continue
            woken.clear()
    finally:
        if voice:
            voice.replies.forget(kept.id)
    return await asyncio.to_thread(_late, door, call, kept)


def _patience(door: Door) -> float:
    """As long as a caller would wait."""
    return door.ports.voice.answer_seconds if door.ports.voice else ANSWER_SECONDS


def _answer(door: Door, call: Asked, kept: KeptToolCall) -> Mapping[str, Any] | None:
    """What was answered, if it was; one read once more is one more access."""
    with transaction(door.ports.database, account_id=door.account_id) as db:
        found = tool_calls.answers(db, door.ports.sealer, [kept.id]).get(kept.id)
        if found is None:
            return None
        document = _document(found)
        if not kept.is_new and "body" in document:
            record(
                db,
                door.access,
                account_id=door.account_id,
                action=call.name,
                phi_fields=document.get("phi", ()),
                patient_id=document.get("patient"),
                vapi_call_id=door.call_id,
                summary=f"tool call {kept.id}, told again",
                status=document["status"],
            )
    if "body" not in document and document["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        return _as_it_stands(door, call) or document
    return document


def _document(found: ToolAnswer) -> dict[str, Any]:
    """What a worker or we have written; a sentence of the frame is a problem of its own."""
    try:
        document: dict[str, Any] = json.loads(found.text)
    except ValueError:
        if found.text == NO_PRACTICE:
            return {"status": HTTPStatus.NOT_FOUND, "problem": NO_PRACTICE}
        return {"status": HTTPStatus.SERVICE_UNAVAILABLE, "problem": NOT_NOW}
    return document


def _late(door: Door, call: Asked, kept: KeptToolCall) -> Mapping[str, Any]:
    """Nobody answered: what has not left by now never will, what has is followed."""
    ports = door.ports
    ledger = WriteLedger(
        ports.database, ports.sealer, account_id=door.account_id, clock=ports.clock
    )
    with door.transaction() as db:
        if tool_calls.still_open(db, kept.id, states=tool_calls.OPEN):
            write = ledger.call_off(db, call.write_key)
            document = _standing(write) or {
                "status": HTTPStatus.SERVICE_UNAVAILABLE,
                "problem": NOT_NOW,
            }
            said = ToolAnswer(text=json.dumps(document), is_error="problem" in document)
            now, whose = ports.clock(), door.account_id
            tool_calls.give_up(db, ports.sealer, kept.id, said, account_id=whose, now=now)
            if write is not None and write.state in MAY_STAND:
                put(db, following_job(write))
            record(
                db,
                door.access,
                account_id=door.account_id,
                action=call.name,
                vapi_call_id=door.call_id,
                summary=f"tool call {kept.id}, not answered in time",
                status=document["status"],
                success="problem" not in document,
            )
    found = _answer(door, call, kept) or _as_it_stands(door, call)
    return found or {"status": HTTPStatus.SERVICE_UNAVAILABLE, "problem": NOT_NOW}


def _as_it_stands(door: Door, call: Asked) -> Mapping[str, Any] | None:
    """A write that may have left, or was done, whatever the words were."""
    ports = door.ports
    ledger = WriteLedger(
        ports.database, ports.sealer, account_id=door.account_id, clock=ports.clock
    )
    return _standing(ledger.by_key(call.write_key))


def _standing(write: KeptWrite | None) -> dict[str, Any] | None:
    """None of a write that surely changed nothing."""
    if write is None or write.state not in MAY_STAND:
        return None
    is_final = write.state is WriteState.CONFIRMED
    status = "confirmed" if is_final else "requested"
    body = {
        "write": {"id": str(write.id), "kind": write.write.kind.value, "status": status},
        "confirmationNumber": write.confirmation,
        "message": DONE if is_final else REQUESTED,
    }
    code = HTTPStatus.OK if is_final else HTTPStatus.ACCEPTED
    return {"status": int(code), "body": body, "write": str(write.id)}


def _told(document: Mapping[str, Any], *, again: bool) -> JSONResponse:
    status = int(document["status"])
    headers = {REPLAYED: "true"} if again else {}
    if "problem" in document:
        waits = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        raise Problem(status, document["problem"], headers={**headers, **waits})
    if status == HTTPStatus.ACCEPTED and "write" in document:
        headers["Location"] = f"{WRITES}/{UUID(document['write'])}"
    body = {"success": True, **document["body"]}
    return JSONResponse(body, status_code=status, headers=headers)
