"""`pms-sync login-link` lets a person in without a password, once; `token` lets a script in."""

from datetime import timedelta
from typing import Annotated

import jwt
import typer

from adapters.storage import accounts
from adapters.storage.sessions import LINK_MINUTES, make_login_link
from console import address, output
from console.auditing import audited
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.errors import BadInput
from domain.people import Role
from infra.clock import system_clock
from infra.database import dispatch

app = typer.Typer()

PATH = "/login"
MOST_MINUTES = 7 * 24 * 60


@app.command("login-link")
def login_link(
    *,
    name: Annotated[str, typer.Option(help="Who signs in, as the audit will say.")] = "owner",
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
        int, typer.Option(help="How long it is good.", min=1, max=MOST_MINUTES)
    ] = 60,
    name: Annotated[str, typer.Option(help="Who it is, as the audit will say.")] = "script",
    account: Annotated[str, typer.Option(help="Whose data.")] = "default",
    json: AsJson = False,
) -> None:
    """Print a bearer token for the API; it cannot be called back, so keep it short-lived."""
    known, ends = _role(role), system_clock() + timedelta(minutes=minutes)
    claims = {"sub": name, "account": account, "role": known.value, "exp": ends}
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            accounts.require(db, account)
        signing_key = wiring.settings.jwt_secret.get_secret_value()
        said = f"{known.value}, {minutes} minutes"
        with audited(wiring.engine, "token", account_id=account, action="token.made", summary=said):
            made = jwt.encode(claims, signing_key, algorithm="HS256")
    if json:
        return output.answer({"token": made, "expires_at": ends})
    return output.say(made)


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
    with dispatch(wiring.engine) as db:
        token = make_login_link(db, account_id=account_id, name=name, role=role, now=system_clock())
    return f"{base_url or address.of_pages(wiring.settings)}{PATH}?token={token}"
