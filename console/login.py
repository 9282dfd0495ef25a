"""`pms-sync login-link`: lets a person in without a password, once."""

from typing import Annotated

import typer

from adapters.storage.sessions import LINK_MINUTES, make_login_link
from console import address, output
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.errors import BadInput
from domain.people import Role
from infra.clock import system_clock
from infra.database import dispatch

app = typer.Typer()

PATH = "/login"


@app.command("login-link")
def login_link(
    *,
    name: Annotated[str, typer.Option(help="Who signs in, as the audit will say.")] = "owner",
    role: Annotated[str, typer.Option(help="owner, admin, billing, provider or ops.")] = "owner",
    account: Annotated[str, typer.Option(help="Whose pages.")] = "default",
    json: AsJson = False,
) -> None:
    """Make an address that signs one person in, once."""
    if role not in set(Role):
        raise BadInput(f"There is no role '{role}'; choose one of {', '.join(Role)}.")
    with wired() as wiring:
        link = new_link(wiring, account_id=account, name=name, role=Role(role))
    if json:
        return output.answer({"url": link, "minutes": LINK_MINUTES})
    return output.say(f"{link}\nIt works once, within {LINK_MINUTES} minutes.")


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
