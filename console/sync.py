"""`pms-sync sync`: one pass over a connection's days, watched until it is over."""

import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Never

import typer

from adapters.storage.runs import LoggedRun
from adapters.storage.workers import living_workers
from console import given, output, previews
from console.following import Tell, ask_for_sync, bars, follow
from console.opened import Id, load
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.connections import Connection, State
from domain.errors import BadInput
from domain.jobs import Queue
from domain.runs import RunStatus
from domain.window import local_day, zone
from infra.clock import system_clock
from infra.database import dispatch
from workers.here import run_here

app = typer.Typer()

COUNTED = (
    "fetched",
    "created",
    "updated",
    "unchanged",
    "skipped",
    "removed",
    "rejected",
    "conflicts",
)


First = Annotated[
    str | None, typer.Option("--from", help="First day, 2026-03-31; today if not given.")
]
Last = Annotated[str | None, typer.Option("--to", help="Last day; the first one if not given.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")]
AllowRemovals = Annotated[
    bool, typer.Option("--allow-removals", help="Take rows off even if most of the day vanished.")
]
Here = Annotated[bool, typer.Option("--here", help="In this process, without workers.")]


@app.command()
def sync(  # noqa: PLR0913 - each is an option
    connection: Id,
    *,
    first: First = None,
    last: Last = None,
    dry_run: DryRun = False,
    allow_removals: AllowRemovals = False,
    here: Here = False,
    json: AsJson = False,
) -> None:
    """Read a connection's days from its PMS onto the run sheet."""
    with wired() as wiring:
        held = load(wiring, connection)
        today = local_day(system_clock(), held.timezone)
        first_day = given.day(first, today=today)
        last_day = given.day(last, today=today, default=first_day)
        _refuse_unusable(held)
        if not here:
            _refuse_without_workers(wiring)
        job_id = ask_for_sync(
            wiring.engine,
            held,
            first=first_day,
            last=last_day,
            dry_run=dry_run,
            allow_removals=allow_removals,
        )
        with bars() as line:
            run = (_carry if here else _watch)(wiring, job_id, line(held.name))
        changes = previews.read(wiring, run) if dry_run else []
    if json:
        output.answer(as_answer(run) | ({"changes": changes} if dry_run else {}))
    else:
        _tell(held, run, changes)
    if run.status != RunStatus.SUCCESS:
        raise typer.Exit(1)


def as_answer(run: LoggedRun) -> dict[str, Any]:
    """A run as scripts read it."""
    counts = {name: getattr(run, name) for name in COUNTED}
    return {"run_id": run.id, "status": run.status, **counts, "errors": run.errors}


def _watch(wiring: Wiring, job_id: int, tell: Tell) -> LoggedRun:
    return follow(wiring.engine, job_id, tell)


def _carry(wiring: Wiring, job_id: int, tell: Tell) -> LoggedRun:
    """Run the job in another thread; this one watches, and hears when it is told to stop.

    However it ends, the job is left finished or handed back.
    """
    parts = wiring.parts()
    before = signal.signal(signal.SIGTERM, _interrupted)
    try:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="here") as thread:
            carried = thread.submit(run_here, parts, job_id)

            def look(run: LoggedRun | None, waiting: str) -> None:
                tell(run, waiting)
                if carried.done():
                    carried.result()

            try:
                follow(wiring.engine, job_id, look)
                carried.result()
            finally:
                parts.stopping.ask()
    finally:
        signal.signal(signal.SIGTERM, before)
    return follow(wiring.engine, job_id, lambda *_: None)


def _interrupted(*_: object) -> Never:
    raise KeyboardInterrupt


def _refuse_unusable(held: Connection) -> None:
    if held.state is State.SETUP_REQUIRED:
        raise BadInput("This connection is not set up; run 'pms-sync connections test' or pair it.")
    if held.state is State.INACTIVE:
        raise BadInput("This connection is paused; run 'pms-sync connections resume' first.")


def _refuse_without_workers(wiring: Wiring) -> None:
    with dispatch(wiring.engine) as db:
        if not living_workers(db).get(Queue.SYNC.value):
            raise BadInput(
                "No worker is alive to do it: start them with 'pms-sync up', or add --here."
            )


def _tell(held: Connection, run: LoggedRun, changes: Sequence[dict[str, Any]]) -> None:
    counts = ", ".join(f"{getattr(run, name)} {name}" for name in COUNTED if getattr(run, name))
    what = "would be" if run.dry_run else run.status
    output.say(f"{held.name}: {what}: {counts or 'nothing on those days'}")
    for problem in run.errors:
        output.say(f"  {problem}")
    if changes:
        previews.show(changes, zone(held.timezone))
