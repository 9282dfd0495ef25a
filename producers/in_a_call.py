"""An assistant acts for its caller: of patients it hears nothing but in a call that goes on."""

from datetime import timedelta
from http import HTTPStatus

from adapters.storage.phone.phone_calls import UnderWay, under_way
from producers.doors import Door
from producers.problems import Problem

LONGEST_CALL = timedelta(hours=12)
"""Vapi ends a call by then (maxDurationSeconds)."""

NO_CALL = "Name the phone call in the address, ?callId=...: an assistant acts for its caller alone."
NOT_UNDER_WAY = "No such phone call is under way, so nothing of a patient can be told or done."


def require_call(door: Door) -> UnderWay:
    """The call that is under way; 403 without one."""
    if door.call_id is None:
        raise Problem(HTTPStatus.FORBIDDEN, NO_CALL)
    found = call_of(door)
    if found is None:
        raise Problem(HTTPStatus.FORBIDDEN, NOT_UNDER_WAY)
    return found


def call_of(door: Door) -> UnderWay | None:
    """The call the address names, if it is under way."""
    if door.call_id is None:
        return None
    ports, whose = door.ports, door.account_id
    since = ports.clock() - LONGEST_CALL
    with door.transaction() as db:
        return under_way(db, ports.sealer, account_id=whose, call_id=door.call_id, since=since)
