"""`pms-sync connections webhooks`: what to enter at a vendor so that it tells us of changes."""

from typing import Annotated

import typer

from adapters.storage.deliveries import webhook_keys
from console import address, output
from console.auditing import audited
from console.opened import Id, opened
from console.output import AsJson, short
from console.wiring import Wiring
from domain.connections import Connection
from domain.errors import BadInput
from infra.clock import system_clock
from infra.database import transaction
from producers.webhooks.senders import HEADER, Sender, senders

app = typer.Typer()


@app.command()
def webhooks(
    connection: Id,
    *,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a key; the one before is refused at once.")
    ] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Accept no more webhooks.")] = False,
    json: AsJson = False,
) -> None:
    """Show where a practice's PMS sends its webhooks, and make or forget the key it proves."""
    if new_key and forget:
        raise BadInput("Choose one of --new-key and --forget.")
    with opened(connection) as (wiring, held):
        sender = _sender(held)
        if forget:
            _forget(wiring, held)
            return _told_forgotten(held, as_json=json)
        key = _made(wiring, held) if new_key else None
        with transaction(wiring.engine, account_id=held.account_id) as db:
            _, made_at = webhook_keys.about(db, held.id) or (None, None)
        urls = sender.addresses(address.of_pages(wiring.settings))
    if json:
        told = {"header": HEADER, "urls": dict(urls), "made_at": made_at}
        return output.answer(told | ({"key": key} if key else {}))
    output.facts([*urls.items(), ("header", HEADER), ("key made at", made_at)])
    return output.say(_about_the_key(held, key, is_made=made_at is not None))


def _sender(held: Connection) -> Sender:
    sender = senders().get(held.vendor)
    if sender is None:
        names = ", ".join(sorted(senders()))
        raise BadInput(f"{held.vendor} sends no webhooks; only these do: {names}.")
    return sender


def _made(wiring: Wiring, held: Connection) -> str:
    with audited(
        wiring.engine,
        "connections webhooks",
        account_id=held.account_id,
        action="connection.webhook_key_made",
        connection_id=held.id,
    ) as db:
        return webhook_keys.make(db, wiring.sealer, held.id, at=system_clock())


def _forget(wiring: Wiring, held: Connection) -> None:
    with audited(
        wiring.engine,
        "connections webhooks",
        account_id=held.account_id,
        action="connection.webhook_key_forgotten",
        connection_id=held.id,
    ) as db:
        webhook_keys.forget(db, held.id)


def _told_forgotten(held: Connection, *, as_json: bool) -> None:
    if as_json:
        return output.answer({"id": held.id, "made_at": None})
    return output.say(f"Webhooks of {held.name} are refused from now on.")


def _about_the_key(held: Connection, key: str | None, *, is_made: bool) -> str:
    if key:
        return f"Key, shown only this once:\n{key}"
    if is_made:
        return "The key is not shown again; --new-key makes another and ends this one."
    return f"There is no key yet: pms-sync connections webhooks {short(held.id)} --new-key"
