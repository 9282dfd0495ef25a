"""`pms-sync connections map | types | set`: what a person decides about a connection."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Any

import typer
from sqlalchemy import Connection as Db

from adapters import chosen, pms
from adapters.storage.by_hand.rezoned_rows import stay_on_the_clock
from adapters.storage.practices import (
    connection_details,
    connection_list,
    connections,
    mapping,
    practice_book,
)
from adapters.storage.practices.mapping import TypeChoice
from adapters.storage.sheet import linking
from adapters.storage.sheet.entries import EntrySeal
from console import given, output
from console.auditing import audited, hand_for
from console.lines import one_line
from console.opened import Id, opened
from console.output import AsJson, short
from console.wiring import Wiring
from domain.connections import Connection
from domain.errors import BadInput
from domain.rezoning import Rezoned
from domain.rhythm import check_rest
from domain.window import zone
from infra.database import transaction

app = typer.Typer()

MOST_AHEAD = 90
KEYS = "KEY= takes one away; opening_hours takes JSON by weekday, mon to sun."


@app.command("map")
def map_(
    connection: Id,
    practitioner: Annotated[str | None, typer.Argument(help="The practitioner's id.")] = None,
    *,
    clinician: Annotated[
        str | None,
        typer.Option(
            help="Name of the column; the practitioner's if not given.", callback=one_line
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Everyone who has no column yet.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Take them off at the next sync.")] = False,
    json: AsJson = False,
) -> None:
    """Show or choose which practitioners have a column on the sheet."""
    _refuse_two_wishes(practitioner, clinician=clinician, every=every, off=off)
    with opened(connection) as (wiring, held):
        if every or practitioner:
            said = "everyone who has no column yet" if every else "1 practitioner"
            with _changed(wiring, held, "map", action="connection.mapped", said=said) as db:
                if every:
                    practice_book.save_practitioners(db, held, (), map_all=True)
                    connection_list.touch(db, held.id)
                elif practitioner:
                    _map_one(db, held, practitioner, clinician=clinician, off=off)
        with transaction(wiring.engine, account_id=held.account_id) as db:
            found = connection_list.mappings(db, held.id)
    if json:
        return output.answer({"practitioners": [dict(one) for one in found]})
    return output.table(
        ["Id", "Practitioner", "Clinician"],
        [(short(one["practitioner_id"]), one["practitioner"], one["clinician"]) for one in found],
    )


def _refuse_two_wishes(
    practitioner: str | None, *, clinician: str | None, every: bool, off: bool
) -> None:
    """What contradicts itself must not be taken for one half of it."""
    if every and (practitioner or clinician or off):
        raise BadInput("--all gives everyone a column: name nobody beside it, and no --off.")
    if off and clinician:
        raise BadInput("Whoever is taken off needs no column: say --off or --clinician.")
    if practitioner is None and (clinician or off):
        raise BadInput("Name the practitioner; the list without any shows their ids.")


def _map_one(
    db: Db, held: Connection, practitioner: str, *, clinician: str | None, off: bool
) -> None:
    listed = connection_list.mappings(db, held.id)
    names = {one["practitioner_id"]: one["practitioner"] for one in listed}
    wanted = given.one_of(names, practitioner, what="practitioner")
    if off:
        mapping.choose(db, held, [mapping.Choice(pms_id=wanted, action="skip")])
    else:
        mapping.map_by_name(db, held, wanted, clinician=clinician or names[wanted])


def _changed(
    wiring: Wiring, held: Connection, command: str, *, action: str, said: str
) -> AbstractContextManager[Db]:
    """What decides who and what is on the sheet is written down."""
    return audited(
        wiring.engine,
        f"connections {command}",
        account_id=held.account_id,
        action=action,
        connection_id=held.id,
        summary=said,
    )


@app.command()
def types(
    connection: Id,
    *,
    telehealth: Annotated[
        list[str] | None, typer.Option(help="Id of a type that is telehealth; repeatable.")
    ] = None,
    not_telehealth: Annotated[
        list[str] | None, typer.Option(help="Id of a type that is not; repeatable.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show or mark which appointment types are telehealth."""
    with opened(connection) as (wiring, held):
        yes, no = (
            {given.one_of(held.types, one, what="type") for one in marked or ()}
            for marked in (telehealth, not_telehealth)
        )
        if yes or no:
            _mark(wiring, held, yes, no)
        with transaction(wiring.engine, account_id=held.account_id) as db:
            found = connection_details.read_types(db, held.id)
    if json:
        return output.answer({"types": [dict(one) for one in found]})
    return output.table(
        ["Id", "Type", "Minutes", "Telehealth"],
        [
            (
                short(one["type_id"]),
                one["name"],
                one["duration_minutes"],
                one["is_telehealth"] if one["classified"] else "not said",
            )
            for one in found
        ],
    )


def _mark(wiring: Wiring, held: Connection, yes: set[str], no: set[str]) -> None:
    if both := yes & no:
        raise BadInput(f"Type {min(both)} cannot be telehealth and not.")
    said = f"{len(yes | no)} types"
    with _changed(wiring, held, "types", action="connection.types_marked", said=said) as db:
        choices = [TypeChoice(type_id=one, is_telehealth=one in yes) for one in sorted(yes | no)]
        mapping.mark_types(db, held.id, choices)


Called = Annotated[str | None, typer.Option(help="What people call it.", callback=one_line)]
Ahead = Annotated[
    int | None, typer.Option(help="Days after today to sync as well.", min=0, max=MOST_AHEAD)
]
FullEvery = Annotated[
    int | None, typer.Option(help="Minutes after which days are read whole.", min=1, max=10080)
]
Every = Annotated[int | None, typer.Option(help="Minutes between syncs.", min=1, max=1440)]
Adaptive = Annotated[
    bool | None,
    typer.Option("--adaptive/--steady", help="Less often while quiet, or always at --every."),
]
QuietEvery = Annotated[
    int | None, typer.Option(help="Most minutes between syncs while quiet.", min=1, max=1440)
]


@app.command("set")
def set_(  # noqa: PLR0913 - each is an option
    connection: Id,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help=KEYS)
    ] = None,
    *,
    name: Called = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone the practice keeps.")] = None,
    every: Every = None,
    days_ahead: Ahead = None,
    full_every: FullEvery = None,
    adaptive: Adaptive = None,
    quiet_every: QuietEvery = None,
    telehealth_only: Annotated[
        bool | None, typer.Option("--telehealth-only/--all-appointments", help="What to sync.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show or change a connection's settings.

    In another time zone its days begin at another instant: the next sync, which begins at once,
    files every row of the days it reads by that clock. Days it does not read are filed when a sync
    reads them. What was typed or scanned for today and later stays at the time it says.
    """
    hours, others = given.opening_hours(settings or ())
    if timezone:
        zone(timezone)
    told = {
        "name": name,
        "timezone": timezone,
        "frequency_minutes": every,
        "days_ahead": days_ahead,
        "full_every_minutes": full_every,
        "adaptive": adaptive,
        "quiet_minutes": quiet_every,
        "telehealth_only": telehealth_only,
        "opening_hours": hours,
    }
    return _change(connection, told, others, as_json=json)


def _change(
    wanted: str, told: Mapping[str, Any], settings: Sequence[str], *, as_json: bool
) -> None:
    with opened(wanted) as (wiring, held):
        changes = {key: one for key, one in told.items() if one is not None}
        if "quiet_minutes" in changes:
            every = changes.get("frequency_minutes", held.frequency_minutes)
            check_rest(changes["quiet_minutes"], every=every)
        if settings:
            changes["settings"] = given.settings(pms.vendor(held.vendor), settings, held=held)
        if changes:
            said = chosen.named(changes)
            with _changed(wiring, held, "set", action="connection.changed", said=said) as db:
                _configure(db, wiring.entry_seal(held.account_id), held, changes)
        with transaction(wiring.engine, account_id=held.account_id) as db:
            now = connections.load(db, held.id)
    return _tell_settings(now, as_json=as_json)


def _configure(db: Db, seal: EntrySeal, held: Connection, changes: Mapping[str, Any]) -> None:
    if "timezone" in changes:
        linking.alone(db, held.account_id)
    connection_list.configure(db, held.id, changes)
    if "timezone" in changes:
        hand = hand_for(held.account_id, "connections set")
        clock = Rezoned(was=held.timezone, now=changes["timezone"])
        stay_on_the_clock(db, seal, held.id, clock, hand=hand)


def _tell_settings(now: Connection, *, as_json: bool) -> None:
    if as_json:
        shown = ("id", "name", "timezone", "frequency_minutes", "adaptive", "telehealth_only")
        return output.answer(
            {**{one: getattr(now, one) for one in shown}, "settings": dict(now.settings)}
        )
    return output.facts(
        [
            ("Name", now.name),
            ("Zone", now.timezone),
            ("Every", f"{now.frequency_minutes} min"),
            ("While quiet", _resting(now)),
            ("Open", _hours(now)),
            ("Syncs", "telehealth only" if now.telehealth_only else "all appointments"),
            *now.settings.items(),
        ]
    )


def _resting(now: Connection) -> str:
    return f"less often, up to {now.quiet_minutes} min apart" if now.adaptive else "as often"


def _hours(now: Connection) -> str:
    """As it was told; what is taken for its hours without a word is not its own."""
    days = [
        f"{day} {' and '.join(f'{start} to {end}' for start, end in shifts)}"
        for day, shifts in now.opening_hours.items()
        if shifts
    ]
    return ", ".join(days) or "no hours told"
