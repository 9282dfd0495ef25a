"""Sikka's marketplace tells that an office let us in: noted, and left to a job that asks Sikka."""

import asyncio
import hmac
from datetime import timedelta
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection as Db
from starlette.requests import ClientDisconnect

from adapters.storage.deliveries import deliveries
from adapters.storage.deliveries.deliveries import Arrival, Item
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import authorisation_tokens, authorisations
from adapters.storage.practices.authorisations import VENDOR, Noted
from domain.authorisations import SUBJECT, Notice
from domain.deliveries import Focus, UnreadableError
from domain.errors import SyncError
from domain.work import authorise_job
from infra.database import dispatch
from producers.ports import GivenPorts, Ports
from producers.webhooks.handshakes import LONGEST, read

router = APIRouter(tags=["webhooks"])
log = structlog.get_logger()

KEY_HEADER = "callback-key"
MOST_AN_HOUR = 120
"""Events that nobody vouches for are stored up to here; Sikka's list has what is left out."""

AN_HOUR = timedelta(hours=1)
GATHERING, REPEATED = timedelta(seconds=20), timedelta(minutes=1)
"""How soon Sikka is asked about an event without a state, and about one that came before."""


@router.post(
    "/pms/sikka/webhook/authorize", status_code=HTTPStatus.ACCEPTED, response_class=Response
)
async def authorise(request: Request, ports: GivenPorts) -> Response:
    """202 for whatever comes: five refusals and Sikka would send nothing more.

    Nothing of the body is believed. What this cannot take, the daily look at Sikka's list finds.
    """
    try:
        body = await request.body()
    except ClientDisconnect:
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    try:
        await asyncio.to_thread(_take, request, ports, body)
    except SyncError as error:
        log.warning("delivery.lost", vendor=VENDOR, error_kind=error.kind, error=str(error))
    return Response(status_code=HTTPStatus.ACCEPTED)


def _take(request: Request, ports: Ports, body: bytes) -> None:
    is_proven = _is_proven(ports, request.headers.get(KEY_HEADER, ""))
    if is_proven is None or not _app_id(ports):
        log.info("delivery.refused", vendor=VENDOR)
        return
    notice, reason = _read(body, request.query_params.get("state"))
    if notice is not None and notice.app_id not in {None, _app_id(ports)}:
        log.info("delivery.refused", vendor=VENDOR, reason="foreign application")
        return
    with dispatch(ports.database) as db:
        is_new = _kept(
            db, ports, notice, reason, body, is_proven=is_proven, trace_id=request.state.request_id
        )
    log.info("delivery.kept" if is_new else "delivery.repeated", vendor=VENDOR)


def _kept(  # noqa: PLR0913 - an event and how far it is trusted
    db: Db,
    ports: Ports,
    notice: Notice | None,
    reason: str | None,
    body: bytes,
    *,
    is_proven: bool,
    trace_id: str,
) -> bool:
    """The notice, its delivery and the job, in one transaction; whether it was news."""
    now = ports.clock()
    if not is_proven and _is_flooded(db, ports, notice):
        return False
    noted = Noted(ignored=reason)
    if notice is not None:
        noted = authorisations.note(db, ports.sealer, notice, is_proven=is_proven, now=now)
    arrival = Arrival(
        sender=VENDOR,
        event=_event(notice),
        account_id=noted.account_id,
        connection_id=None,
        trace_id=trace_id,
        body=body,
    )
    focus = Focus(SUBJECT, notice.office_id) if notice else None
    kept = deliveries.keep(db, ports.sealer, arrival, [Item(focus, noted.ignored, by_body=True)])
    if noted.ignored is None:
        wait = timedelta() if noted.is_claimed else GATHERING if kept.waiting else REPEATED
        account_id = noted.account_id if noted.is_claimed else None
        job_id = put(db, authorise_job(account_id=account_id, due_at=now + wait))
        deliveries.assign(db, kept.waiting, job_id=job_id)
    return not kept.repeated


def _is_flooded(db: Db, ports: Ports, notice: Notice | None) -> bool:
    """More than anybody should send; one with a state of ours is taken all the same."""
    now = ports.clock()
    if deliveries.came(db, VENDOR, since=now - AN_HOUR) < MOST_AN_HOUR:
        return False
    token = notice.token if notice else None
    if token is None:
        return True
    held = authorisation_tokens.find(db, ports.sealer, token, vendor=VENDOR, now=now)
    return held is None


def _is_proven(ports: Ports, given: str) -> bool | None:
    """Whether it came with the key that only Sikka has; None where it should have and did not."""
    wanted = ports.marketplace.callback_key
    if wanted is None:
        return False
    return True if hmac.compare_digest(given.encode(), wanted.encode()) else None


def _app_id(ports: Ports) -> str | None:
    return ports.presets.get(VENDOR, {}).get("app_id")


def _read(body: bytes, state: str | None) -> tuple[Notice | None, str | None]:
    try:
        return read(body, state=state[:LONGEST] if state else None), None
    except UnreadableError as problem:
        return None, str(problem)


def _event(notice: Notice | None) -> str:
    if notice is None:
        return "unknown"
    return "cancelled" if notice.is_end else "authorised"
