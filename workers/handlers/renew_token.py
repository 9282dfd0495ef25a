"""Buys a connection's next token before the present one ends."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from domain.connections import Connection
from domain.jobs import Job


class Renewable(Protocol):
    def renew(self) -> datetime | None:
        """When the token that is now kept ends; None where it never does."""


class TokenBook(Protocol):
    def connection(self, job: Job) -> Connection: ...
    def token_until(self, job: Job, connection_id: UUID, expires_at: datetime | None) -> None: ...


def renew_token(
    job: Job, *, book: TokenBook, open_source: Callable[[Connection], Renewable]
) -> Mapping[str, Any]:
    """Leaves a token with most of its life before it, and notes when to come again."""
    connection = book.connection(job)
    expires_at = open_source(connection).renew()
    book.token_until(job, connection.id, expires_at)
    return {"expires_at": expires_at.isoformat() if expires_at else None}
