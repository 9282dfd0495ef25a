"""When each connection's token ends, and so when the next renewal is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import guard
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.practices import connections
from domain.checks import shut_out
from domain.connections import Connection
from domain.errors import NeedsReconnect, SyncError
from domain.jobs import Job
from domain.sources import Spend
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

    def token_until(
        self, job: Job, connection_id: UUID, expires_at: datetime | None, *, spent: Sequence[Spend]
    ) -> None:
        with transaction(self._engine, account_id=job.account_id) as db:
            guard(db, job)
            values = {"expires_at": expires_at, "soon": AHEAD, "seldom": SELDOM}
            db.execute(_UNTIL, {"id": connection_id, **values})
            keep_spent(db, spent)

    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None:
        """What a renewal that came to nothing sent; the vendor counted it, whoever owns the job."""
        with transaction(self._engine, account_id=job.account_id) as db:
            keep_spent(db, spent)

    def gave_up(self, job: Job, error: SyncError) -> None:
        """A renewal that only a person can bring about: say so on the connection."""
        if not isinstance(error, NeedsReconnect) or job.connection_id is None:
            return
        with transaction(self._engine, account_id=job.account_id) as db:
            reason = shut_out(error)
            connections.signed_out(db, job.connection_id, reason=reason, job_id=job.id)
