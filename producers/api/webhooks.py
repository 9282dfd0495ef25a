"""A connection's webhooks: the key its vendor proves itself with, and where it sends to."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.deliveries import webhook_keys
from domain.people import Permission
from producers.answers import Success
from producers.doors import Door, door
from producers.idempotency import Answer, MaybeOnce
from producers.problems import Problem
from producers.webhooks.senders import HEADER, Sender, senders

router = APIRouter(prefix="/api/pms/connections/{connection_id}/webhooks", tags=["webhooks"])

Configuring = Annotated[Door, Depends(door(Permission.CONFIGURE))]


class Entries(Success):
    """What is entered at the vendor: where it sends to, and the header its key goes in."""

    header: str
    urls: Mapping[str, str]


class WebhooksAnswer(Entries):
    made_at: datetime | None


class MadeKey(Entries):
    """The `key` is told this once."""

    key: str


@router.get("", summary="See what to enter at the vendor")
def show(
    connection_id: UUID, door: Annotated[Door, Depends(door(Permission.SEE_STATUS))]
) -> WebhooksAnswer:
    """What to enter at the vendor; the key itself is told only when it is made."""
    with door.transaction() as db:
        sender = _sender(db, connection_id)
        _, made_at = webhook_keys.about(db, connection_id) or (None, None)
    return WebhooksAnswer(header=HEADER, urls=_urls(door, sender), made_at=made_at)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=MadeKey,
    summary="Make a key for webhooks",
)
def make(connection_id: UUID, door: Configuring, once: MaybeOnce) -> JSONResponse:
    """A new key, told this once; the one before is refused from this moment on.

    With an Idempotency-Key the same request sent again is told the same key.
    """
    if once is not None:
        return once.answer(door, lambda db: _made(db, door, connection_id))
    with door.transaction() as db:
        made = _made(db, door, connection_id)
    return JSONResponse(dict(made.body), status_code=made.status)


@router.delete("", summary="Refuse webhooks from now on")
def forget(connection_id: UUID, door: Configuring) -> Success:
    """Every webhook of this connection is refused from now on."""
    with door.transaction() as db:
        _sender(db, connection_id)
        webhook_keys.forget(db, connection_id)
        _audit(db, door, connection_id, "connection.webhook_key_forgotten", HTTPStatus.OK)
    return Success()


def _made(db: Db, door: Door, connection_id: UUID) -> Answer:
    sender = _sender(db, connection_id)
    key = webhook_keys.make(db, door.ports.sealer, connection_id, at=door.ports.clock())
    _audit(db, door, connection_id, "connection.webhook_key_made", HTTPStatus.CREATED)
    told = MadeKey(header=HEADER, urls=_urls(door, sender), key=key)
    return Answer(status=HTTPStatus.CREATED, body=told.model_dump(mode="json"))


def _sender(db: Db, connection_id: UUID) -> Sender:
    """Who sends for this connection; 404 without one, 422 where its vendor sends nothing."""
    found = webhook_keys.about(db, connection_id)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no such connection.")
    sender = senders().get(found[0])
    if sender is None:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This PMS sends no webhooks; its sheet is kept fresh by syncing.",
        )
    return sender


def _urls(door: Door, sender: Sender) -> Mapping[str, str]:
    return dict(sender.addresses(door.ports.base_url))


def _audit(db: Db, door: Door, connection_id: UUID, action: str, status: HTTPStatus) -> None:
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=action,
        connection_id=connection_id,
        status=status,
    )
