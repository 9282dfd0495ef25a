"""`pms-sync sync`: one pass over a connection's days, watched until it is over."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from adapters.storage.audit.audit import record as noted
from adapters.storage.runs.asking import ask_for_sync
from adapters.storage.runs.runs import LoggedRun
from console import given, output, previews
from console.auditing import access
from console.carrying import Here, carry, refuse_unusable, refuse_without_workers, watch
from console.following import bars
from console.opened import Id, load
from console.output import AsJson
from console.recordings import ask_for_recording, recorded, said_of
from console.wiring import Wiring, wired
from domain.connections import Connection
from domain.runs import RunStatus
from domain.sheet import Asked, as_json
from domain.window import local_day, zone
from infra.clock import system_clock
from infra.database import transaction

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
Record = Annotated[
    bool, typer.Option("--record", help="Keep what the PMS answers, for 'pms-sync replay'.")
]


@app.command()
def sync(  # noqa: PLR0913 - each is an option
    connection: Id,
    *,
    first: First = None,
    last: Last = None,
    dry_run: DryRun = False,
    allow_removals: AllowRemovals = False,
    record: Record = False,
    here: Here = False,
    json: AsJson = False,
) -> None:
    """Read a connection's days from its PMS onto the run sheet."""
    with wired() as wiring:
        held = load(wiring, connection)
        asked = _days(held, first, last)
        refuse_unusable(held)
        if not here:
            refuse_without_workers(wiring)
        job_id = ask(
            wiring,
            held,
            asked=asked,
            dry_run=dry_run,
            allow_removals=allow_removals,
            record=record,
        )
        with bars() as line:
            run = (carry if here else watch)(wiring, job_id, line(held.name))
        changes = previews.read(wiring, run, command="sync --dry-run")
        offer = previews.offer(wiring, run) if changes else ""
        recording = recorded(wiring, run) if record else None
    if json:
        told = {"recording": as_json(recording)} if record else {}
        output.answer(as_answer(run) | ({"changes": changes} if dry_run else {}) | told)
    else:
        tell(held, run, changes, offer=offer)
        if record:
            output.say(said_of(recording))
    if run.status != RunStatus.SUCCESS:
        raise typer.Exit(1)


def _days(held: Connection, first: str | None, last: str | None) -> Asked:
    today = local_day(system_clock(), held.timezone)
    first_day = given.day(first, today=today)
    return Asked(first_day=first_day, last_day=given.day(last, today=today, default=first_day))


def ask(
    wiring: Wiring,
    held: Connection,
    *,
    asked: Asked,
    dry_run: bool = False,
    allow_removals: bool = False,
    record: bool = False,
) -> int:
    """The job of a sync by a person's hand; whose it is, and what it may do, is written down."""
    with transaction(wiring.engine, account_id=held.account_id) as db:
        if record:
            ask_for_recording(db, held)
        jobs = ask_for_sync(
            db,
            connection_id=held.id,
            asked=asked,
            now=system_clock(),
            dry_run=dry_run,
            allow_removals=allow_removals,
            record=record,
        )
        job_id = next(iter(jobs))
        noted(
            db,
            access("sync"),
            account_id=held.account_id,
            action="preview.asked" if dry_run else "sync.asked",
            connection_id=held.id,
            summary=f"job {job_id}{' allow_removals' if allow_removals else ''}",
        )
    return job_id


def as_answer(run: LoggedRun) -> dict[str, Any]:
    """A run as scripts read it."""
    counts = {name: getattr(run, name) for name in COUNTED}
    return {"run_id": run.id, "status": run.status, **counts, "errors": run.errors}


def tell(
    held: Connection, run: LoggedRun, changes: Sequence[dict[str, Any]], *, offer: str = ""
) -> None:
    counts = ", ".join(f"{getattr(run, name)} {name}" for name in COUNTED if getattr(run, name))
    what = "would be" if run.dry_run else run.status
    output.say(f"{held.name}: {what}: {counts or 'nothing on those days'}")
    for problem in run.errors:
        output.say(f"  {problem}")
    if changes:
        previews.show(changes, zone(held.timezone))
        output.say(offer)
