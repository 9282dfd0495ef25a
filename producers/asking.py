"""Asks for a check of a connection and awaits its end, without a thread that waits along."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID, uuid4

from fastapi.responses import JSONResponse

from adapters import pms
from adapters.rest.vendor import Vendor
from adapters.storage.practices import checks, connections
from adapters.storage.practices.checks import CheckStore, NewCheck
from adapters.trying import forget_leftovers
from domain.checks import CheckKind, CheckState
from domain.connections import Connection
from domain.errors import BadInput, SyncError
from domain.sheet import NotOnSheet
from producers.answers import CheckAnswer, OneCheck
from producers.doors import Door
from producers.following import Reader
from producers.noting import noted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A check somebody asks for; `secrets` live as long as it does."""

    kind: CheckKind
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    base_url: str | None = None
    token_url: str | None = None


async def checked(
    door: Door, connection_id: UUID, wish: Callable[[Connection, Vendor], Wish]
) -> JSONResponse:
    """200 with the check once it has ended, 202 and where to look where that takes longer."""
    async with door.ports.hub.reader(door.account_id) as reader:
        check_id = await asyncio.to_thread(_asked, door, connection_id, wish)
        await _ended(reader, check_id, seconds=door.ports.check_seconds)
    found = await asyncio.to_thread(look_up, door, connection_id, check_id)
    body = OneCheck(check=found).model_dump(mode="json")
    if found.state != CheckState.WAITING:
        return JSONResponse(body)
    where = {"Location": f"/api/pms/connections/{connection_id}/checks/{check_id}"}
    return JSONResponse(body, status_code=HTTPStatus.ACCEPTED, headers=where)


def look_up(door: Door, connection_id: UUID, check_id: UUID) -> CheckAnswer:
    """The check as it stands; one whose job has died is ended here."""
    found = _read(door, connection_id, check_id)
    if found.state == CheckState.WAITING:
        forget_leftovers(CheckStore(door.ports.database), door.ports.secrets, connection_id)
        found = _read(door, connection_id, check_id)
    return found


def _read(door: Door, connection_id: UUID, check_id: UUID) -> CheckAnswer:
    with door.transaction() as db:
        found = checks.read(db, connection_id, check_id)
    if found is None:
        raise NotOnSheet("There is no such check of this connection.")
    return CheckAnswer.of(found)


def _asked(door: Door, connection_id: UUID, wish: Callable[[Connection, Vendor], Wish]) -> UUID:
    """The id of the check; its row is there before its secrets, its job after them."""
    held = loaded(door, connection_id)
    wanted = wish(held, pms.vendor(held.vendor))
    new = NewCheck(
        id=uuid4(),
        kind=wanted.kind,
        asked_by=door.person.name,
        trial_ref=_trial_name(door, held) if wanted.secrets else None,
        base_url=wanted.base_url,
        token_url=wanted.token_url,
    )
    with door.transaction() as db:
        checks.begin(db, held, new)
        noted(db, door, held.id, f"{wanted.kind.value}_asked", status=HTTPStatus.ACCEPTED)
    try:
        if new.trial_ref is not None:
            door.ports.secrets.put(new.trial_ref, wanted.secrets)
        with door.transaction() as db:
            checks.carry(db, held, new.id)
    except BaseException:
        # Whatever is left now is cleared away with the checks that nobody carries.
        with suppress(SyncError):
            _forget(door, new.trial_ref)
        raise
    return new.id


def loaded(door: Door, connection_id: UUID) -> Connection:
    with door.transaction() as db:
        try:
            return connections.load(db, connection_id)
        except BadInput:
            raise NotOnSheet("There is no such connection; it may have been removed.") from None


def _trial_name(door: Door, held: Connection) -> str:
    name = checks.secret_name(
        door.ports.secrets_prefix,
        vendor=held.vendor,
        account_id=held.account_id,
        own_id=held.id,
    )
    return checks.trial_name(name)


def _forget(door: Door, ref: str | None) -> None:
    if ref is not None:
        door.ports.secrets.delete(ref)


async def _ended(reader: Reader, check_id: UUID, *, seconds: float) -> None:
    """Return when the check is over, the process stops, or nobody should wait any longer."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                event = await reader.unread.get()
                if event is None or event.detail.get("check_id") == str(check_id):
                    return
    except TimeoutError:
        return
