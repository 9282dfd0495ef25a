"""Endpoints with their secrets, which lie elsewhere: made, changed and forgotten together."""

import secrets as random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Connection as Db

from adapters.outgoing.posting import SECRET, checked_url, rotated
from adapters.storage.outgoing import endpoints
from domain.credentials import SecretStore
from domain.errors import SyncError
from domain.outgoing import BOTH_VALID_FOR, SECRET_BYTES, secret_of
from infra.database import CommitUnknown

log = structlog.get_logger()

Undo = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A secret that is shown this once, and until when those before it hold."""

    endpoint_id: UUID
    secret: str = field(repr=False)
    both_valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Each step is a part of the caller's transaction."""

    secrets: SecretStore = field(repr=False)
    prefix: str
    clock: Callable[[], datetime]
    is_production: bool

    def checked(self, url: str) -> str:
        return checked_url(url, is_production=self.is_production)

    @contextmanager
    def together(self) -> Iterator[list[Undo]]:
        """Around the transaction: what was done to secrets is undone where that is not kept.

        Where nobody knows whether it was, they stay: what is kept must find its secret.
        """
        undo: list[Undo] = []
        try:
            yield undo
        except CommitUnknown:
            raise
        except BaseException:
            for one in undo:
                one()
            raise

    def add(self, db: Db, url: str, *, account_id: str, by: str, undo: list[Undo]) -> Shown:
        """It hears of what changes from now on."""
        own, secret = uuid4(), secret_of(random.token_bytes(SECRET_BYTES))
        name = f"{self.prefix}/endpoints/{own}".lstrip("/")
        ref = self.secrets.put(name, {SECRET: secret})
        undo.append(lambda: self.secrets.delete(ref))
        new = endpoints.NewEndpoint(
            id=own, account_id=account_id, url=url, secret_ref=ref, by=by, at=self.clock()
        )
        endpoints.add(db, new)
        return Shown(endpoint_id=own, secret=secret)

    def rotate(self, db: Db, endpoint_id: UUID, *, undo: list[Undo]) -> Shown:
        """Another secret beside those that hold; they hold for a day more."""
        secret, at = secret_of(random.token_bytes(SECRET_BYTES)), self.clock()
        ref = endpoints.held(db, endpoint_id)["secret_ref"]
        self.secrets.forget(ref)
        before = dict(self.secrets.get(ref))
        undo.append(lambda: self.secrets.replace(ref, before))
        self.secrets.replace(ref, rotated(before, secret, at=at))
        return Shown(endpoint_id=endpoint_id, secret=secret, both_valid_until=at + BOTH_VALID_FOR)

    def forget(self, ref: str) -> None:
        """After the transaction that removed its endpoint, which is gone all the same."""
        try:
            self.secrets.delete(ref)
        except SyncError as error:
            log.warning("secrets.not_forgotten", secret_ref=ref, error_kind=error.kind)
