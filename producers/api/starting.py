"""Finishing the setup of a connection, and pausing and resuming one."""

from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Connection as Db

from adapters.storage.by_hand.rezoned_rows import stay_on_the_clock
from adapters.storage.practices import connection_list, reviving
from adapters.storage.practices.connection_details import ConnectionDetails
from adapters.storage.runs.asking import ask_for_sync
from adapters.storage.sheet import linking
from domain.connections import State
from domain.errors import BadInput
from domain.people import Permission
from domain.rezoning import NO_ZONE_YET
from domain.sheet import Asked
from domain.window import local_day
from producers import seen
from producers.agreeing import require_agreements
from producers.answers import OneConnection, Started
from producers.doors import Door, door
from producers.noting import noted
from producers.problems import Problem
from producers.versions import MaybeIfMatch, hoped
from producers.words import Line

router = APIRouter(prefix="/api/pms/connections/{connection_id}", tags=["connections"])

Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]


class Pause(BaseModel):
    """`reason` is shown wherever the pause is."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Line, StringConstraints(strip_whitespace=True, max_length=200)] | None = None


@router.post("/start", summary="Finish the setup and sync at once")
def start(
    door: Configurer, response: Response, connection_id: UUID, if_match: MaybeIfMatch = None
) -> Started:
    """Answers the job of the first sync; of a connection that syncs already, of another one.

    A practice that was connected before goes on as that connection, whose id is then another.
    """
    version = hoped(if_match)
    with door.transaction() as db:
        linking.alone(db, door.account_id)
        connection_list.claim(db, connection_id, expected=version)
        connection_id = reviving.settled(
            db,
            connection_id,
            at=door.ports.clock(),
            on_the_clock=partial(stay_on_the_clock, db, door.seal, hand=door.hand),
        )
        found = seen.details(db, door, connection_id)
        _require_ready(found)
        require_agreements(db, door, found.vendor)
        job_id = _started(db, door, found)
        noted(db, door, connection_id, "started", summary=f"job {job_id}")
    return Started(job_id=job_id, connection=seen.one(door, connection_id, response))


@router.post("/pause", summary="Stop syncing until resumed")
def pause(
    door: Configurer,
    response: Response,
    connection_id: UUID,
    body: Pause | None = None,
    if_match: MaybeIfMatch = None,
) -> OneConnection:
    """Nothing stored is touched; syncs that wait are called off."""
    version = hoped(if_match)
    with door.transaction() as db:
        connection_list.claim(db, connection_id, expected=version)
        if seen.details(db, door, connection_id).state == State.SETUP_REQUIRED:
            raise Problem(HTTPStatus.CONFLICT, "This connection is not set up yet; start it first.")
        reason = (body.reason or None) if body else None
        connection_list.pause(db, connection_id, reason=reason)
        noted(db, door, connection_id, "paused")
    return OneConnection(connection=seen.one(door, connection_id, response))


@router.post("/resume", summary="Sync again, beginning now")
def resume(
    door: Configurer, response: Response, connection_id: UUID, if_match: MaybeIfMatch = None
) -> OneConnection:
    """Failures so far are forgiven; one that must sign in again is not resumed but reconnected."""
    version = hoped(if_match)
    with door.transaction() as db:
        connection_list.claim(db, connection_id, expected=version)
        found = seen.details(db, door, connection_id)
        require_agreements(db, door, found.vendor)
        if found.state == State.NEEDS_SIGN_IN:
            raise Problem(HTTPStatus.CONFLICT, "The PMS wants a new sign-in; reconnect it first.")
        connection_list.resume(db, connection_id)
        noted(db, door, connection_id, "resumed")
    return OneConnection(connection=seen.one(door, connection_id, response))


def _require_ready(found: ConnectionDetails) -> None:
    """Everything a first sync needs, asked for in the order of the wizard."""
    if found.state in {State.INACTIVE, State.NEEDS_SIGN_IN}:
        what = "paused; resume it" if found.state == State.INACTIVE else "signed out; reconnect it"
        raise Problem(HTTPStatus.CONFLICT, f"This connection is {what} instead.")
    if not found.site or found.setup_step == "connect":
        raise BadInput("Connect the practice first: pair it, or test it until it answers.")
    if found.timezone == NO_ZONE_YET:
        raise BadInput(
            "Say which time zone the practice keeps, such as Australia/Melbourne; its PMS does not"
            " tell."
        )
    if found.practitioners and not found.mapped and not found.settings.get("map_all"):
        raise BadInput("Match or create at least one clinician first; nothing would be synced.")


def _started(db: Db, door: Door, found: ConnectionDetails) -> int:
    now = door.ports.clock()
    if found.state == State.SETUP_REQUIRED:
        changes = {
            "state": State.ACTIVE.value,
            "state_reason": None,
            "setup_step": None,
            "next_sync_at": now + timedelta(minutes=found.frequency_minutes),
            "rests_until": now,
        }
        connection_list.configure(db, found.id, changes)
    today = local_day(now, found.timezone)
    days = Asked(first_day=today, last_day=today + timedelta(days=found.days_ahead))
    jobs = ask_for_sync(db, connection_id=found.id, asked=days, now=now)
    return next(iter(jobs))
