"""Buys a connection's next token before the present one ends."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from domain.connections import Connection
from domain.jobs import Job
from domain.sources import Spend


class Renewable(Protocol):
    def renew(self) -> datetime | None:
        """When the token that is now kept ends; None where it never does."""

    def drain_spent(self) -> Sequence[Spend]: ...


class TokenBook(Protocol):
    def connection(self, job: Job) -> Connection: ...
    def token_until(
        self, job: Job, connection_id: UUID, expires_at: datetime | None, *, spent: Sequence[Spend]
    ) -> None: ...
    def keep_spent(self, job: Job, spent: Sequence[Spend]) -> None: ...


def renew_token(
    job: Job, *, book: TokenBook, open_source: Callable[[Connection], Renewable]
) -> Mapping[str, Any]:
    """Leaves a token with most of its life before it, and notes when to come again."""
    connection = book.connection(job)
    source = open_source(connection)
    try:
        expires_at = source.renew()
    except Exception:
        book.keep_spent(job, source.drain_spent())
        raise
    book.token_until(job, connection.id, expires_at, spent=source.drain_spent())
    return {"expires_at": expires_at.isoformat() if expires_at else None}
