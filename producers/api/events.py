"""What happens to the sheet, as server-sent events that can be taken up again by number."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from adapters.storage.sheet_events import MOST, Event, is_pruned, newest, since
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


@router.get("", response_class=StreamingResponse, summary="Follow what happens to the sheet")
async def follow(
    request: Request,
    ports: GivenPorts,
    person: Annotated[Person, Depends(may(Permission.SEE_STATUS))],
    after: int | None = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> StreamingResponse:
    """Events after `Last-Event-ID` (or `after`), then live; `reload` when those are gone.

    An event may come twice, so act on what it says and not on how often it is said.
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
        told = {event.seq for event in missed}
        while True:
            heard = await _heard(reader)
            if heard is None:
                return
            for line in _lines(heard, told):
                yield line
            if not heard:
                if not await asyncio.to_thread(_still_in, request, ports):
                    return
                yield ": still here\n\n"


async def _heard(reader: Reader) -> list[Event] | None:
    """What came next, nothing for one heartbeat, or None when the stream has to end."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
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


def _reload(mark: int) -> str:
    return f'id: {mark}\nevent: reload\ndata: {{"seq": {mark}}}\n\n'
