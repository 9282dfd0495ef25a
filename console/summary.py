"""`pms-sync summary`: an account's week beside the week before."""

from datetime import datetime
from typing import Annotated

import typer

from adapters.storage.runs import summaries
from console import output
from console.opened import of_account
from console.output import AsJson
from console.wiring import wired
from domain.sheet import as_json
from domain.summaries import Summary, monday
from domain.summary_words import lines, title_of
from domain.window import place
from infra.clock import system_clock

app = typer.Typer()

NONE_YET = "There is no summary yet; the first comes on Monday morning. See --so-far."


@app.command()
def summary(
    *,
    account: Annotated[str, typer.Option(help="Whose week.")] = "default",
    week: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The week that holds this day."),
    ] = None,
    so_far: Annotated[
        bool, typer.Option("--so-far", help="The week that goes on, as it stands; not kept.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show an account's newest week: syncs, bookings, broken promises and errors; no patient."""
    with wired() as wiring, of_account(wiring, account) as db:
        day = week and monday(week.date())
        told = (
            summaries.so_far(db, account, now=system_clock())
            if so_far
            else summaries.find(db, week=day)
        )
    if json:
        return output.answer({"summary": as_json(told) if told else None})
    if told is None:
        return output.say("There is no summary of that week." if week else NONE_YET)
    return _show(told)


def _show(told: Summary) -> None:
    output.table(
        ["What", "The week", "Before"],
        [(one.title, one.this, one.before) for one in lines(told)],
        title=f"{title_of(told.week)}, {place(told.timezone)} time",
        figures=("The week", "Before"),
    )
    for error in told.this.errors:
        output.say(f"{error.times} x {error.said}")
