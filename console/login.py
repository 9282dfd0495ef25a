"""`pms-sync login-link` lets a person in without a password, once; `token` lets a script in."""

from datetime import timedelta
from typing import Annotated

import jwt
import typer

from adapters.storage.people import accounts, members
from adapters.storage.people.revoking import call_back_tokens, end_everywhere
from adapters.storage.people.sessions import LINK_MINUTES, make_login_link
from console import address, output
from console.auditing import audited
from console.lines import one_line
from console.opened import require_account
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.counting import so_many
from domain.errors import BadInput
from domain.people import Role
from infra.clock import system_clock
from infra.database import as_dispatch

app = typer.Typer()

PATH = "/login"
MOST_MINUTES = 7 * 24 * 60


@app.command("login-link")
def login_link(
    *,
    name: Annotated[
        str, typer.Option(help="Who signs in, as the audit will say.", callback=one_line)
    ] = "owner",
    role: Annotated[str, typer.Option(help="owner, admin, billing, provider or ops.")] = "owner",
    account: Annotated[str, typer.Option(help="Whose pages.")] = "default",
    json: AsJson = False,
) -> None:
    """Make an address that signs one person in, once."""
    known = _role(role)
    with wired() as wiring:
        link = new_link(wiring, account_id=account, name=name, role=known)
    if json:
        return output.answer({"url": link, "minutes": LINK_MINUTES})
    return output.say(f"{link}\nIt works once, within {LINK_MINUTES} minutes.")


@app.command()
def token(
    *,
    role: Annotated[str, typer.Option(help="owner, admin, billing, provider or ops.")],
    minutes: Annotated[
        int, typer.Option(help="Minutes it is valid for.", min=1, max=MOST_MINUTES)
    ] = 60,
    name: Annotated[
        str, typer.Option(help="Who it is, as the audit will say.", callback=one_line)
    ] = "script",
    account: Annotated[str, typer.Option(help="Whose data.")] = "default",
    json: AsJson = False,
) -> None:
    """Print a bearer token for the API; 'sign-out --tokens' calls an account's tokens back."""
    known, now = _role(role), system_clock()
    ends = now + timedelta(minutes=minutes)
    claims = {"sub": name, "account": account, "role": known.value, "iat": now, "exp": ends}
    with wired() as wiring:
        require_account(wiring, account)
        signing_key = wiring.settings.jwt_secret.get_secret_value()
        said = f"{known.value}, {so_many(minutes, 'minute')}"
        with audited(wiring.engine, "token", account_id=account, action="token.made", summary=said):
            made = jwt.encode(claims, signing_key, algorithm="HS256")
    if json:
        return output.answer({"token": made, "expires_at": ends})
    return output.say(made)


@app.command("sign-out")
def sign_out(
    *,
    account: Annotated[str, typer.Option(help="Whose people.")] = "default",
    name: Annotated[str | None, typer.Option(help="One person; everybody if not given.")] = None,
    tokens: Annotated[
        bool, typer.Option("--tokens", help="Refuse the account's bearer tokens made so far, too.")
    ] = False,
    json: AsJson = False,
) -> None:
    """End every session of a person, or of everybody, and the links they have not used yet."""
    now = system_clock()
    summary = f"{name or 'everybody'}{', tokens' if tokens else ''}"
    action = "session.ended_everywhere"
    with (
        wired() as wiring,
        audited(
            wiring.engine, "sign-out", account_id=account, action=action, summary=summary
        ) as db,
        as_dispatch(db),
    ):
        accounts.require(db, account)
        if name is not None:
            members.require(db, account, name)
        ended = end_everywhere(db, account_id=account, name=name)
        if tokens:
            # Instants of tokens are whole seconds: those of this very second are gone, too.
            call_back_tokens(db, account_id=account, at=now + timedelta(seconds=1))
    if json:
        return output.answer({"sessions": ended, "tokens": tokens})
    return output.say(f"{so_many(ended, 'session')} ended.")


def _role(name: str) -> Role:
    if name not in set(Role):
        raise BadInput(f"There is no role '{name}'; choose one of {', '.join(Role)}.")
    return Role(name)


def new_link(
    wiring: Wiring,
    *,
    account_id: str,
    name: str = "owner",
    role: Role = Role.OWNER,
    base_url: str | None = None,
) -> str:
    said = f"{name}, {role.value}"
    with (
        audited(
            wiring.engine, "login-link", account_id=account_id, action="link.made", summary=said
        ) as db,
        as_dispatch(db),
    ):
        token = make_login_link(db, account_id=account_id, name=name, role=role, now=system_clock())
    return f"{base_url or address.of_pages(wiring.settings)}{PATH}?token={token}"
