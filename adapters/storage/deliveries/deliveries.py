"""The inbox: what reached us is stored before anything is done about it, and only once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.id_starts import BETWEEN, bounds
from domain.deliveries import DeliveryState, Focus
from domain.errors import BadInput
from infra.sealing import Sealer

TABLE = "deliveries"
LONGEST_BODY = 64 * 1024
"""A longer body is not kept; what it named is."""

UNCLAIMED = "unclaimed"
"""Whose seal is on what nobody has claimed yet."""

_KEEP = text(
    """
    INSERT INTO deliveries AS held
      (id, account_id, connection_id, sender, event, dedupe_key, subject, body, state, note, times,
       trace_id, settled_at)
    SELECT id, :account_id, :connection_id, :sender, :event, dedupe_key, subject, body, state, note,
           times, :trace_id, CASE WHEN state <> 'stored' THEN now() END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS row(id uuid, dedupe_key text, subject text, body bytea, state text, note text,
                times int)
    ON CONFLICT (sender, dedupe_key) DO UPDATE SET
      times = held.times + EXCLUDED.times, last_received_at = now()
    RETURNING id, state, xmax = 0 AS is_new
    """
)
_CAME = text("SELECT count(*) FROM deliveries WHERE sender = :sender AND received_at > :since")
_COUNT = text(
    "SELECT count(*) FROM deliveries WHERE connection_id = :connection_id AND state = 'stored'"
)
_ASSIGN = text("UPDATE deliveries SET job_id = :job_id WHERE id = ANY(:ids)")
_COLUMNS = """id, account_id, connection_id, sender, event, subject, state, note, times, job_id,
              trace_id, received_at, last_received_at, settled_at"""
_LIST = text(
    f"""
    SELECT {_COLUMNS} FROM deliveries
    WHERE (CAST(:state AS text) IS NULL OR state = :state)
      AND (CAST(:connection_id AS uuid) IS NULL OR connection_id = :connection_id)
      AND (CAST(:before_at AS timestamptz) IS NULL OR (received_at, id) < (:before_at, :before_id))
    ORDER BY received_at DESC, id DESC LIMIT :limit
    """  # noqa: S608 - the columns are this module's own
)
_FIND = text(
    f"""
    SELECT id, account_id FROM deliveries
    WHERE account_id IS NOT NULL AND id {BETWEEN} LIMIT 2
    """  # noqa: S608 - our own words
)
_SHOW = text(f"SELECT {_COLUMNS} FROM deliveries WHERE id = :id FOR UPDATE")  # noqa: S608
_AGAIN = text(
    """
    UPDATE deliveries SET state = 'stored', note = NULL, settled_at = NULL, job_id = :job_id
    WHERE id = :id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message; without an account where it did not prove whose it is."""

    sender: str
    event: str
    account_id: str | None
    connection_id: UUID | None
    trace_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Item:
    """One delivery of a message, and why it asks for nothing where it does not.

    `by_body` where the same body is the same news, though it names no instant.
    """

    focus: Focus | None
    ignored: str | None = None
    by_body: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a message came to: new deliveries that wait, new ones that ask for nothing, repeats."""

    waiting: Sequence[UUID]
    ignored: int
    repeated: int


def keep(db: Db, sealer: Sealer, arrival: Arrival, items: Sequence[Item]) -> Kept:
    """Store a message; what was stored before is counted once more and stays as it is."""
    rows: dict[str, dict[str, Any]] = {}
    for item in items:
        key = _dedupe_key(sealer, arrival, item)
        if key in rows:
            rows[key]["times"] += 1
        else:
            rows[key] = _row(item, key)
    if rows and len(arrival.body) <= LONGEST_BODY:
        # Once is enough, beside the first thing the message named.
        first = next(iter(rows.values()))
        first["body"] = "\\x" + _sealed(sealer, arrival, first["id"]).hex()
    told = {
        "account_id": arrival.account_id,
        "connection_id": arrival.connection_id,
        "sender": arrival.sender,
        "event": arrival.event,
        "trace_id": arrival.trace_id,
        # In one order, so that two messages that name the same never wait for each other.
        "rows": json.dumps([rows[key] for key in sorted(rows)]),
    }
    return _counted(db.execute(_KEEP, told).mappings().all())


def came(db: Db, sender: str, *, since: datetime) -> int:
    """How many of a sender were stored since then; for the dispatch role."""
    found: int = db.execute(_CAME, {"sender": sender, "since": since}).scalar_one()
    return found


def waiting(db: Db, connection_id: UUID) -> int:
    """How many of the connection's wait for a job."""
    return int(db.execute(_COUNT, {"connection_id": connection_id}).scalar_one())


def assign(db: Db, ids: Sequence[UUID], *, job_id: int) -> None:
    """Say which job will settle them."""
    db.execute(_ASSIGN, {"ids": list(ids), "job_id": job_id})


def listed(
    db: Db,
    *,
    state: DeliveryState | None = None,
    connection_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """The account's deliveries, newest first, without their bodies."""
    before_at, before_id = before or (None, None)
    values = {
        "state": state,
        "connection_id": connection_id,
        "before_at": before_at,
        "before_id": before_id,
        "limit": limit,
    }
    return db.execute(_LIST, values).mappings().all()


def find(db: Db, wanted: str) -> tuple[str, UUID]:
    """The account and the id of the delivery whose id starts so; for the dispatch role."""
    held = bounds(wanted)
    if held is None:
        raise BadInput(f"'{wanted}' is not a delivery id; see 'pms-sync deliveries list'.")
    rows = db.execute(_FIND, held).all()
    if len(rows) != 1:
        many = "More than one delivery id starts" if rows else "No delivery id starts"
        raise BadInput(f"{many} with {wanted}; see 'pms-sync deliveries list'.")
    return rows[0].account_id, rows[0].id


def locked(db: Db, delivery_id: UUID) -> RowMapping | None:
    """One of the account's, held until the transaction ends."""
    return db.execute(_SHOW, {"id": delivery_id}).mappings().first()


def store_again(db: Db, delivery_id: UUID, *, job_id: int) -> None:
    """It waits once more, for that job."""
    db.execute(_AGAIN, {"id": delivery_id, "job_id": job_id})


def _row(item: Item, key: str) -> dict[str, Any]:
    state = DeliveryState.STORED if item.ignored is None else DeliveryState.IGNORED
    return {
        "id": str(uuid4()),
        "dedupe_key": key,
        "subject": item.focus.subject if item.focus else None,
        "body": None,
        "state": state.value,
        "note": item.ignored,
        "times": 1,
    }


def _dedupe_key(sealer: Sealer, arrival: Arrival, item: Item) -> str:
    """The same for the same news; news without an instant is never the same."""
    if item.focus is None or item.by_body:
        what = arrival.body
    else:
        at = item.focus.at.isoformat() if item.focus.at else uuid4().hex
        what = f"{item.focus.subject}\x1f{at}".encode()
    whose = f"{arrival.account_id}\x1f{arrival.connection_id}\x1f{arrival.event}\x1f".encode()
    return sealer.fingerprint(whose + what).hex()


def _sealed(sealer: Sealer, arrival: Arrival, row_id: str) -> bytes:
    return sealer.seal(
        arrival.body,
        table=TABLE,
        column="body",
        row=row_id,
        account=arrival.account_id or UNCLAIMED,
    )


def _counted(rows: Sequence[RowMapping]) -> Kept:
    new = [row for row in rows if row["is_new"]]
    waiting = [row["id"] for row in new if row["state"] == DeliveryState.STORED]
    return Kept(waiting, ignored=len(new) - len(waiting), repeated=len(rows) - len(new))
