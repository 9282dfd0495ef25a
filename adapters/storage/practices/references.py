"""Whether who works at a practice, and what it offers, was read within the hour."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.phone.cached import TABLE
from domain.features import REFERENCE_CACHE
from infra.sealing import Sealer

REFERENCE = "reference"
LASTS = timedelta(hours=1)
NOTHING = b"{}"
"""What was read stands in tables of its own; only that it was is kept."""

# Whoever changes a connection raises its version, and with that has everything read again.
_KEY = f"'{REFERENCE}:' || own.version"
_OWN = f"""
    FROM pms_connections AS own JOIN accounts ON accounts.id = own.account_id
    WHERE own.id = :connection_id AND (accounts.features ->> '{REFERENCE_CACHE}')::boolean
"""
_IS_KEPT = text(
    f"""
    SELECT EXISTS (SELECT {_OWN} AND EXISTS (
      SELECT FROM pms_cached_data
      WHERE pms_integration_id = own.id AND cache_key = {_KEY} AND expires_at > :now))
    """  # noqa: S608 - words of our own
)
_NAME = text(f"SELECT own.id || ' ' || {_KEY} {_OWN}")
_KEEP = text(
    f"""
    INSERT INTO pms_cached_data
      (account_id, pms_integration_id, cache_key, cache_type, data, expires_at, last_fetched_at)
    SELECT own.account_id, own.id, {_KEY}, '{REFERENCE}', :data, :expires_at, :now {_OWN}
    ON CONFLICT (pms_integration_id, cache_key) DO UPDATE SET
      expires_at = EXCLUDED.expires_at, last_fetched_at = EXCLUDED.last_fetched_at
    """
)


def is_kept(db: Db, connection_id: UUID, *, now: datetime) -> bool:
    """Never where the account has it not switched on, nor since the connection was changed."""
    values = {"connection_id": connection_id, "now": now}
    return bool(db.execute(_IS_KEPT, values).scalar_one())


def keep(db: Db, sealer: Sealer, connection_id: UUID, *, account_id: str, now: datetime) -> None:
    """Read whole at this moment."""
    name = db.execute(_NAME, {"connection_id": connection_id}).scalar_one_or_none()
    if name is None:
        return
    values = {
        "connection_id": connection_id,
        "data": sealer.seal(NOTHING, table=TABLE, column="data", row=name, account=account_id),
        "expires_at": now + LASTS,
        "now": now,
    }
    db.execute(_KEEP, values)
