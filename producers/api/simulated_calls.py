"""A call played against ourselves while developing: through the same door as Vapi's, signed."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

import httpx
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from adapters import pms
from adapters.storage.phone import phone_book
from adapters.vapi.signing import proof
from domain.people import Permission
from domain.speech import heard_number
from producers.doors import Door, door
from producers.problems import Problem
from producers.words import Line

router = APIRouter(prefix="/api/vapi", tags=["vapi"])

Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]
Short = Annotated[Line, Field(max_length=100)]

WEBHOOK = "/vapi/webhook"
DEVELOPMENT_ONLY = "Calls are played while developing only; in production people call."
REAL = "The call would book at {}, which is not played on this machine; ring its number instead."
BUSY = "The ingress did not take the call; see what its log says."
_OFFER = re.compile(
    r"(?P<date>today|tomorrow|[A-Z][a-z]+day \d{1,2} [A-Z][a-z]+(?: \d{4})?)"
    r" at (?P<time>\d{1,2}(?::\d\d)? [ap]m|noon|midnight)"
)


class Wished(BaseModel):
    """Who calls and what for; without a name the caller is known by their number."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    caller: Annotated[Line, Field(pattern=r"^\+[1-9]\d{6,14}$")]
    patientName: Short | None = None  # noqa: N815 - the name of the tool's argument
    dateOfBirth: Short | None = None  # noqa: N815
    day: Short = "tomorrow"


class Turn(BaseModel):
    who: Literal["caller", "assistant"]
    text: str


class Call(BaseModel):
    """`confirmation` is the number the caller heard; None where nothing was booked."""

    id: str
    confirmation: str | None
    turns: list[Turn]


class OneCall(BaseModel):
    success: Literal[True] = True
    call: Call


@router.post("/simulated-calls", summary="Play a call, while developing")
async def play(request: Request, door: Configurer, body: Wished) -> OneCall:
    """Who they are, what is free, book the first of it, hear the number."""
    if door.ports.is_production:
        raise Problem(HTTPStatus.FORBIDDEN, DEVELOPMENT_ONLY)
    await asyncio.to_thread(_must_be_played, door)
    line = _Line(request, door, caller=body.caller)
    who = {"patientName": body.patientName, "dateOfBirth": body.dateOfBirth}
    known = {name: value for name, value in who.items() if value}
    await line.ask("Hello, I would like to make an appointment.", "search-patients", known)
    free = await line.ask(f"Is anything free {body.day}?", "check-availability", {"date": body.day})
    offer, number = _OFFER.search(free), None
    if offer is not None:
        day, time = offer["date"], offer["time"]
        wish = {"date": day, "time": time, "reason": "check-up"}
        booked = await line.ask(f"{day} at {time}, please.", "book-appointment", wish)
        number = heard_number(booked)
    return OneCall(call=Call(id=line.call_id, confirmation=number, turns=line.turns))


def _must_be_played(door: Door) -> None:
    with door.transaction() as db:
        found = phone_book.real(db, connectors=pms.desks(), urls=door.ports.urls)
    if found:
        raise Problem(HTTPStatus.CONFLICT, REAL.format(found[0]))


@dataclass
class _Line:
    """One call; each question is one signed message to our own webhook."""

    request: Request
    door: Door
    caller: str = field(kw_only=True)
    call_id: str = field(default_factory=lambda: str(uuid4()), kw_only=True)
    turns: list[Turn] = field(default_factory=list, kw_only=True)

    async def ask(self, says: str, tool: str, arguments: Mapping[str, Any]) -> str:
        self.turns.append(Turn(who="caller", text=says))
        own = f"call_{len(self.turns)}"
        ports = self.door.ports
        body = json.dumps({"message": self._message(own, tool, arguments)}).encode()
        plans = ports.voice.plans if ports.voice else ()
        url = f"{ports.base_url}{WEBHOOK}"
        headers = proof(plans, body, url=url, now=ports.clock())
        inside = httpx.ASGITransport(app=self.request.app)
        async with httpx.AsyncClient(transport=inside, base_url=ports.base_url) as client:
            answer = await client.post(WEBHOOK, content=body, headers=dict(headers))
        if answer.status_code != HTTPStatus.OK:
            raise Problem(HTTPStatus.BAD_GATEWAY, BUSY)
        entry = answer.json()["results"][0]
        said = str(entry.get("result") or entry.get("error"))
        self.turns.append(Turn(who="assistant", text=said))
        return said

    def _message(self, own: str, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        function = {"name": tool, "arguments": dict(arguments)}
        claim = {"metadata": {"accountId": self.door.account_id}}
        return {
            "type": "tool-calls",
            "timestamp": int(self.door.ports.clock().timestamp() * 1000),
            "toolCallList": [{"id": own, "type": "function", "function": function}],
            "call": {
                "id": self.call_id,
                "type": "inboundPhoneCall",
                "customer": {"number": self.caller},
                "assistantOverrides": claim,
            },
            "customer": {"number": self.caller},
        }
