"""Connects a practice: secrets kept, the PMS asked, and only then a row; or nothing at all."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from adapters.rest.vendor import Vendor
from adapters.storage import accounts, checks, connections
from adapters.storage.connections import NewConnection
from adapters.trying import Trial, Trials
from console import output
from console.wiring import Wiring
from domain.checks import CheckFailed, Seen
from domain.connections import Connection, State
from domain.errors import BadInput, NeedsReconnect, SyncError, Throttled
from infra.clock import system_clock
from infra.database import dispatch, transaction
from workers.handlers.check_connection import look, waiting

LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A connection as it was asked for."""

    vendor: Vendor
    new: NewConnection
    secrets: dict[str, str] = field(repr=False)
    telehealth_types: Sequence[str] = ()
    is_named: bool = False
    has_zone: bool = True
    test: bool = True


def create(wiring: Wiring, wanted: Wanted) -> Connection:
    """The stored connection. Where any step fails, neither a row nor a secret is left."""
    with dispatch(wiring.engine) as db:
        accounts.require(db, wanted.new.account_id)
    reference = None
    if wanted.secrets:
        reference = wiring.secrets.put(secret_name(wiring, wanted.new), wanted.secrets)
    try:
        new = replace(wanted.new, secret_ref=reference)
        seen = _seen(wiring, new) if wanted.test and new.site else Seen()
        new = _completed(wanted, new, seen)
        with transaction(wiring.engine, account_id=new.account_id) as db:
            connections.add(db, new)
            connections.mark_telehealth(db, candidate(new), wanted.telehealth_types)
            return checks.keep(db, candidate(new), seen, rename=False, anew=False)
    except BaseException:
        drop_secrets(wiring, reference)
        raise


def looked(wiring: Wiring, trial: Trial) -> Seen:
    """What the PMS says of the practice; a failure in words, with what it cost kept."""
    try:
        seen = look(trial, patiently)
    except SyncError as error:
        with transaction(wiring.engine, account_id=trial.connection.account_id) as db:
            checks.keep_spent(db, trial.drain_spent())
        message = Trials(wiring.opener).failure(trial.connection, error)
        raise CheckFailed(message) from error
    return replace(seen, spent=trial.drain_spent())


def try_again(wiring: Wiring, connection: Connection) -> Seen:
    """Test a stored connection, keep what was seen, and say so in its state."""
    trial = Trials(wiring.opener).open(connection)
    try:
        seen = looked(wiring, trial)
    except CheckFailed as failure:
        if isinstance(failure.__cause__, NeedsReconnect):
            with transaction(wiring.engine, account_id=connection.account_id) as db:
                connections.signed_out(db, connection.id, reason=str(failure))
        raise
    with transaction(wiring.engine, account_id=connection.account_id) as db:
        checks.keep(db, connection, seen, rename=not trial.is_named, anew=False)
    return seen


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
    prefix = wiring.settings.secrets_prefix
    return checks.secret_name(prefix, vendor=new.vendor, account_id=new.account_id, own_id=new.id)


def drop_secrets(wiring: Wiring, reference: str | None) -> None:
    if reference is not None:
        wiring.secrets.delete(reference)


def _seen(wiring: Wiring, new: NewConnection) -> Seen:
    return looked(wiring, Trials(wiring.opener).open(candidate(new)))


def _completed(wanted: Wanted, new: NewConnection, seen: Seen) -> NewConnection:
    practice = seen.practice
    told = practice.timezone if practice else None
    if new.site and not told and not wanted.has_zone:
        raise BadInput(
            f"{wanted.vendor.title} does not tell the practice's time zone; give it with"
            " --timezone, such as --timezone Australia/Melbourne."
        )
    if practice is None:
        return new
    return replace(
        new,
        timezone=told or new.timezone,
        name=new.name if wanted.is_named else practice.name or new.name,
        state=State.ACTIVE,
    )


def _tell_and_wait(seconds: float, wait: Throttled) -> None:
    if seconds > 1:
        output.err().print(f"[dim]Waiting {seconds:.0f} s: {wait}[/dim]")
    time.sleep(seconds)


patiently = waiting(_tell_and_wait, clock=system_clock, longest=LONGEST_WAIT)
"""Waits for the vendor's limit where it is near; a person is looking on."""
