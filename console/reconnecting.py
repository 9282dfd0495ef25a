"""Signs a practice in again: by new credentials, or by a new code of a PMS that pairs."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from adapters import pms
from adapters.storage import connection_list, connections
from console.auditing import audited
from console.setting_up import drop_secrets, keep, look, patiently, secret_name, try_again
from console.wiring import Wiring
from domain.appointments import Practice
from domain.connections import Connection, State
from domain.errors import BadInput, NeedsReconnect, Transient
from infra.database import transaction


def held_secrets(wiring: Wiring, held: Connection) -> Mapping[str, str]:
    """What is stored now; nothing where it is gone."""
    try:
        return wiring.opener.secrets_of(held)
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
    old = held_secrets(wiring, held)
    # A token bought before would be let through, and the test would prove nothing.
    forget_token(wiring, changed, secrets)
    seen = look(wiring, changed, secrets=secrets)
    name = secret_name(wiring, held)
    changed = replace(changed, secret_ref=wiring.secrets.put(name, secrets))
    try:
        with audited(
            wiring.engine,
            "connections reconnect",
            account_id=held.account_id,
            action="connection.reconnected",
            connection_id=held.id,
        ) as db:
            connection_list.reconnect(db, changed)
            now = keep(db, changed, seen)
    except BaseException:
        if old:
            wiring.secrets.put(name, old)
        else:
            drop_secrets(wiring, changed.secret_ref)
        raise
    if old != secrets:
        with suppress(Transient):
            # Should Redis have gone by now: nobody asks for the old token again, and it ends.
            forget_token(wiring, held, old)
    return now


def pair(wiring: Wiring, held: Connection, code: str) -> Connection:
    """Spend the code, take up the site it stands for, test the connection, and sync from now on."""
    if pms.vendor(held.vendor).pairing is None:
        raise BadInput(f"{held.vendor} has no pairing codes; give --site when adding it.")
    if held.site and held.state is not State.NEEDS_SIGN_IN:
        raise BadInput("This connection has its site already; run 'pms-sync connections test'.")
    site = _site_of(wiring, held, code)
    if held.site and site != held.site:
        raise BadInput(
            f"This code stands for another site ({site}) than this connection ({held.site}), which"
            f" stays as it was; add that practice with 'pms-sync connections add {held.vendor}"
            f" --site {site}'."
        )
    with transaction(wiring.engine, account_id=held.account_id) as db:
        connections.save_practice(db, held.id, Practice(site=site))
    try_again(wiring, replace(held, site=site))
    with audited(
        wiring.engine,
        "connections pair",
        account_id=held.account_id,
        action="connection.paired",
        connection_id=held.id,
    ) as db:
        connection_list.resume(db, held.id)
        return connections.load(db, held.id)


def forget_token(wiring: Wiring, connection: Connection, secrets: Mapping[str, str]) -> None:
    """Whoever shares the token buys the next one."""
    with suppress(NeedsReconnect):
        # Secrets that lack a part never bought one.
        key = wiring.opener.token_key(connection, secrets)
        if key is not None:
            wiring.tokens.forget(key)


def _site_of(wiring: Wiring, held: Connection, code: str) -> str:
    here = wiring.opener.placed(held)
    keys, ports = wiring.opener.secrets_of(here), wiring.opener.ports(here)
    # What was granted before the practice unpaired us may not do for the new pairing.
    forget_token(wiring, held, keys)
    return patiently(lambda: pms.pair(here, code, secrets=keys, ports=ports))
