"""The door of the API that assistants use too: a person, or a request Vapi has signed."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from http import HTTPStatus
from uuid import UUID

from fastapi import Request
from sqlalchemy import text
from starlette.concurrency import run_in_threadpool

from adapters.vapi.verifying import Signed, is_genuine
from domain.people import Permission, Person, Role
from infra.database import dispatch
from producers.doors import Door
from producers.ports import GivenPorts, Ports
from producers.problems import Problem
from producers.security import access_of, may

WRONG_SIGNATURE = "Invalid Vapi signature"
SIGNATURES = ("x-vapi-signature", "x-vapi-secret")
WHOSE = "accountId"
WHICH_CALL, CALL_HEADER = "callId", "x-vapi-call-id"
WHICH_PRACTICE = "integrationId"
WITH_PARAMETERS = frozenset({"GET", "DELETE"})
_CALL_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")

_ACCOUNTS = text(
    """
    SELECT id FROM accounts
    WHERE id = :claim OR (:claim = '' AND (SELECT count(*) FROM accounts) = 1)
    """
)


def entrance(permission: Permission) -> Callable[[Request, Ports], AsyncIterator[Door]]:
    """A dependency: the door, for whoever may do this. Assistants do what clerks may.

    A person waits for their turn as everywhere; an assistant speaks for many callers, and does not.
    """
    allowed = may(permission)

    async def opened(request: Request, ports: GivenPorts) -> AsyncIterator[Door]:
        assistant = await _assistant(request, ports)
        if assistant is None:
            person = await run_in_threadpool(allowed, request, ports)
        else:
            person = assistant
        if not person.may(permission):
            raise Problem(HTTPStatus.FORBIDDEN, "An assistant may not do this; ask an owner.")
        _check_parameters(request)
        door = Door(ports, person, access_of(request, person), practice=_practice(request))
        if assistant is not None:
            yield replace(door, by_assistant=True, call_id=_call(request))
            return
        async with ports.crowds.turn(person):
            yield door

    return opened


async def _assistant(request: Request, ports: Ports) -> Person | None:
    """Who Vapi speaks for; None where the message is not Vapi's, but perhaps a person's."""
    voice = ports.voice
    if voice and voice.plans and is_genuine(voice.plans, await _signed(request, ports)):
        account_id = await voice.turns.take(_account, request, ports)
        return Person(account_id=account_id, name="vapi", role=Role.BILLING)
    if any(name in request.headers for name in SIGNATURES):
        raise Problem(HTTPStatus.UNAUTHORIZED, WRONG_SIGNATURE)
    return None


def _check_parameters(request: Request) -> None:
    """What is asked by a name nobody knows here would be answered as if it had not been asked."""
    if request.method not in WITH_PARAMETERS:
        return
    known = [one.alias for one in request.scope["route"].dependant.query_params]
    if set(request.query_params) <= {*known, WHOSE, WHICH_CALL, WHICH_PRACTICE}:
        return
    named = f"only these are: {', '.join(known)}" if known else "none is"
    raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"A query parameter is not known here; {named}.")


def _call(request: Request) -> str | None:
    """The phone call, named where no model fills it in; whether it goes on is looked up later."""
    named = request.query_params.get(WHICH_CALL) or request.headers.get(CALL_HEADER, "")
    return named if _CALL_ID.fullmatch(named) else None


def _practice(request: Request) -> UUID | None:
    named = request.query_params.get(WHICH_PRACTICE)
    try:
        return UUID(named) if named else None
    except ValueError:
        told = f"{WHICH_PRACTICE} is the id of an integration, as GET /api/pms/setup lists them."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, told) from None


async def _signed(request: Request, ports: Ports) -> Signed:
    query = f"?{request.url.query}" if request.url.query else ""
    return Signed(
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in request.headers.raw
        },
        body=await request.body(),
        method=request.method,
        url=f"{ports.base_url}{request.url.path}{query}",
        now=ports.clock(),
    )


def _account(request: Request, ports: Ports) -> str:
    """Named in the address, which no model fills in; the only account needs no name."""
    claim = request.query_params.get(WHOSE, "")
    with dispatch(ports.database) as db:
        found = db.execute(_ACCOUNTS, {"claim": claim}).scalars().first()
    if found is None:
        raise Problem(HTTPStatus.FORBIDDEN, f"Name the account in the address: ?{WHOSE}=...")
    return str(found)
