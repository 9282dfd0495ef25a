"""An open door: who came in, what they may use, and how their access is written down."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from sqlalchemy import Connection as Db
from starlette.concurrency import run_in_threadpool

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.sheet.entries import EntrySeal
from domain.people import Permission, Person
from infra.database import transaction
from producers.ports import GivenPorts, Ports
from producers.security import access_of, may


@dataclass(frozen=True, slots=True)
class Door:
    """One request of one person, within their own account; or of an assistant, in a phone call.

    `practice` is the connection that the address names.
    """

    ports: Ports
    person: Person
    access: Access
    by_assistant: bool = False
    call_id: str | None = None
    practice: UUID | None = None

    @property
    def account_id(self) -> str:
        return self.person.account_id

    @property
    def seal(self) -> EntrySeal:
        return EntrySeal(self.ports.sealer, account_id=self.account_id)

    @property
    def hand(self) -> Hand:
        return Hand(
            account_id=self.account_id,
            by=self.person.name,
            at=self.ports.clock(),
            access=self.access,
        )

    @contextmanager
    def transaction(self) -> Iterator[Db]:
        with transaction(self.ports.database, account_id=self.account_id) as db:
            yield db


def door(permission: Permission) -> Callable[[Request, Ports], AsyncIterator[Door]]:
    """A dependency: the door, for whoever may do this, once it is their turn."""
    allowed = may(permission)

    async def opened(request: Request, ports: GivenPorts) -> AsyncIterator[Door]:
        person = await run_in_threadpool(allowed, request, ports)
        async with ports.crowds.turn(person):
            yield Door(ports, person, access_of(request, person))

    return opened
