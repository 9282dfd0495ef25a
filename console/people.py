"""`pms-sync people`: who may sign in, and who may no longer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import Connection as Db

from adapters.storage.people import accounts, members
from console import output
from console.auditing import audited
from console.output import AsJson
from console.wiring import wired
from domain.counting import so_many
from infra.clock import system_clock
from infra.database import as_dispatch, dispatch

app = typer.Typer(no_args_is_help=True, help="People sign in by links; each can be shut out.")

Name = Annotated[str, typer.Argument(help="As 'people list' shows it.")]
Whose = Annotated[str, typer.Option(help="Whose people.")]


@app.command("list")
def list_(*, account: Whose = "default", json: AsJson = False) -> None:
    """List who was ever given a link."""
    with wired() as wiring, dispatch(wiring.engine) as db:
        accounts.require(db, account)
        found = members.listed(db, account, now=system_clock())
    if json:
        return output.answer({"people": found})
    return output.table(
        ["Name", "Role", "Sessions", "Shut out"],
        [(one.name, one.role, one.sessions, one.shut_out_at) for one in found],
    )


@app.command("shut-out")
def shut_out(name: Name, *, account: Whose = "default", json: AsJson = False) -> None:
    """End a person's sessions and links, and give them no more; bearer tokens of that name too."""
    with _noted("shut-out", name, account=account) as db:
        ended = members.shut_out(db, account_id=account, name=name, at=system_clock())
    if json:
        return output.answer({"name": name, "sessions": ended})
    return output.say(f"{name} is shut out; {so_many(ended, 'session')} ended.")


@app.command("let-in")
def let_in(name: Name, *, account: Whose = "default", json: AsJson = False) -> None:
    """Let a person sign in again, with a new link."""
    with _noted("let-in", name, account=account) as db:
        members.let_in(db, account_id=account, name=name, at=system_clock())
    if json:
        return output.answer({"name": name})
    return output.say(f"{name} may sign in again; 'pms-sync login-link' makes a link.")


@contextmanager
def _noted(command: str, name: str, *, account: str) -> Iterator[Db]:
    """People are written by dispatch; what was done is the account's to know."""
    action = f"person.{command.replace('-', '_')}"
    with (
        wired() as wiring,
        audited(
            wiring.engine, f"people {command}", account_id=account, action=action, summary=name
        ) as db,
        as_dispatch(db),
    ):
        accounts.require(db, account)
        yield db
