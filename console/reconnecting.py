"""Signs a practice in again: by new credentials, or by a new code of a PMS that pairs."""

from collections.abc import Mapping
from dataclasses import replace

from adapters import pms
from adapters.storage import checks, connections
from adapters.trying import Trials
from console.auditing import audited
from console.setting_up import drop_secrets, looked, patiently, secret_name, try_again
from console.wiring import Wiring
from domain.appointments import Practice
from domain.checks import CheckFailed
from domain.connections import Connection, State
from domain.errors import BadInput, NeedsReconnect, SyncError
from infra.database import transaction
from workers.handlers.check_connection import same_site


def held_secrets(wiring: Wiring, held: Connection) -> Mapping[str, str]:
    """Its own secrets as stored now; nothing where there are none, or they are gone."""
    if held.secret_ref is None:
        return {}
    try:
        return wiring.secrets.get(held.secret_ref)
    except NeedsReconnect:
        return {}


def reconnect(
    wiring: Wiring, held: Connection, changed: Connection, secrets: Mapping[str, str]
) -> Connection:
    """The connection with its sheet and mappings, signed in anew; or, where it fails, as it was."""
    if not held.site:
        raise BadInput(
            "This connection is not paired yet: use 'pms-sync connections pair', or remove it and"
            " add it again with other credentials."
        )
    trials = Trials(wiring.opener)
    trial = trials.open(changed, secrets=secrets)
    # A token bought before would be let through, and the test would prove nothing.
    trial.forget_token()
    seen = looked(wiring, trial)
    name = checks.trial_name(secret_name(wiring, held))
    changed = replace(changed, secret_ref=wiring.secrets.put(name, secrets) if secrets else None)
    try:
        with audited(
            wiring.engine,
            "connections reconnect",
            account_id=held.account_id,
            action="connection.reconnected",
            connection_id=held.id,
        ) as db:
            now = checks.keep(db, changed, seen, rename=False)
    except BaseException:
        drop_secrets(wiring, changed.secret_ref)
        raise
    if held_secrets(wiring, held) not in ({}, secrets):
        trials.forget_token(held)
    drop_secrets(wiring, held.secret_ref)
    return now


def pair(wiring: Wiring, held: Connection, code: str) -> Connection:
    """Spend the code, take up the site it stands for, test the connection, and sync from now on."""
    if pms.vendor(held.vendor).pairing is None:
        raise BadInput(f"{held.vendor} has no pairing codes; give --site when adding it.")
    if held.site and held.state is not State.NEEDS_SIGN_IN:
        raise BadInput("This connection has its site already; run 'pms-sync connections test'.")
    site = _site_of(wiring, held, code)
    same_site(held, site)
    with transaction(wiring.engine, account_id=held.account_id) as db:
        checks.require_free(db, held, site)
        connections.save_practice(db, held.id, Practice(site=site))
    try_again(wiring, replace(held, site=site))
    with audited(
        wiring.engine,
        "connections pair",
        account_id=held.account_id,
        action="connection.paired",
        connection_id=held.id,
    ) as db:
        return connections.load(db, held.id)


def _site_of(wiring: Wiring, held: Connection, code: str) -> str:
    trials = Trials(wiring.opener)
    trial = trials.open(held)
    # What was granted before the practice unpaired us may not do for the new pairing.
    trial.forget_token()
    try:
        site: str = patiently(lambda: trial.pair(code))
    except SyncError as error:
        raise CheckFailed(trials.failure(held, error)) from error
    finally:
        with transaction(wiring.engine, account_id=held.account_id) as db:
            checks.keep_spent(db, trial.drain_spent())
    return site
