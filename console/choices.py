"""`pms-sync connections map | types | set`: what a person decides about a connection."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from adapters import chosen, pms
from adapters.storage import connection_list, connections, mapping, practice_book
from console import given, output
from console.auditing import audited
from console.lines import one_line
from console.opened import Id, opened
from console.output import AsJson, short
from domain.connections import Connection
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
    with (
        opened(connection) as (wiring, held),
        transaction(wiring.engine, account_id=held.account_id) as db,
    ):
        if every:
            practice_book.save_practitioners(db, held, (), map_all=True)
            connection_list.touch(db, held.id)
        elif practitioner:
            names = {
                one["practitioner_id"]: one["practitioner"]
                for one in connection_list.mappings(db, held.id)
            }
            wanted = given.one_of(names, practitioner, what="practitioner")
            if off:
                mapping.choose(db, held, [mapping.Choice(pms_id=wanted, action="skip")])
            else:
                mapping.map_by_name(db, held, wanted, clinician=clinician or names[wanted])
        found = connection_list.mappings(db, held.id)
    if json:
        return output.answer({"practitioners": [dict(one) for one in found]})
    return output.table(
        ["Id", "Practitioner", "Clinician"],
        [(short(one["practitioner_id"]), one["practitioner"], one["clinician"]) for one in found],
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
    with (
        opened(connection) as (wiring, held),
        transaction(wiring.engine, account_id=held.account_id) as db,
    ):
        for marked, is_telehealth in ((telehealth, True), (not_telehealth, False)):
            ids = [given.one_of(held.types, one, what="type") for one in marked or ()]
            if ids:
                practice_book.mark_telehealth(db, held, ids, telehealth=is_telehealth)
                connection_list.touch(db, held.id)
        found = connection_list.types(db, held.id)
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


Name = Annotated[str | None, typer.Option(help="What people call it.", callback=one_line)]
Ahead = Annotated[
    int | None, typer.Option(help="Days after today to sync as well.", min=0, max=MOST_AHEAD)
]
FullEvery = Annotated[
    int | None, typer.Option(help="Minutes after which days are read whole.", min=1)
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
    name: Name = None,
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
    """Change a connection's settings.

    In another time zone its days begin at another instant: the next sync, which begins at once,
    files every row of the days it reads by that clock. Days it does not read are filed when a sync
    reads them.
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
        changes["settings"] = given.settings(pms.vendor(held.vendor), settings, held=held)
        with audited(
            wiring.engine,
            "connections set",
            account_id=held.account_id,
            action="connection.changed",
            connection_id=held.id,
            summary=chosen.named(changes),
        ) as db:
            connection_list.configure(db, held.id, changes)
            now = connections.load(db, held.id)
    return _tell_settings(now, as_json=as_json)


def _tell_settings(now: Connection, *, as_json: bool) -> None:
    if as_json:
        return output.answer({"id": now.id, "settings": dict(now.settings)})
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
