"""Connects a practice: secrets kept, the PMS asked, and only then a row; or nothing at all."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

from sqlalchemy import Connection as Db

from adapters.rest.vendor import Vendor
from adapters.storage.audit.audit import record
from adapters.storage.by_hand.rezoned_rows import stay_on_the_clock
from adapters.storage.jobs.spent import keep_spent
from adapters.storage.practices import (
    checks,
    connection_list,
    connections,
    practice_book,
    same_practice,
)
from adapters.storage.practices.connections import NewConnection
from adapters.storage.sheet import linking
from adapters.trying import Trials
from console import checking, output
from console.auditing import access, hand_for
from console.opened import require_account
from console.wiring import Wiring
from domain.checks import CheckFailed, Seen
from domain.connections import Connection, State
from domain.errors import BadInput, SyncError, Throttled
from infra.clock import system_clock
from infra.database import transaction
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
    require_account(wiring, wanted.new.account_id)
    new = wanted.new
    seen = _seen(wiring, wanted) if wanted.test and new.site else Seen()
    new = _completed(wanted, new, seen)
    if wanted.secrets:
        new = replace(new, secret_ref=checking.secret_name(wiring, candidate(new)))
    with transaction(wiring.engine, account_id=new.account_id) as db:
        own = replace(new, id=_added(wiring, db, new))
        practice_book.mark_telehealth(db, candidate(own), wanted.telehealth_types)
        added = checks.keep(db, candidate(own), seen, rename=False, anew=False)
        record(
            db,
            access("connections add"),
            account_id=added.account_id,
            action="connection.created",
            connection_id=added.id,
            summary=added.vendor,
        )
    _store(wiring, added, wanted.secrets)
    return added


def _added(wiring: Wiring, db: Db, new: NewConnection) -> UUID:
    seal, hand = wiring.entry_seal(new.account_id), hand_for(new.account_id, "connections add")
    linking.alone(db, new.account_id)
    on_the_clock = partial(stay_on_the_clock, db, seal, hand=hand)
    return connections.add(db, new, at=hand.at, on_the_clock=on_the_clock)


def _store(wiring: Wiring, added: Connection, secrets: dict[str, str]) -> None:
    """After the row that names them: a process that dies in between leaves no secret behind."""
    if added.secret_ref is None:
        return
    try:
        wiring.secrets.put(added.secret_ref, secrets)
    except BaseException:
        with transaction(wiring.engine, account_id=added.account_id) as db:
            connection_list.remove(db, added.id)
        raise


def _seen(wiring: Wiring, wanted: Wanted) -> Seen:
    """What the PMS says of the practice; a failure in words, with what it cost kept."""
    trials = Trials(wiring.opener)
    trial = trials.open(candidate(wanted.new), secrets=wanted.secrets)
    try:
        seen = look(trial, patiently)
    except SyncError as error:
        with transaction(wiring.engine, account_id=wanted.new.account_id) as db:
            keep_spent(db, trial.drain_spent())
        raise CheckFailed(trials.failure(trial.connection, error)) from error
    return replace(seen, spent=trial.drain_spent())


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


def drop_secrets(wiring: Wiring, reference: str | None) -> None:
    if reference is not None:
        wiring.secrets.delete(reference)


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
        settings=same_practice.said(new.vendor, new.site, new.settings, practice.number),
        timezone=told or new.timezone,
        pms_type=practice.pms_type,
        name=new.name if wanted.is_named else practice.name or new.name,
        state=State.ACTIVE,
    )


def _tell_and_wait(seconds: float, wait: Throttled) -> None:
    if seconds > 1:
        output.err().print(f"[dim]Waiting {seconds:.0f} s: {wait}[/dim]")
    time.sleep(seconds)


patiently = waiting(_tell_and_wait, clock=system_clock, longest=LONGEST_WAIT)
"""Waits for the vendor's limit where it is near; a person is looking on."""
