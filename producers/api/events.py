"""What happens to the sheet, as server-sent events that can be taken up again by number."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from adapters.storage.sheet.sheet_events import MOST, Event, is_pruned, newest, since
from domain.people import Permission, Person
from domain.sheet import as_json
from infra.database import dispatch
from producers.following import Reader
from producers.ports import GivenPorts, Ports
from producers.problems import Problem
from producers.security import authenticate, may

router = APIRouter(prefix="/api/run-sheet/events", tags=["run sheet"])

HEARTBEAT_SECONDS = 15.0
RETRY_MS = 2000
MOST_DIGITS = len(str(2**63))
BEAT = ""
GOODBYE = "event: goodbye\ndata: {}\n\n"


async def following(
    ports: GivenPorts, person: Annotated[Person, Depends(may(Permission.SEE_STATUS))]
) -> AsyncIterator[Person]:
    """A dependency: who follows, for as long as they do; 429 where they follow too often."""
    with ports.crowds.stream(person):
        yield person


@router.get("", response_class=StreamingResponse, summary="Follow what happens to the sheet")
async def follow(
    request: Request,
    ports: GivenPorts,
    person: Annotated[Person, Depends(following)],
    after: int | None = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> StreamingResponse:
    """Events after `Last-Event-ID` (or `after`), then live; `reload` when those are gone.

    An event may come twice, so act on what it says and not on how often it is said. The first
    `heartbeat` tells that nothing is missing; two and a half without one, and the line is dead.
    """
    is_one = last_event_id and last_event_id.isdecimal() and len(last_event_id) <= MOST_DIGITS
    resume = int(last_event_id or 0) if is_one else after
    return StreamingResponse(
        _stream(request, ports, person, resume),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _stream(
    request: Request, ports: Ports, person: Person, after: int | None
) -> AsyncIterator[str]:
    async with ports.hub.reader(person.account_id) as reader:
        yield f"retry: {RETRY_MS}\n\n"
        missed, mark, lost = await asyncio.to_thread(_missed, ports, person.account_id, after)
        if lost:
            yield _reload(mark)
        for event in missed:
            yield _event(event)
        yield _heartbeat(mark)
        async for line in _live(reader, {event.seq for event in missed}):
            # Asked however much is told: a busy stream ends with its session as a silent one does.
            if line is BEAT and not await asyncio.to_thread(_still_in, request, ports):
                return
            yield line or _heartbeat()


async def _live(reader: Reader, told: set[int]) -> AsyncIterator[str]:
    """What comes; `BEAT` once each heartbeat, and a goodbye when the stream has to end."""
    loop = asyncio.get_running_loop()
    beat = loop.time() + HEARTBEAT_SECONDS
    while True:
        heard = await _heard(reader, until=beat)
        if heard is None:
            yield GOODBYE
            return
        for line in _lines(heard, told):
            yield line
        if loop.time() >= beat:
            beat = loop.time() + HEARTBEAT_SECONDS
            yield BEAT


async def _heard(reader: Reader, *, until: float) -> list[Event] | None:
    """What came next, nothing before the heartbeat, or None when the stream has to end."""
    try:
        async with asyncio.timeout_at(until):
            event = await reader.unread.get()
    except TimeoutError:
        return []
    return None if event is None else [event]


def _lines(events: Sequence[Event], told: set[int]) -> Iterator[str]:
    for event in events:
        if event.seq not in told:
            yield _event(event)


def _missed(ports: Ports, account_id: str, after: int | None) -> tuple[list[Event], int, bool]:
    """Events after that number; and the newest number, where they cannot be told any more."""
    with dispatch(ports.database) as db:
        mark = newest(db)
        if after is None:
            return [], mark, False
        if is_pruned(db, after):
            return [], mark, True
        events = list(since(db, account_id, after))
    return ([], mark, True) if len(events) >= MOST else (events, mark, False)


def _still_in(request: Request, ports: Ports) -> bool:
    """Somebody who was shown out, or whose session ended, hears no more."""
    try:
        authenticate(request, ports)
    except Problem:
        return False
    return True


def _event(event: Event) -> str:
    body = {"seq": event.seq, "connection_id": event.connection_id, **event.detail}
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(as_json(body))}\n\n"


def _heartbeat(mark: int | None = None) -> str:
    """With the number up to which all is told, where it is the first."""
    told = {"seconds": HEARTBEAT_SECONDS, **({} if mark is None else {"seq": mark})}
    return f"event: heartbeat\ndata: {json.dumps(told)}\n\n"


def _reload(mark: int) -> str:
    return f'id: {mark}\nevent: reload\ndata: {{"seq": {mark}}}\n\n'
