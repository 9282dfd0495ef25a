"""Webhooks of every vendor: proved by the connection's key, stored, and left to a job."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from adapters.storage.audit.audit import Access, record
from adapters.storage.deliveries import deliveries
from adapters.storage.deliveries.deliveries import Arrival, Item, Kept
from adapters.storage.deliveries.webhook_keys import Holder, holder
from adapters.storage.jobs.ledger import put
from adapters.storage.practices.rhythms import wake
from adapters.storage.practices.schedule import read_whole_soon
from domain.connections import State
from domain.deliveries import Focus, UnreadableError
from domain.work import refetch_job
from infra.database import dispatch, transaction
from producers.ports import GivenPorts, Ports
from producers.problems import Problem
from producers.webhooks.senders import HEADER, Sender, senders

router = APIRouter(tags=["webhooks"])
log = structlog.get_logger()

GATHERING = timedelta(seconds=2)
"""How long a job waits for the rest of a burst."""

MOST_WAITING = 600
FLOOD = "Too many waited at once; the practice's days are read whole instead."
"""One whole pass costs less than looking up so many one by one."""

UNKNOWN_EVENT = "unknown"
SYNCED = frozenset({State.ACTIVE, State.ERROR})


@router.post("/webhooks/{vendor}/{event}", status_code=HTTPStatus.ACCEPTED, response_class=Response)
async def receive(vendor: str, event: str, request: Request, ports: GivenPorts) -> Response:
    """202 for whatever comes with a connection's key, 401 for anything else.

    Nothing of the body is believed: what it names is read again at the vendor. Vendors switch
    webhooks off that are refused, so a body that makes no sense is kept with the reason.
    """
    sender = senders().get(vendor)
    if sender is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
    held = await asyncio.to_thread(_holder, ports, sender, _key(request))
    if held is None:
        log.info("delivery.refused", vendor=sender.name)
        return Response(status_code=HTTPStatus.UNAUTHORIZED)
    try:
        body = await request.body()
    except ClientDisconnect:
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    known = event if event in sender.events else UNKNOWN_EVENT
    await asyncio.to_thread(_keep, ports, sender, held, _arrival(request, held, known, body))
    return Response(status_code=HTTPStatus.ACCEPTED)


def _key(request: Request) -> str:
    """The header we ask for, or a bearer token where a vendor sends only that."""
    given = request.headers.get(HEADER)
    if given is not None:
        return given.strip()
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _holder(ports: Ports, sender: Sender, key: str) -> Holder | None:
    with dispatch(ports.database) as db:
        found = holder(db, ports.sealer, key)
    return found if found and found.vendor == sender.name else None


def _arrival(request: Request, held: Holder, event: str, body: bytes) -> Arrival:
    return Arrival(
        sender=held.vendor,
        event=event,
        account_id=held.account_id,
        connection_id=held.connection_id,
        trace_id=request.state.request_id,
        body=body,
    )


def _keep(
    ports: Ports, sender: Sender, held: Holder, arrival: Arrival, *, most: int = MOST_WAITING
) -> None:
    """The deliveries, their job and the audit row, in one transaction."""
    items = _items(sender, held, arrival)
    with transaction(ports.database, account_id=held.account_id) as db:
        if deliveries.waiting(db, held.connection_id) + len(items) > most:
            items = [replace(one, ignored=one.ignored or FLOOD) for one in items]
            read_whole_soon(db, held.connection_id)
        kept = deliveries.keep(db, ports.sealer, arrival, items)
        if kept.waiting:
            job = refetch_job(
                account_id=held.account_id,
                connection_id=held.connection_id,
                vendor=held.vendor,
                due_at=ports.clock() + GATHERING,
            )
            deliveries.assign(db, kept.waiting, job_id=put(db, job))
            wake(db, held.connection_id)
        if kept.waiting or kept.ignored:
            record(
                db,
                _access(arrival),
                account_id=held.account_id,
                action="webhook.received",
                connection_id=held.connection_id,
                summary=_told(kept),
                status=HTTPStatus.ACCEPTED,
            )
    log.info(
        "delivery.kept" if kept.waiting or kept.ignored else "delivery.repeated",
        vendor=arrival.sender,
        connection_id=str(held.connection_id),
        saved=len(kept.waiting),
        skipped=kept.ignored,
        unchanged=kept.repeated,
    )


def _items(sender: Sender, held: Holder, arrival: Arrival) -> Sequence[Item]:
    try:
        named = sender.read(arrival.body)
    except UnreadableError as reason:
        return [Item(None, str(reason))]
    return [Item(one, _why_not(sender, held, arrival, one)) for one in named]


def _why_not(sender: Sender, held: Holder, arrival: Arrival, one: Focus) -> str | None:
    """Why this asks for nothing, if it does not."""
    if arrival.event == UNKNOWN_EVENT:
        return "The address names no event of this vendor."
    if one.kind not in sender.wanted:
        return f"Nothing of the sheet depends on a resource of type {one.kind}."
    if held.state not in SYNCED:
        return "The connection is not active; the first sync afterwards reads everything."
    return None


def _access(arrival: Arrival) -> Access:
    return Access(
        user=f"webhook:{arrival.sender}",
        endpoint="/webhooks/{vendor}/{event}",
        method="POST",
        trace_id=arrival.trace_id,
    )


def _told(kept: Kept) -> str:
    return f"waiting={len(kept.waiting)} ignored={kept.ignored} repeated={kept.repeated}"
