"""`pms-sync endpoints`: programs of an account that are told that the sheet changed."""

from collections.abc import Callable, Mapping
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Connection as Db

from adapters.outgoing.keeping import Keeper, Shown
from adapters.storage.audit.audit import record
from adapters.storage.outgoing import endpoints
from console import output
from console.auditing import access, audited
from console.opened import DEFAULT_ACCOUNT, Account, Limit, of_account, require_account
from console.output import AsJson, short
from console.wiring import Wiring, wired
from infra.clock import system_clock
from infra.database import dispatch, transaction

app = typer.Typer(no_args_is_help=True, help="Programs that are told that the sheet changed.")

ACTIONS: Mapping[str, str] = {
    "rotate": "endpoint.secret_changed",
    "test": "endpoint.tested",
    "pause": "endpoint.paused",
    "resume": "endpoint.resumed",
    "remove": "endpoint.removed",
}

Do = Callable[[Db, UUID], object]
Id = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id, or how it begins.")]


@app.command("list")
def list_(*, account: Account = DEFAULT_ACCOUNT, json: AsJson = False) -> None:
    """List the endpoints of an account and how each stands; never a secret."""
    with wired() as wiring, of_account(wiring, account) as db:
        found = endpoints.listed(db)
    if json:
        return output.answer({"endpoints": found})
    if not found:
        return output.say("Nobody is told of changes; add an endpoint with 'endpoints add'.")
    now = system_clock()
    return output.table(
        ["Id", "Address", "State", "Last told", "Failing for", "Reason"],
        [
            (
                short(one.id),
                one.url,
                one.state.value,
                output.ago(one.delivered_at, now=now),
                one.failing_since and output.span((now - one.failing_since).total_seconds()),
                one.reason,
            )
            for one in found
        ],
    )


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="The program's address: https://...")],
    *,
    account: Account = DEFAULT_ACCOUNT,
    json: AsJson = False,
) -> None:
    """Have a program told of what changes from now on; shows its secret, this once."""
    with wired() as wiring:
        keeper = _keeper(wiring)
        require_account(wiring, account)
        checked = keeper.checked(url)
        who = access("endpoints add")
        with keeper.together() as undo, transaction(wiring.engine, account_id=account) as db:
            made = keeper.add(db, checked, account_id=account, by=who.user, undo=undo)
            summary = f"endpoint {made.endpoint_id}"
            record(db, who, account_id=account, action="endpoint.added", summary=summary)
    if json:
        return output.answer({"id": made.endpoint_id, "secret": made.secret})
    return output.say(f"Endpoint {short(made.endpoint_id)} is told. {_secret(made)}")


@app.command()
def rotate(endpoint: Id, *, json: AsJson = False) -> None:
    """Make another secret; those before it hold for 24 hours more."""
    made: list[Shown] = []
    with wired() as wiring:
        keeper = _keeper(wiring)
        with keeper.together() as undo:
            _changed(
                wiring,
                endpoint,
                "rotate",
                lambda db, own: made.append(keeper.rotate(db, own, undo=undo)),
            )
    (one,) = made
    if json:
        until = one.both_valid_until
        told = {"id": one.endpoint_id, "secret": one.secret, "both_valid_until": until}
        return output.answer(told)
    return output.say(f"The one before holds for 24 hours more. {_secret(one)}")


@app.command("test")
def try_out(endpoint: Id, *, json: AsJson = False) -> None:
    """Send an endpoint a test; 'endpoints messages' then has how it went."""
    sent: list[UUID] = []
    with wired() as wiring:
        own = _changed(
            wiring,
            endpoint,
            "test",
            lambda db, own: sent.append(endpoints.test(db, own, at=system_clock())),
        )
    (message,) = sent
    if json:
        return output.answer({"id": own, "message_id": message})
    return output.say(
        f"Endpoint {short(own)} is sent a test, once: message {short(message)}"
        " of 'endpoints messages'."
    )


@app.command()
def pause(endpoint: Id, *, json: AsJson = False) -> None:
    """Tell an endpoint nothing for now; what changes meanwhile is told once it goes on."""
    with wired() as wiring:
        own = _changed(wiring, endpoint, "pause", endpoints.pause)
    _said(own, "is sent nothing until 'endpoints resume'.", as_json=json)


@app.command()
def resume(endpoint: Id, *, json: AsJson = False) -> None:
    """Tell an endpoint again, starting with what changed meanwhile."""
    with wired() as wiring:
        own = _changed(wiring, endpoint, "resume", endpoints.resume)
    _said(own, "is told again.", as_json=json)


@app.command()
def remove(endpoint: Id, *, json: AsJson = False) -> None:
    """Send nothing there any more, and forget its secret."""
    refs: list[str] = []
    with wired() as wiring:
        own = _changed(
            wiring,
            endpoint,
            "remove",
            lambda db, own: refs.append(endpoints.remove(db, own, at=system_clock())),
        )
        for ref in refs:
            _keeper(wiring).forget(ref)
    _said(own, "is removed, and its secret forgotten.", as_json=json)


@app.command()
def messages(
    *,
    account: Account = DEFAULT_ACCOUNT,
    limit: Limit = 20,
    json: AsJson = False,
) -> None:
    """List the latest messages and how telling them went."""
    with wired() as wiring, of_account(wiring, account) as db:
        found = endpoints.messages(db, limit=limit)
    if json:
        return output.answer({"messages": found})
    if not found:
        return output.say("Nothing has been sent yet.")
    now = system_clock()
    return output.table(
        ["Id", "Endpoint", "What", "Rows", "State", "Tries", "Made", "Reason"],
        [
            (
                short(one.id),
                short(one.endpoint_id),
                one.kind,
                one.content.get("rows"),
                one.state.value,
                one.attempts,
                output.ago(one.created_at, now=now),
                one.reason,
            )
            for one in found
        ],
    )


@app.command()
def redeliver(
    message: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    *,
    json: AsJson = False,
) -> None:
    """Send a message once more, under the same id."""
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            account_id, own = endpoints.find_message(db, message)
        with audited(
            wiring.engine,
            "endpoints redeliver",
            account_id=account_id,
            action="endpoint.told_again",
            summary=f"message {own}",
        ) as db:
            endpoints.send_again(db, own, account_id=account_id, at=system_clock())
    if json:
        return output.answer({"id": own})
    return output.say(f"Message {short(own)} is sent once more.")


def _keeper(wiring: Wiring) -> Keeper:
    given = wiring.settings
    return Keeper(
        secrets=wiring.secrets,
        prefix=given.secrets_prefix,
        clock=system_clock,
        is_production=given.is_production,
    )


def _changed(wiring: Wiring, wanted: str, command: str, do: Do) -> UUID:
    """The endpoint a person names, after it was done and written down."""
    with dispatch(wiring.engine) as db:
        account_id, own = endpoints.find(db, wanted)
    with audited(
        wiring.engine,
        f"endpoints {command}",
        account_id=account_id,
        action=ACTIONS[command],
        summary=f"endpoint {own}",
    ) as db:
        do(db, own)
    return own


def _said(own: UUID, what: str, *, as_json: bool) -> None:
    if as_json:
        return output.answer({"id": own})
    return output.say(f"Endpoint {short(own)} {what}")


def _secret(made: Shown) -> str:
    return f"Its secret, shown only this once:\n{made.secret}"
