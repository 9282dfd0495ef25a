"""`pms-sync connections backfill`: a range of days read in chunks, newest first."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapters.pace import seconds_left
from adapters.storage.runs import backfill_rows, backfills
from adapters.storage.runs.runs import LoggedRun
from console import given, output
from console.auditing import access, audited
from console.carrying import Here, carry, refuse_unusable, refuse_without_workers
from console.opened import Id, opened
from console.output import AsJson
from console.wiring import Wiring
from domain.backfills import Backfill, BackfillState, as_answer
from domain.connections import Connection
from domain.counting import so_many
from domain.errors import BadInput
from domain.window import local_day
from infra.clock import system_clock
from infra.database import transaction

app = typer.Typer()

LOOK_SECONDS = 0.5

First = Annotated[str | None, typer.Option("--from", help="First day, 2026-03-31.")]
Last = Annotated[str | None, typer.Option("--to", help="Last day, included.")]
Follow = Annotated[bool, typer.Option("--follow", help="Watch the workers until it is over.")]
Pause = Annotated[bool, typer.Option("--pause", help="Stop after the chunk under way.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where it stopped.")]
Cancel = Annotated[bool, typer.Option("--cancel", help="End it; what was read stays.")]

Tell = Callable[[Backfill, str], None]
STEERED = {"--pause": "paused", "--resume": "resumed", "--cancel": "cancelled"}


@app.command()
def backfill(  # noqa: PLR0913 - each is an option
    connection: Id,
    *,
    first: First = None,
    last: Last = None,
    here: Here = False,
    follow: Follow = False,
    pause: Pause = False,
    resume: Resume = False,
    cancel: Cancel = False,
    json: AsJson = False,
) -> None:
    """Read a past or future range behind today's syncs; without days, tell how it goes."""
    switches = {"--pause": pause, "--resume": resume, "--cancel": cancel}
    chosen = [name for name, is_on in switches.items() if is_on]
    if len(chosen) + bool(first or last) > 1:
        raise BadInput("Choose one of a range, --pause, --resume and --cancel.")
    with opened(connection) as (wiring, held):
        found = _asked(wiring, held, (first, last), chosen[0] if chosen else None, here=here)
        if found.state is BackfillState.RUNNING and (here or follow):
            found = _watched(wiring, held, found, here=here)
    told = as_answer(found, seconds_left=seconds_left(found, vendor=held.vendor))
    output.answer(told) if json else _say(held, told)
    if (here or follow) and found.state is not BackfillState.DONE:
        raise typer.Exit(1)


def _asked(
    wiring: Wiring,
    held: Connection,
    days: tuple[str | None, str | None],
    steer: str | None,
    *,
    here: bool,
) -> Backfill:
    """The backfill as it stands after what was asked for."""
    if steer is not None:
        return _steered(wiring, held, steer)
    if any(days):
        return _begun(wiring, held, days, here=here)
    return _latest(wiring, held)


def _begun(
    wiring: Wiring, held: Connection, days: tuple[str | None, str | None], *, here: bool
) -> Backfill:
    today = local_day(system_clock(), held.timezone)
    first = given.day(days[0] or days[1], today=today)
    last = given.day(days[1], today=today, default=first)
    refuse_unusable(held)
    if not here:
        refuse_without_workers(wiring)
    with audited(
        wiring.engine,
        "connections backfill",
        account_id=held.account_id,
        action="backfill.begun",
        connection_id=held.id,
        summary=f"{first} to {last}",
    ) as db:
        by = access("connections backfill").user
        return backfills.begin(db, held.id, first=first, last=last, by=by, at=system_clock())


def _steered(wiring: Wiring, held: Connection, how: str) -> Backfill:
    found = _latest(wiring, held)
    with audited(
        wiring.engine,
        f"connections backfill {how}",
        account_id=held.account_id,
        action=f"backfill.{STEERED[how]}",
        connection_id=held.id,
        summary=f"backfill {found.id}",
    ) as db:
        if how == "--pause":
            return backfills.stop(db, found.id, reason="Paused at the command line.")
        if how == "--resume":
            return backfills.go_on(db, found.id, at=system_clock())
        return backfills.cancel(db, found.id, at=system_clock())


def _latest(wiring: Wiring, held: Connection) -> Backfill:
    with transaction(wiring.engine, account_id=held.account_id) as db:
        found = backfill_rows.listed(db, connection_id=held.id, limit=1)
    if not found:
        raise BadInput("No range was read yet; name one with --from and --to.")
    return found[0]


def _watched(wiring: Wiring, held: Connection, found: Backfill, *, here: bool) -> Backfill:
    """Chunk after chunk, until it is over or has to wait for a person."""
    with _bar(held.name) as tell:
        while found.state is BackfillState.RUNNING:
            tell(found, "")
            _one_chunk(wiring, held, found, tell, here=here)
            found = _read(wiring, held, found)
        tell(found, "")
    return found


def _one_chunk(
    wiring: Wiring, held: Connection, found: Backfill, tell: Tell, *, here: bool
) -> None:
    with transaction(wiring.engine, account_id=held.account_id) as db:
        job_id = backfill_rows.unfinished_job(db, found)

    def look(run: LoggedRun | None, waiting: str) -> None:
        read = f"{run.day_from} to {run.day_to}: {run.fetched} read" if run else ""
        tell(found, "; ".join(filter(None, (read, waiting))))

    if here and job_id is not None:
        carry(wiring, job_id, look)
    else:
        time.sleep(LOOK_SECONDS)


def _read(wiring: Wiring, held: Connection, found: Backfill) -> Backfill:
    with transaction(wiring.engine, account_id=held.account_id) as db:
        return backfill_rows.find(db, found.id)


@contextmanager
def _bar(name: str) -> Iterator[Tell]:
    """Days done of all, on standard error where it is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f} of {task.total:.0f} days {task.fields[note]}"),
        TimeElapsedColumn(),
    )
    terminal = output.err()
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:
        task = progress.add_task(name, total=1, note="")

        def tell(found: Backfill, note: str) -> None:
            total, done = found.days_total, found.days_done
            progress.update(task, total=total, completed=done, note=note)

        yield tell


def _say(held: Connection, told: dict[str, Any]) -> None:
    days = f"{told['days_done']} of {so_many(told['days_total'], 'day')}"
    output.say(f"{held.name}: {told['from']} to {told['to']}: {told['state'].value}, {days}")
    if told["seconds_left"] and told["state"] is BackfillState.RUNNING:
        output.say(f"  About {output.span(told['seconds_left'])} to go.")
    if told["reason"]:
        output.say(f"  {told['reason']}")
