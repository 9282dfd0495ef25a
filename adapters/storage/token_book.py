"""When each connection's token ends, and so when the next renewal is due."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, text

from adapters.storage import connections
from adapters.storage.ledger import guard
from domain.connections import Connection, State
from domain.errors import NeedsReconnect, SyncError
from domain.jobs import Job
from infra.database import transaction

AHEAD = timedelta(minutes=5)
"""Renew this long before the end, so that a vendor's short outage is not felt."""

SELDOM = timedelta(days=1)
"""A credential that never ends by itself is looked at now and then."""

_UNTIL = text(
    """
    UPDATE pms_connections SET
      token_expires_at = :expires_at,
      next_renewal_at = GREATEST(
        COALESCE(CAST(:expires_at AS timestamptz) - CAST(:soon AS interval),
                 now() + CAST(:seldom AS interval)),
        now() + interval '30 seconds')
    WHERE id = :id
    """
)


class TokenBook:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def connection(self, job: Job) -> Connection:
        if job.connection_id is None:
            raise ValueError("a renewal names its connection")
        with transaction(self._engine, account_id=job.account_id) as db:
            return connections.load(db, job.connection_id)

    def token_until(self, job: Job, connection_id: UUID, expires_at: datetime | None) -> None:
        with transaction(self._engine, account_id=job.account_id) as db:
            guard(db, job)
            values = {"expires_at": expires_at, "soon": AHEAD, "seldom": SELDOM}
            db.execute(_UNTIL, {"id": connection_id, **values})

    def gave_up(self, job: Job, error: SyncError) -> None:
        """A renewal that only a person can bring about: say so on the connection."""
        if not isinstance(error, NeedsReconnect) or job.connection_id is None:
            return
        with transaction(self._engine, account_id=job.account_id) as db:
            connections.set_state(db, job.connection_id, State.NEEDS_SIGN_IN, reason=str(error))
