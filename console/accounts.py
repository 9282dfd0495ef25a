"""`pms-sync accounts`: who owns connections, and which called numbers lead to them."""

from collections.abc import Sequence
from typing import Annotated

import typer

from adapters.storage.people import accounts
from adapters.storage.people.accounts import Account, Numbers
from console import output
from console.auditing import audited
from console.lines import one_line
from console.opened import require_account
from console.output import AsJson
from console.overlaps import overlaps
from console.wiring import Wiring, wired
from domain.errors import BadInput
from domain.features import FEATURES, Switches, every, require
from domain.window import local_day
from infra.clock import system_clock
from infra.database import as_dispatch, dispatch

app = typer.Typer(no_args_is_help=True, help="Accounts own connections; calls find them by number.")
app.command()(overlaps)


@app.command("list")
def list_(*, json: AsJson = False) -> None:
    """List the accounts."""
    with wired() as wiring, dispatch(wiring.engine) as db:
        found = accounts.listed(db)
    if json:
        return output.answer({"accounts": found})
    return output.table(
        ["Account", "Name", "Zone", "Phones", "Vapi numbers", "Connections"],
        [
            (
                one.id,
                one.name,
                one.timezone,
                ", ".join(one.phones),
                ", ".join(one.vapi_number_ids),
                one.connections,
            )
            for one in found
        ],
    )


@app.command()
def add(  # noqa: PLR0913 - each is an option
    name: Annotated[str, typer.Argument(help="What people call it.", callback=one_line)],
    *,
    id_: Annotated[
        str | None, typer.Option("--id", help="Its id; made of the name when not given.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="IANA zone, such as Australia/Melbourne.")
    ] = None,
    vapi_number_id: Annotated[
        list[str] | None, typer.Option(help="Id of a Vapi phone number; repeatable.")
    ] = None,
    phone: Annotated[
        list[str] | None, typer.Option(help="A called number, +61391234567; repeatable.")
    ] = None,
    transfer_to: Annotated[
        list[str] | None, typer.Option(help="Where calls may be handed to; repeatable.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Add an account."""
    account = Account(
        id=id_ or accounts.id_from(name),
        name=name,
        timezone=timezone,
        vapi_number_ids=vapi_number_id or (),
        phones=phone or (),
        transfer_to=transfer_to or (),
    )
    _keep(account)
    if json:
        return output.answer({"id": account.id})
    return output.say(f"Account '{account.id}' is there; add its connections with --account.")


def _keep(account: Account) -> None:
    """The first line of its own audit says who made it."""
    command, action = "accounts add", "account.added"
    with (
        wired() as wiring,
        audited(wiring.engine, command, account_id=account.id, action=action) as db,
        as_dispatch(db),
    ):
        accounts.add(db, account)


_INSTEAD = "Takes the place of all there were; repeatable, and '' takes them away."


@app.command("set")
def set_(  # noqa: PLR0913 - each is an option
    account: Annotated[str, typer.Argument(metavar="ID", help="The account's id.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="What people call it.", callback=one_line)
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="IANA zone, such as Australia/Melbourne.")
    ] = None,
    vapi_number_id: Annotated[list[str] | None, typer.Option(help=_INSTEAD)] = None,
    phone: Annotated[list[str] | None, typer.Option(help=_INSTEAD)] = None,
    transfer_to: Annotated[
        list[str] | None, typer.Option(help="Where calls may be handed to; as --phone.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Change an account's name, time zone or telephone numbers.

    The zone says which day is today, where the sheet opens, and what clock a row is typed in by.
    Rows that are there keep their own; a practice's is set with 'pms-sync connections set'.
    """
    numbers = Numbers(
        phones=_given(phone),
        vapi_number_ids=_given(vapi_number_id),
        transfer_to=_given(transfer_to),
    )
    told = {"name": name, "timezone": timezone, **numbers.as_values()}
    changed = [what for what, value in told.items() if value is not None]
    if not changed:
        raise BadInput(
            "Give what to change: --name, --timezone, --phone, --vapi-number-id or --transfer-to."
        )
    _change(account, changed, name=name, timezone=timezone, numbers=numbers)
    if json:
        return output.answer({"id": account, **{what: told[what] for what in changed}})
    return output.say(_said(account, timezone))


@app.command()
def features(
    account: Annotated[str, typer.Argument(metavar="ID", help="The account's id.")],
    *,
    enable: Annotated[list[str] | None, typer.Option(help="Switch it on; repeatable.")] = None,
    disable: Annotated[list[str] | None, typer.Option(help="Switch it off; repeatable.")] = None,
    json: AsJson = False,
) -> None:
    """Show what is switched on for an account, or switch it: some first, then everybody."""
    wanted = {**dict.fromkeys(enable or (), True), **dict.fromkeys(disable or (), False)}
    if set(enable or ()) & set(disable or ()):
        raise BadInput("A feature is switched on or off, not both.")
    require(list(wanted))
    with wired() as wiring:
        if wanted:
            _switch(wiring, account, wanted)
        with dispatch(wiring.engine) as db:
            accounts.require(db, account)
            found = every(accounts.switches(db, account))
    if json:
        return output.answer({"id": account, "features": found})
    return output.table(
        ["Feature", "", "What"],
        [(name, "on" if found[name] else "off", FEATURES[name].says) for name in found],
    )


def _switch(wiring: Wiring, account: str, wanted: Switches) -> None:
    require_account(wiring, account)
    told = ", ".join(f"{name} {'on' if on else 'off'}" for name, on in wanted.items())
    # Accounts are written by dispatch, as every change of one.
    with (
        audited(
            wiring.engine,
            "accounts features",
            account_id=account,
            action="account.features",
            summary=told,
        ) as db,
        as_dispatch(db),
    ):
        accounts.switch(db, account, wanted)


def _change(
    account: str,
    changed: Sequence[str],
    *,
    name: str | None,
    timezone: str | None,
    numbers: Numbers,
) -> None:
    with wired() as wiring:
        require_account(wiring, account)
        # Accounts may read of themselves, not write.
        with (
            audited(
                wiring.engine,
                "accounts set",
                account_id=account,
                action="account.changed",
                summary=", ".join(changed),
            ) as db,
            as_dispatch(db),
        ):
            accounts.change(db, account, name=name, timezone=timezone, numbers=numbers)


def _given(numbers: Sequence[str] | None) -> Sequence[str] | None:
    return None if numbers is None else [one for one in numbers if one]


def _said(account: str, timezone: str | None) -> str:
    if timezone is None:
        return f"Account '{account}' is changed."
    today = local_day(system_clock(), timezone)
    return (
        f"Account '{account}' keeps {timezone} now, where today is {today:%a %d %b}. Rows that are"
        " there keep the clock they were filed by."
    )
