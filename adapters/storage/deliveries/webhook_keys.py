"""Keys that vendors send with their webhooks: made here, shown once, kept as a keyed hash."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.connections import State
from infra.sealing import Sealer

KEY_BYTES = 32
LONGEST_KEY = 200

_SAVE = text(
    """
    UPDATE pms_connections SET webhook_key_hash = :hash, webhook_key_made_at = :at,
                               updated_at = now()
    WHERE id = :id AND removed_at IS NULL RETURNING id
    """
)
_HOLDER = text(
    """
    SELECT id, account_id, connector, state, webhook_key_hash FROM pms_connections
    WHERE webhook_key_hash = ANY(:hashes) AND removed_at IS NULL
    """
)
_RENEW = text(
    """
    UPDATE pms_connections SET webhook_key_hash = :newest
    WHERE id = :id AND webhook_key_hash = :held
    """
)
_ABOUT = text(
    """
    SELECT connector, webhook_key_made_at FROM pms_connections
    WHERE id = :id AND removed_at IS NULL
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The connection a key names."""

    connection_id: UUID
    account_id: str
    vendor: str
    state: State


def make(db: Db, sealer: Sealer, connection_id: UUID, *, at: datetime) -> str:
    """A new key for the connection; the one before opens nothing from now on."""
    key = secrets.token_urlsafe(KEY_BYTES)
    _save(db, connection_id, _newest(sealer, key), at)
    return key


def forget(db: Db, connection_id: UUID) -> None:
    """No webhook of this connection is accepted any more."""
    _save(db, connection_id, None, None)


def about(db: Db, connection_id: UUID) -> tuple[str, datetime | None] | None:
    """The connection's vendor and when its key was made; None where there is no such connection."""
    row = db.execute(_ABOUT, {"id": connection_id}).first()
    return (row.connector, row.webhook_key_made_at) if row else None


def holder(db: Db, sealer: Sealer, key: str) -> Holder | None:
    """Whose key this is; looked for in every account, by its hash alone."""
    if not key or len(key) > LONGEST_KEY:
        return None
    hashes = _hashes(sealer, key)
    for row in db.execute(_HOLDER, {"hashes": hashes}):
        if any(hmac.compare_digest(bytes(row.webhook_key_hash), one) for one in hashes):
            _renew(db, row.id, bytes(row.webhook_key_hash), _newest(sealer, key))
            return Holder(
                connection_id=row.id,
                account_id=row.account_id,
                vendor=row.connector,
                state=State(row.state),
            )
    return None


def _newest(sealer: Sealer, key: str) -> bytes:
    return sealer.blind_index(key, table="pms_connections", column="webhook_key", account="")


def _renew(db: Db, connection_id: UUID, held: bytes, newest: bytes) -> None:
    """Nobody knows the key but who sends it: its use is when its hash can follow ours."""
    if held != newest:
        db.execute(_RENEW, {"id": connection_id, "held": held, "newest": newest})


def _hashes(sealer: Sealer, key: str) -> Sequence[bytes]:
    return sealer.blind_indexes(key, table="pms_connections", column="webhook_key", account="")


def _save(db: Db, connection_id: UUID, key_hash: bytes | None, at: datetime | None) -> None:
    db.execute(_SAVE, {"id": connection_id, "hash": key_hash, "at": at})
