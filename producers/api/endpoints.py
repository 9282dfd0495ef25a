"""Webhooks that we send, over JSON: to whom, under which secret, and how telling them went."""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.outgoing.keeping import Keeper, Undo
from adapters.outgoing.posting import LONGEST_URL
from adapters.storage.audit.audit import record
from adapters.storage.outgoing import endpoints
from adapters.storage.outgoing.endpoints import Endpoint
from adapters.storage.outgoing.endpoints import Told as Message
from domain.people import Permission
from producers import cursors
from producers.answers import Success
from producers.doors import Door, door
from producers.idempotency import Answer, Keyed, MaybeOnce

router = APIRouter(prefix="/api/webhook-endpoints", tags=["webhooks we send"])

Owner = Annotated[Door, Depends(door(Permission.CONFIGURE))]
Operator = Annotated[Door, Depends(door(Permission.OPERATE))]


class Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]


class Endpoints(Success):
    endpoints: Sequence[Endpoint]


class AddedEndpoint(Success):
    """The `secret` is told this once."""

    id: UUID
    secret: str


class RotatedSecret(Success):
    """The `secret` is told this once; until then messages are signed with the one before too."""

    secret: str
    both_valid_until: datetime


class TestSent(Success):
    message_id: UUID


class Messages(Success):
    messages: Sequence[Message]
    next_cursor: str | None


@router.get("", summary="List the endpoints that are told of changes")
def list_(door: Operator) -> Endpoints:
    """Each with how it stands; its secret is told once, when it is made."""
    with door.transaction() as db:
        found = endpoints.listed(db)
    return Endpoints(endpoints=found)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=AddedEndpoint,
    summary="Tell an endpoint of changes",
)
def add(door: Owner, wanted: Wanted, once: MaybeOnce) -> JSONResponse:
    """From now on; `secret` proves our messages to whoever gets them, and is told this once.

    With an Idempotency-Key the same request sent again is told the same secret.
    """
    keeper = _keeper(door)
    url = keeper.checked(wanted.url)
    with keeper.together() as undo:
        return _once(door, once, lambda db: _added(db, door, url, undo))


@router.post(
    "/{endpoint_id}/rotate",
    response_model=RotatedSecret,
    summary="Make another secret for an endpoint",
)
def rotate(door: Owner, endpoint_id: UUID, once: MaybeOnce) -> JSONResponse:
    """For a day messages carry a signature by each, so that nothing is lost while it changes.

    With an Idempotency-Key the same request sent again is told the same secret.
    """
    with _keeper(door).together() as undo:
        return _once(door, once, lambda db: _rotated(db, door, endpoint_id, undo))


@router.post(
    "/{endpoint_id}/test", status_code=HTTPStatus.ACCEPTED, summary="Send an endpoint a test"
)
def test(door: Owner, endpoint_id: UUID) -> TestSent:
    """A message of type `test` that says nothing, tried once; how it went is among the messages."""
    with door.transaction() as db:
        message_id = endpoints.test(db, endpoint_id, at=door.ports.clock())
        _note(db, door, "tested", endpoint_id)
    return TestSent(message_id=message_id)


@router.post("/{endpoint_id}/pause", summary="Tell an endpoint nothing for now")
def pause(door: Owner, endpoint_id: UUID) -> Success:
    """What changes meanwhile is told in one message once it goes on."""
    with door.transaction() as db:
        endpoints.pause(db, endpoint_id)
        _note(db, door, "paused", endpoint_id)
    return Success()


@router.post("/{endpoint_id}/resume", summary="Tell an endpoint of changes again")
def resume(door: Owner, endpoint_id: UUID) -> Success:
    """After a pause, or after it was disabled because it took nothing for days."""
    with door.transaction() as db:
        endpoints.resume(db, endpoint_id)
        _note(db, door, "resumed", endpoint_id)
    return Success()


@router.delete("/{endpoint_id}", summary="Remove an endpoint")
def remove(door: Owner, endpoint_id: UUID) -> Success:
    """Nothing is sent there any more, and its secret is forgotten."""
    with door.transaction() as db:
        ref = endpoints.remove(db, endpoint_id, at=door.ports.clock())
        _note(db, door, "removed", endpoint_id)
    _keeper(door).forget(ref)
    return Success()


@router.get("/messages", summary="List what endpoints were told")
def messages(
    door: Operator,
    endpoint_id: UUID | None = None,
    cursor: cursors.Cursor = None,
    limit: cursors.Limit = cursors.USUAL,
) -> Messages:
    """Newest first, with how telling it went; kept for 30 days."""
    with door.transaction() as db:
        rows = endpoints.messages(
            db, endpoint_id=endpoint_id, before=cursors.decode(cursor), limit=limit + 1
        )
    page, following = cursors.paged(rows, limit=limit, mark=_mark)
    return Messages(messages=page, next_cursor=following)


@router.post(
    "/messages/{message_id}/redeliver",
    status_code=HTTPStatus.ACCEPTED,
    summary="Send a message once more",
)
def redeliver(door: Operator, message_id: UUID) -> Success:
    """Under the same id, so that whoever took it already can tell."""
    with door.transaction() as db:
        endpoints.send_again(db, message_id, account_id=door.account_id, at=door.ports.clock())
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="endpoint.told_again",
            summary=f"message {message_id}",
            status=HTTPStatus.ACCEPTED,
        )
    return Success()


def _once(door: Door, once: Keyed | None, do: Callable[[Db], Answer]) -> JSONResponse:
    if once is not None:
        return once.answer(door, do)
    with door.transaction() as db:
        made = do(db)
    return JSONResponse(dict(made.body), status_code=made.status)


def _keeper(door: Door) -> Keeper:
    ports = door.ports
    return Keeper(
        secrets=ports.secrets,
        prefix=ports.secrets_prefix,
        clock=ports.clock,
        is_production=ports.is_production,
    )


def _added(db: Db, door: Door, url: str, undo: list[Undo]) -> Answer:
    by = door.person.name
    made = _keeper(door).add(db, url, account_id=door.account_id, by=by, undo=undo)
    _note(db, door, "added", made.endpoint_id)
    told = AddedEndpoint(id=made.endpoint_id, secret=made.secret)
    return Answer(status=HTTPStatus.CREATED, body=told.model_dump(mode="json"))


def _rotated(db: Db, door: Door, endpoint_id: UUID, undo: list[Undo]) -> Answer:
    made = _keeper(door).rotate(db, endpoint_id, undo=undo)
    _note(db, door, "secret_changed", endpoint_id)
    told = RotatedSecret(secret=made.secret, both_valid_until=made.both_valid_until)
    return Answer(status=HTTPStatus.OK, body=told.model_dump(mode="json"))


def _mark(one: Message) -> tuple[datetime, UUID]:
    return one.created_at, one.id


def _note(db: Db, door: Door, what: str, endpoint_id: UUID) -> None:
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=f"endpoint.{what}",
        summary=f"endpoint {endpoint_id}",
    )
