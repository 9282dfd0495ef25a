"""An account's endpoints: programs of its own that are told when the sheet has changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, TextClause, text

from adapters.storage.id_starts import BETWEEN, bounds
from adapters.storage.jobs.ledger import put
from adapters.storage.outgoing.retelling import tell_anew
from domain.errors import BadInput
from domain.outgoing import TEST, EndpointState, MessageState
from domain.sheet import NotOnSheet
from domain.work import tell_endpoint_job

MOST = 20
"""Endpoints of an account."""

_HORIZON = "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
_COLUMNS = """id, url, state, reason, failing_since, created_by, created_at,
              (SELECT max(delivered_at) FROM webhook_messages AS told
               WHERE told.endpoint_id = endpoint.id AND told.state = 'delivered') AS delivered_at"""
_LIST = text(
    f"""
    SELECT {_COLUMNS} FROM webhook_endpoints AS endpoint WHERE removed_at IS NULL
    ORDER BY created_at, id
    """  # noqa: S608 - this module's own words
)
_ADD = text(
    f"""
    INSERT INTO webhook_endpoints (id, account_id, url, secret_ref, told_in, created_by, created_at)
    VALUES (:id, :account_id, :url, :secret_ref, {_HORIZON}, :by, :at)
    """  # noqa: S608 - this module's own words
)
_HELD = text(
    """
    SELECT id, account_id, state, secret_ref FROM webhook_endpoints
    WHERE id = :id AND removed_at IS NULL FOR UPDATE
    """
)
_MOVE = text(
    """
    UPDATE webhook_endpoints SET state = :state, reason = NULL, failing_since = NULL WHERE id = :id
    """
)
_HURRY = text(
    "UPDATE webhook_messages SET next_try_at = created_at WHERE endpoint_id = :id AND state = 'due'"
)
_REMOVE = text("UPDATE webhook_endpoints SET removed_at = :at WHERE id = :id")
_DROP_DUE = text(
    """
    UPDATE webhook_messages SET state = 'failed', reason = :reason
    WHERE endpoint_id = :id AND state = 'due' RETURNING kind, content, delivered_at
    """
)
_TEST = text(
    """
    INSERT INTO webhook_messages (account_id, endpoint_id, kind, next_try_at, created_at)
    VALUES (:account_id, :id, :kind, :at, :at) RETURNING id
    """
)
_MESSAGES = text(
    """
    SELECT message.id, endpoint_id, url, kind, content, message.state, attempts, status,
           message.reason, next_try_at, message.created_at, delivered_at
    FROM webhook_messages AS message JOIN webhook_endpoints AS endpoint
      ON endpoint.id = message.endpoint_id
    WHERE (CAST(:endpoint_id AS uuid) IS NULL OR endpoint_id = :endpoint_id)
      AND (CAST(:before_at AS timestamptz) IS NULL
           OR (message.created_at, message.id) < (:before_at, :before_id))
    ORDER BY message.created_at DESC, message.id DESC LIMIT :limit
    """
)
_AGAIN = text(
    """
    UPDATE webhook_messages SET state = 'due', attempts = 0, next_try_at = :at
    WHERE id = :id AND endpoint_id IN (
      SELECT id FROM webhook_endpoints WHERE removed_at IS NULL AND state = 'active')
    RETURNING endpoint_id
    """
)
_MESSAGE = text(
    """
    SELECT endpoint.removed_at FROM webhook_messages AS message
    JOIN webhook_endpoints AS endpoint ON endpoint.id = message.endpoint_id
    WHERE message.id = :id
    """
)
_FIND = text(
    f"""
    SELECT account_id, id FROM webhook_endpoints
    WHERE removed_at IS NULL AND id {BETWEEN} LIMIT 2
    """  # noqa: S608 - our own words
)
_FIND_MESSAGE = text(
    f"SELECT account_id, id FROM webhook_messages WHERE id {BETWEEN} LIMIT 2"  # noqa: S608
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """As it is shown; its secret is not."""

    id: UUID
    url: str
    state: EndpointState
    reason: str | None
    failing_since: datetime | None
    delivered_at: datetime | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEndpoint:
    id: UUID
    account_id: str
    url: str = field(repr=False)
    secret_ref: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message as it is listed: what was said, and how telling it went."""

    id: UUID
    endpoint_id: UUID
    url: str
    kind: str
    content: dict[str, Any]
    state: MessageState
    attempts: int
    status: int | None
    reason: str | None
    next_try_at: datetime
    created_at: datetime
    delivered_at: datetime | None


def listed(db: Db) -> Sequence[Endpoint]:
    rows = db.execute(_LIST).mappings()
    return [Endpoint(**{**row, "state": EndpointState(row["state"])}) for row in rows]


def find(db: Db, wanted: str) -> tuple[str, UUID]:
    """The account and the id of the endpoint whose id starts so; for the dispatch role."""
    return _found(db, _FIND, wanted, what="endpoint", see="pms-sync endpoints list")


def find_message(db: Db, wanted: str) -> tuple[str, UUID]:
    """The same of a message."""
    return _found(db, _FIND_MESSAGE, wanted, what="message", see="pms-sync endpoints messages")


def _found(db: Db, statement: TextClause, wanted: str, *, what: str, see: str) -> tuple[str, UUID]:
    held = bounds(wanted)
    if held is None:
        raise BadInput(f"'{wanted}' is no id of any {what}; see '{see}'.")
    rows = db.execute(statement, held).all()
    if len(rows) != 1:
        many = f"More than one {what} id starts" if rows else f"No {what} id starts"
        raise BadInput(f"{many} with {wanted}; see '{see}'.")
    return rows[0].account_id, rows[0].id


def add(db: Db, new: NewEndpoint) -> None:
    """It hears of what changes from now on."""
    if len(listed(db)) >= MOST:
        raise BadInput(f"An account has at most {MOST} endpoints; remove one first.")
    values = {"id": new.id, "account_id": new.account_id, "url": new.url, "by": new.by}
    db.execute(_ADD, {**values, "secret_ref": new.secret_ref, "at": new.at})


def held(db: Db, endpoint_id: UUID) -> RowMapping:
    """One of the account's, ours until the transaction ends."""
    row = db.execute(_HELD, {"id": endpoint_id}).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such endpoint.")
    return row


def pause(db: Db, endpoint_id: UUID) -> None:
    """What changes meanwhile is told once it goes on, in one message."""
    held(db, endpoint_id)
    _drop(db, endpoint_id, "The endpoint was paused.")
    db.execute(_MOVE, {"id": endpoint_id, "state": EndpointState.PAUSED.value})


def resume(db: Db, endpoint_id: UUID) -> None:
    """It is told again, and at once: whoever mended it does not wait for its next try."""
    account_id = held(db, endpoint_id)["account_id"]
    db.execute(_MOVE, {"id": endpoint_id, "state": EndpointState.ACTIVE.value})
    if db.execute(_HURRY, {"id": endpoint_id}).rowcount:
        put(db, tell_endpoint_job(account_id=account_id, endpoint_id=endpoint_id))


def remove(db: Db, endpoint_id: UUID, *, at: datetime) -> str:
    """Nothing is sent there any more; answers where its secret lies."""
    ref: str = held(db, endpoint_id)["secret_ref"]
    _drop(db, endpoint_id, "The endpoint was removed.")
    db.execute(_REMOVE, {"id": endpoint_id, "at": at})
    return ref


def test(db: Db, endpoint_id: UUID, *, at: datetime) -> UUID:
    """A message that says nothing, sent at once and once; answers its id."""
    endpoint = held(db, endpoint_id)
    if endpoint["state"] != EndpointState.ACTIVE:
        raise BadInput("Nothing is sent to an endpoint that is paused or disabled; resume it.")
    account_id = endpoint["account_id"]
    values = {"account_id": account_id, "id": endpoint_id, "kind": TEST, "at": at}
    message_id: UUID = db.execute(_TEST, values).scalar_one()
    put(db, tell_endpoint_job(account_id=account_id, endpoint_id=endpoint_id))
    return message_id


def messages(
    db: Db,
    *,
    endpoint_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Told]:
    """Newest first."""
    before_at, before_id = before or (None, None)
    values = {"endpoint_id": endpoint_id, "before_at": before_at, "before_id": before_id}
    rows = db.execute(_MESSAGES, {**values, "limit": limit}).mappings()
    return [Told(**{**row, "state": MessageState(row["state"])}) for row in rows]


def send_again(db: Db, message_id: UUID, *, account_id: str, at: datetime) -> None:
    """The same message under the same id, at once."""
    row = db.execute(_AGAIN, {"id": message_id, "at": at}).first()
    if row is None:
        message = db.execute(_MESSAGE, {"id": message_id}).first()
        if message is None:
            raise NotOnSheet("There is no such message.")
        if message.removed_at is not None:
            raise BadInput("Its endpoint was removed: nothing can be sent there any more.")
        raise BadInput("Its endpoint takes nothing now; resume it, then send again.")
    put(db, tell_endpoint_job(account_id=account_id, endpoint_id=row.endpoint_id))


def _drop(db: Db, endpoint_id: UUID, reason: str) -> None:
    dropped = db.execute(_DROP_DUE, {"id": endpoint_id, "reason": reason}).mappings().all()
    tell_anew(db, endpoint_id, dropped)
