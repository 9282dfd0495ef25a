"""Signs a practice in again: by new credentials, or by a new code of a PMS that pairs."""

from collections.abc import Mapping

from adapters import pms
from adapters.trying import CODE
from console.checking import checked, now
from console.wiring import Wiring
from domain.checks import CheckKind
from domain.connections import Connection, State
from domain.errors import BadInput, NeedsReconnect


def command(vendor: str, number: str) -> str:
    """How somebody signs a connection in again: with this vendor's own secrets, or its code."""
    described = pms.vendor(vendor)
    # Which practice it is stays as it is; a value of - is typed, and in no history of commands.
    names = [name for name in described.secrets if name != described.site_secret]
    given = " ".join(f"--secret {name}=-" for name in names)
    again = f"'pms-sync connections reconnect {number} {given}'"
    pairs = f", or 'pms-sync connections pair {number} CODE'"
    return again + (pairs if described.pairing is not None else "")


def held_secrets(wiring: Wiring, held: Connection) -> Mapping[str, str]:
    """Its own secrets as stored now; nothing where there are none, or they are gone."""
    if held.secret_ref is None:
        return {}
    try:
        return wiring.secrets.get(held.secret_ref)
    except NeedsReconnect:
        return {}


def reconnect(
    wiring: Wiring,
    held: Connection,
    secrets: Mapping[str, str],
    *,
    base_url: str | None,
    token_url: str | None,
) -> Connection:
    """The connection with its sheet and mappings, signed in anew; or, where it fails, as it was."""
    if not held.site:
        raise BadInput(
            "This connection is not paired yet: use 'pms-sync connections pair', or remove it and"
            " add it again with other credentials."
        )
    kind = CheckKind.CREDENTIALS
    check = checked(wiring, held, kind, secrets=secrets, base_url=base_url, token_url=token_url)
    return now(wiring, held, check)


def pair(wiring: Wiring, held: Connection, code: str) -> Connection:
    """Spend the code, take up the site it stands for, test the connection, and sync from now on."""
    pairing = pms.vendor(held.vendor).pairing
    if pairing is None:
        raise BadInput(f"{held.vendor} has no pairing codes; give --site when adding it.")
    if held.site and held.state is not State.NEEDS_SIGN_IN:
        raise BadInput("This connection has its site already; run 'pms-sync connections test'.")
    wanted = pairing.read(code)
    return now(wiring, held, checked(wiring, held, CheckKind.PAIR, secrets={CODE: wanted}))
