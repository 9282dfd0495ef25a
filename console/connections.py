"""`pms-sync connections`: link practices to their PMS, and see how the links are."""

from contextlib import AbstractContextManager
from typing import Annotated

import typer
from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping

from adapters import pms
from adapters.storage.people import accounts
from adapters.storage.practices import connection_list
from adapters.storage.practices.connections import NewConnection
from adapters.storage.upkeep.restores import HELD_BACK
from console import given, output, reconnecting, setting_up
from console.agreeing import require_agreements
from console.auditing import audited
from console.checking import checked
from console.lines import one_line
from console.opened import BY_ID, Id, load, opened, require_account
from console.output import AsJson, short
from console.setting_up import Wanted
from console.wiring import Wiring, wired
from domain.checks import CheckFailed, CheckKind
from domain.connections import Connection, State
from domain.errors import BadInput
from domain.rezoning import NO_ZONE_YET
from domain.window import zone
from infra.clock import system_clock
from infra.database import dispatch

app = typer.Typer(no_args_is_help=True, help="Link practices to their PMS.")

DONE = {"pause": "paused", "resume": "resumed"}

BaseUrl = Annotated[str | None, typer.Option(help="Where the PMS is, if elsewhere.")]
TokenUrl = Annotated[str | None, typer.Option(help="Where tokens are, if elsewhere.")]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="A credential; KEY=- reads a line of standard input, PMS_SYNC_SECRET_<KEY> works"
        " too. Repeatable.",
    ),
]


@app.command("list")
def list_(
    *,
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    json: AsJson = False,
) -> None:
    """List the connections and how fresh each is."""
    with wired() as wiring, dispatch(wiring.engine) as db:
        if account is not None:
            accounts.require(db, account)
        found = connection_list.listed(db, account_id=account)
    if json:
        return output.answer({"connections": [dict(one) for one in found]})
    if not found:
        return output.say("No connections yet; add one with 'pms-sync connections add VENDOR'.")
    now = system_clock()
    return output.table(
        ["Id", "PMS", "Name", "State", "Last sync", "Result"],
        [
            (
                short(one["id"]),
                _system(one),
                one["name"],
                one["state"],
                output.ago(one["last_sync_at"], now=now),
                one["last_sync_status"],
            )
            for one in found
        ],
    )


@app.command()
def add(  # noqa: PLR0913 - each is an option
    vendor: Annotated[str, typer.Argument(help="The PMS, such as gentu.")],
    *,
    site: Annotated[str, typer.Option(help="The practice's id at the PMS.")] = "",
    name: Annotated[
        str,
        typer.Option(help="What people call it; the PMS's name if not given.", callback=one_line),
    ] = "",
    timezone: Annotated[
        str | None, typer.Option(help="IANA zone, for a PMS that does not tell it.")
    ] = None,
    account: Annotated[str, typer.Option(help="Who owns it.")] = "default",
    base_url: BaseUrl = None,
    token_url: TokenUrl = None,
    secret: Secrets = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of this PMS; repeatable."),
    ] = None,
    map_all: Annotated[
        bool, typer.Option("--map-all", help="Make a clinician of every practitioner.")
    ] = False,
    telehealth_type: Annotated[
        list[str] | None, typer.Option(help="Id of an appointment type that is telehealth.")
    ] = None,
    all_appointments: Annotated[
        bool, typer.Option("--all-appointments", help="Not only telehealth.")
    ] = False,
    every: Annotated[int, typer.Option(help="Minutes between syncs.", min=1)] = 15,
    test: Annotated[bool, typer.Option(help="Ask the PMS first; keep nothing if it fails.")] = True,
    json: AsJson = False,
) -> None:
    """Connect a practice, after asking its PMS whether the credentials work."""
    described, site = pms.vendor(vendor), site.strip()
    if timezone:
        zone(timezone)
    if not site and described.pairing is None:
        raise BadInput(f"Give the practice's {described.site_label.lower()} with --site.")
    if site and not timezone and not test:
        raise BadInput("Without a test nobody tells the time zone; give it with --timezone.")
    settings = given.settings(described, set_ or ())
    if map_all:
        settings["map_all"] = True
    with wired() as wiring:
        require_account(wiring, account)
        require_agreements(wiring, account_id=account, vendor=vendor)
        preset = wiring.opener.presets.get(vendor, {})
        secrets = given.secrets(described, secret or (), site=site, preset=preset)
        production = wiring.settings.is_production
        new = NewConnection(
            account_id=account,
            vendor=vendor,
            site=site,
            timezone=timezone or NO_ZONE_YET,
            name=name or site or described.title,
            base_url=given.address(base_url, option="--base-url", production=production),
            token_url=given.address(token_url, option="--token-url", production=production),
            settings=settings,
            telehealth_only=described.telehealth_only and not all_appointments,
            frequency_minutes=every,
            state=State.ACTIVE if site else State.SETUP_REQUIRED,
        )
        wanted = Wanted(
            vendor=described,
            new=new,
            secrets=secrets,
            telehealth_types=telehealth_type or (),
            is_named=bool(name),
            has_zone=bool(timezone),
            test=test,
        )
        added = setting_up.create(wiring, wanted)
    if json:
        return output.answer({"id": added.id})
    return _tell_added(added)


@app.command()
def pair(
    connection: Id,
    code: Annotated[str, typer.Argument(help="The code the practice made in its PMS.")],
    *,
    json: AsJson = False,
) -> None:
    """Finish a connection, or sign it in again, with the pairing code of the practice."""
    with opened(connection) as (wiring, held):
        require_agreements(wiring, account_id=held.account_id, vendor=held.vendor)
        paired = reconnecting.pair(wiring, held, code)
    if json:
        return output.answer({"id": paired.id, "site": paired.site, "timezone": paired.timezone})
    return _tell_added(paired)


@app.command()
def reconnect(
    connection: Id,
    *,
    secret: Secrets = None,
    base_url: BaseUrl = None,
    token_url: TokenUrl = None,
    json: AsJson = False,
) -> None:
    """Replace credentials, those not given stay; the PMS is asked before anything is kept."""
    with opened(connection) as (wiring, held):
        described = pms.vendor(held.vendor)
        kept = reconnecting.held_secrets(wiring, held)
        preset = wiring.opener.presets.get(held.vendor, {})
        secrets = given.secrets(described, secret or (), site=held.site, held=kept, preset=preset)
        production = wiring.settings.is_production
        base = given.address(base_url, option="--base-url", production=production)
        token = given.address(token_url, option="--token-url", production=production)
        now = reconnecting.reconnect(wiring, held, secrets, base_url=base, token_url=token)
    rest = "stays paused" if now.state is State.INACTIVE else "syncs from now on"
    _done(now, f"is connected again and {rest}", now.state, as_json=json)


@app.command("test")
def check(connection: Id, *, json: AsJson = False) -> None:
    """Ask the PMS whether the connection works, and read who works there."""
    with opened(connection) as (wiring, held):
        try:
            seen = checked(wiring, held, CheckKind.TEST)
        except CheckFailed as failed:
            raise _with_cure(wiring, held, failed) from None
    if json:
        return output.answer(
            {
                "id": seen.connection_id,
                "valid": True,
                "message": seen.message,
                "practice": seen.practice,
                "practitioners": seen.practitioners,
                "types": seen.types,
            }
        )
    return output.say(
        f"{seen.practice or held.name} answers: {seen.practitioners} practitioners,"
        f" {seen.types} appointment types."
    )


def _with_cure(wiring: Wiring, held: Connection, failed: CheckFailed) -> CheckFailed:
    """The command as well, where only a person can let us in again."""
    if load(wiring, str(held.id)).state is not State.NEEDS_SIGN_IN:
        return failed
    again = reconnecting.command(held.vendor, short(held.id))
    return CheckFailed(f"{str(failed).rstrip('.')}. Run {again}.")


@app.command()
def pause(
    connection: Id,
    *,
    reason: Annotated[
        str | None, typer.Option(help="Why; shown wherever the pause is.", callback=one_line)
    ] = None,
    json: AsJson = False,
) -> None:
    """Stop syncing until resumed; nothing stored is touched."""
    with opened(connection) as (wiring, held), _changing(wiring, held, "pause") as db:
        connection_list.pause(db, held.id, reason=reason)
    _done(held, "is paused", State.INACTIVE, as_json=json)


@app.command()
def resume(
    connection: Annotated[str | None, typer.Argument(metavar="ID", help=BY_ID)] = None,
    *,
    restored: Annotated[
        bool, typer.Option("--restored", help="Every one that waits since a restore.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Sync again, beginning now."""
    if restored == (connection is not None):
        raise BadInput("Give the id of a connection, or --restored.")
    with wired() as wiring:
        wanted = _waiting_since_a_restore(wiring) if connection is None else [connection]
        going = [load(wiring, one) for one in wanted]
        for held in going:
            require_agreements(wiring, account_id=held.account_id, vendor=held.vendor)
        done = [(held, _resumed(wiring, held)) for held in going]
    if json and restored:
        return output.answer({"resumed": [held.id for held in going]})
    for held, told in done:
        _done(held, told, State.ACTIVE, as_json=json)
    return None if done else output.say("No connection waits since a restore.")


def _waiting_since_a_restore(wiring: Wiring) -> list[str]:
    with dispatch(wiring.engine) as db:
        found = connection_list.listed(db)
    return [str(one["id"]) for one in found if one["state_reason"] == HELD_BACK]


def _resumed(wiring: Wiring, held: Connection) -> str:
    with _changing(wiring, held, "resume") as db:
        goes_by_itself = connection_list.resume(db, held.id)
    return "syncs again" if goes_by_itself else "is synced again when somebody asks"


def _system(one: RowMapping) -> str:
    """The practice's own PMS, and what it is reached through where that is another."""
    if one["pms_type"] == one["vendor"]:
        return str(one["vendor"])
    return f"{one['pms_type']}, {one['vendor']}"


def _tell_added(added: Connection) -> None:
    output.facts(
        [
            ("Id", added.id),
            ("Name", added.name),
            ("Site", added.site),
            ("Zone", added.timezone),
            ("Practitioners", f"{len(added.practitioners)}, {len(added.clinicians)} mapped"),
            ("Types", f"{len(added.types)}, {len(added.telehealth_types)} telehealth"),
        ]
    )
    if not added.site:
        output.say(f"Next: pms-sync connections pair {short(added.id)} CODE")
    elif not added.clinicians:
        output.say(f"Next: pms-sync connections map {short(added.id)} --all")


def _changing(wiring: Wiring, held: Connection, command: str) -> AbstractContextManager[Db]:
    """A transaction of the connection's account, audited under the command's name."""
    return audited(
        wiring.engine,
        f"connections {command}",
        account_id=held.account_id,
        action=f"connection.{DONE[command]}",
        connection_id=held.id,
    )


def _done(held: Connection, what: str, state: State, *, as_json: bool) -> None:
    if as_json:
        return output.answer({"id": held.id, "state": state})
    return output.say(f"{held.name} ({held.vendor}) {what}.")
