"""Connects a practice: secrets kept, the PMS asked, and only then a row; or nothing at all."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import Connection as Db
from sqlalchemy import insert

from adapters import pms
from adapters.rest.vendor import Vendor
from adapters.storage import accounts, connections
from adapters.storage.connections import NewConnection
from adapters.storage.tables import vendor_requests
from console import output
from console.wiring import Wiring
from domain.appointments import AppointmentType, Practice, Practitioner
from domain.connections import Connection, State
from domain.errors import NeedsReconnect, SyncError, Throttled
from domain.sources import Spend, spend_rows
from infra.database import dispatch, transaction

T = TypeVar("T")

LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A connection as it was asked for."""

    vendor: Vendor
    new: NewConnection
    secrets: dict[str, str] = field(repr=False)
    telehealth_types: Sequence[str] = ()
    is_named: bool = False
    test: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the PMS said of the practice."""

    practice: Practice | None = None
    practitioners: Sequence[Practitioner] = ()
    types: Sequence[AppointmentType] = ()
    spent: Sequence[Spend] = ()


def create(wiring: Wiring, wanted: Wanted) -> Connection:
    """The stored connection. Where any step fails, neither a row nor a secret is left."""
    with dispatch(wiring.engine) as db:
        accounts.require(db, wanted.new.account_id)
    name = secret_name(wiring, wanted.new)
    reference = wiring.secrets.put(name, wanted.secrets)
    try:
        new = replace(wanted.new, secret_ref=reference)
        seen = look(wiring, candidate(new)) if wanted.test and new.site else Seen()
        new = _completed(new, seen, is_named=wanted.is_named)
        with transaction(wiring.engine, account_id=new.account_id) as db:
            connections.add(db, new)
            connections.mark_telehealth(db, candidate(new), wanted.telehealth_types)
            return keep(db, candidate(new), seen)
    except BaseException:
        wiring.secrets.delete(reference)
        raise


def look(
    wiring: Wiring, connection: Connection, *, secrets: Mapping[str, str] | None = None
) -> Seen:
    """Ask the PMS who the practice is, who works there and what it offers.

    With `secrets` these are tried, and those stored are left alone.
    """
    opener = wiring.opener
    here = opener.placed(connection)
    keys = opener.secrets_of(here) if secrets is None else secrets
    source = pms.open_source(here, secrets=keys, ports=opener.ports(here))
    try:
        practice = patiently(source.practice) if _describes_itself(connection) else None
        practitioners = patiently(source.practitioners)
        types = patiently(source.types)
    except NeedsReconnect as refusal:
        raise NeedsReconnect(
            f"Connection failed. Please check your credentials. ({refusal})"
        ) from None
    return Seen(
        practice=practice,
        practitioners=practitioners,
        types=types,
        spent=source.drain_spent(),
    )


def keep(db: Db, connection: Connection, seen: Seen) -> Connection:
    """Store what was seen; answers the connection as it stands then."""
    if seen.practice is not None:
        connections.save_practice(db, connection.id, seen.practice)
    connections.save_practitioners(db, connection, seen.practitioners)
    connections.save_types(db, connection, seen.types)
    if seen.spent:
        db.execute(insert(vendor_requests), spend_rows(seen.spent))
    return connections.load(db, connection.id)


def try_again(wiring: Wiring, connection: Connection) -> Seen:
    """Test a stored connection, keep what was seen, and say so in its state."""
    try:
        seen = look(wiring, connection)
    except SyncError as error:
        state = State.NEEDS_SIGN_IN if isinstance(error, NeedsReconnect) else State.ERROR
        with transaction(wiring.engine, account_id=connection.account_id) as db:
            connections.set_state(db, connection.id, state, reason=str(error))
        raise
    with transaction(wiring.engine, account_id=connection.account_id) as db:
        keep(db, connection, seen)
        if connection.state is not State.INACTIVE:
            connections.set_state(db, connection.id, State.ACTIVE)
    return seen


def patiently(call: Callable[[], T]) -> T:
    """Wait for the vendor's limit where it is near; a person is looking on."""
    while True:
        try:
            return call()
        except Throttled as wait:
            seconds = (wait.until - datetime.now(UTC)).total_seconds()
            if seconds > LONGEST_WAIT:
                raise
            if seconds > 1:
                output.err().print(f"[dim]Waiting {seconds:.0f} s: {wait}[/dim]")
            time.sleep(max(seconds, 0.01))


def candidate(new: NewConnection) -> Connection:
    """The connection as it would be loaded, before there is a row."""
    return Connection(
        id=new.id,
        account_id=new.account_id,
        vendor=new.vendor,
        site=new.site,
        timezone=new.timezone,
        name=new.name,
        state=new.state,
        base_url=new.base_url,
        token_url=new.token_url,
        secret_ref=new.secret_ref,
        settings=new.settings,
        telehealth_only=new.telehealth_only,
    )


def secret_name(wiring: Wiring, new: NewConnection | Connection) -> str:
    prefix = wiring.settings.secrets_prefix.strip("/")
    return f"{prefix}/{new.vendor}/{new.account_id}/{new.id}"


def drop_secrets(wiring: Wiring, reference: str | None) -> None:
    if reference is not None:
        wiring.secrets.delete(reference)


def _completed(new: NewConnection, seen: Seen, *, is_named: bool) -> NewConnection:
    practice = seen.practice
    if practice is None:
        return new
    return replace(
        new,
        timezone=practice.timezone or new.timezone,
        name=new.name if is_named else practice.name or new.name,
        state=State.ACTIVE,
    )


def _describes_itself(connection: Connection) -> bool:
    vendor = pms.vendor(connection.vendor)
    return vendor.practice is not None or vendor.opens is not None
