"""Tries a connection in this process as a worker would: the same job, the same handler."""

from collections.abc import Mapping
from uuid import uuid4

from adapters.storage.practices import checks, connections
from adapters.storage.practices.checks import CheckStore, CheckView, NewCheck
from adapters.trying import forget_leftovers
from console.auditing import access
from console.wiring import Wiring
from domain.checks import CheckFailed, CheckKind, CheckState
from domain.connections import Connection
from infra.database import transaction
from workers.here import run_here


def checked(
    wiring: Wiring,
    held: Connection,
    kind: CheckKind,
    *,
    secrets: Mapping[str, str] | None = None,
    base_url: str | None = None,
    token_url: str | None = None,
) -> CheckView:
    """How it ended; raises CheckFailed, whose text says what to correct."""
    new = NewCheck(
        id=uuid4(),
        kind=kind,
        asked_by=str(access("connections").user),
        trial_ref=checks.trial_name(secret_name(wiring, held)) if secrets else None,
        base_url=base_url,
        token_url=token_url,
    )
    with transaction(wiring.engine, account_id=held.account_id) as db:
        checks.begin(db, held, new)
    if new.trial_ref is not None:
        wiring.secrets.put(new.trial_ref, secrets or {})
    with transaction(wiring.engine, account_id=held.account_id) as db:
        job_id = checks.carry(db, held, new.id)
    run_here(wiring.parts(), job_id)
    return _outcome(wiring, held, new)


def now(wiring: Wiring, held: Connection, check: CheckView) -> Connection:
    """The connection the check came to be about."""
    with transaction(wiring.engine, account_id=held.account_id) as db:
        return connections.load(db, check.connection_id)


def secret_name(wiring: Wiring, held: Connection) -> str:
    prefix = wiring.settings.secrets_prefix
    return checks.secret_name(
        prefix, vendor=held.vendor, account_id=held.account_id, own_id=held.id
    )


def _outcome(wiring: Wiring, held: Connection, new: NewCheck) -> CheckView:
    """One whose job died is ended here."""
    forget_leftovers(CheckStore(wiring.engine), wiring.secrets, held.id)
    with transaction(wiring.engine, account_id=held.account_id) as db:
        found = checks.read(db, held.id, new.id)
    if found is None:
        raise CheckFailed(checks.GONE)
    if found.state != CheckState.OK:
        raise CheckFailed(found.message or checks.STOPPED)
    return found
