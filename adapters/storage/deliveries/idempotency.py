"""Answers kept for a day by the key a client chose, so that asking twice does a thing once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import text

from infra.sealing import Sealer

TABLE = "idempotency_keys"
HOURS = 24

# A second request of the same key waits here until the first has ended, one way or the other.
_CLAIM = text(
    """
    INSERT INTO idempotency_keys AS held (account_id, route, key, request_hash)
    VALUES (:account_id, :route, :key, :request_hash)
    ON CONFLICT (account_id, route, key) DO UPDATE SET
      request_hash = EXCLUDED.request_hash, status = NULL, answer = NULL, created_at = now()
    WHERE held.created_at < now() - make_interval(hours => :hours)
    RETURNING key
    """
)
_KEPT = text(
    """
    SELECT request_hash, status, answer FROM idempotency_keys
    WHERE account_id = :account_id AND route = :route AND key = :key
      AND created_at >= now() - make_interval(hours => :hours)
    """
)
_FORGET = text(
    "DELETE FROM idempotency_keys WHERE account_id = :account_id AND route = :route AND key = :key"
)
_KEEP = text(
    """
    UPDATE idempotency_keys SET status = :status, answer = :answer
    WHERE account_id = :account_id AND route = :route AND key = :key
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request that must have its effect once; `request_hash` tells it from another.

    `prints` are the same under every key that can still be read: it may have come before.
    """

    account_id: str
    route: str
    key: str
    request_hash: bytes = field(repr=False)
    prints: Sequence[bytes] = field(repr=False)

    @property
    def values(self) -> dict[str, Any]:
        return {
            "account_id": self.account_id,
            "route": self.route,
            "key": self.key,
            "request_hash": self.request_hash,
            "hours": HOURS,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was answered, with the headers that belong to it."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is held under a key, of this request or of another."""

    is_same: bool
    answer: Answer | None


def claim(db: Db, ask: Ask) -> bool:
    """Whether the key is this transaction's to use; it is given back if that rolls back."""
    return db.execute(_CLAIM, ask.values).first() is not None


def kept(db: Db, sealer: Sealer, ask: Ask) -> Kept | None:
    row = db.execute(_KEPT, ask.values).first()
    if row is None:
        return None
    is_same = bytes(row.request_hash) in ask.prints
    if not is_same or row.answer is None:
        return Kept(is_same=is_same, answer=None)
    held = json.loads(sealer.open(bytes(row.answer), **_place(ask)))
    answer = Answer(status=row.status, body=held["body"], headers=held["headers"])
    return Kept(is_same=True, answer=answer)


def keep(db: Db, sealer: Sealer, ask: Ask, answer: Answer) -> None:
    """Hold the answer beside its effect, sealed: it may say who is on the sheet."""
    told = json.dumps({"body": dict(answer.body), "headers": dict(answer.headers)})
    sealed = sealer.seal(told, **_place(ask))
    db.execute(_KEEP, {**ask.values, "status": answer.status, "answer": sealed})


def forget(db: Db, ask: Ask) -> None:
    """Its effect was taken back: the key may be used again."""
    db.execute(_FORGET, ask.values)


def _place(ask: Ask) -> dict[str, str]:
    return {
        "table": TABLE,
        "column": "answer",
        "row": f"{ask.route} {ask.key}",
        "account": ask.account_id,
    }
