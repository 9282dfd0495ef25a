"""`pms-sync runs`: what each pass over a practice's days did."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

import typer

from adapters.storage.audit.audit import record
from adapters.storage.runs import approvals, runs
from adapters.storage.runs.runs import LoggedRun
from console import output, previews
from console.auditing import access
from console.carrying import Here, carry, refuse_unusable, refuse_without_workers, watch
from console.following import bars
from console.opened import Limit, called, load
from console.output import AsJson, short
from console.sync import COUNTED, as_answer, tell
from console.wiring import Wiring, wired
from domain.counting import so_many
from domain.durations import took
from domain.runs import RunStatus
from domain.sheet import as_json
from infra.clock import system_clock
from infra.database import dispatch, transaction

MOST_LISTED = 50
"""Records that could not be read, one by one; of more each reason is told once."""

app = typer.Typer(no_args_is_help=True, help="What each pass over a practice's days did.")


@app.command("list")
def list_(
    *,
    connection: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this connection's.")
    ] = None,
    limit: Limit = 20,
    json: AsJson = False,
) -> None:
    """List the latest runs."""
    with wired() as wiring:
        held = load(wiring, connection) if connection else None
        with dispatch(wiring.engine) as db:
            found = runs.listed(db, connection_id=held.id if held else None, limit=limit)
            practices = called(db, (one.connection_id for one in found))
    if json:
        return output.answer({"runs": found})
    if not found:
        return output.say("No runs yet; ask for one with 'pms-sync sync ID'.")
    now = system_clock()
    output.table(
        ["Run", "Connection", "Started", "Status", "Read", "New", "Changed", "Seconds"],
        [
            (
                short(one.id),
                practices[one.connection_id],
                output.ago(one.started_at, now=now),
                f"{one.status} (dry)" if one.dry_run else one.status,
                one.fetched,
                one.created,
                one.updated,
                one.seconds,
            )
            for one in found
        ],
    )
    return _tell_problems(found, practices)


def _tell_problems(found: Sequence[LoggedRun], practices: Mapping[UUID | None, str]) -> None:
    """What went wrong first in each run, the same of one practice once."""
    why = Counter((one.connection_id, one.errors[0]) for one in found if one.errors)
    for (connection_id, problem), times in why.most_common():
        output.say(f"{practices[connection_id]}, {so_many(times, 'run')}: {problem}")


@app.command()
def show(
    run: Annotated[str, typer.Argument(metavar="ID", help="The run's id, or how it begins.")],
    *,
    json: AsJson = False,
) -> None:
    """Show one run with what could not be read, and of a dry run what it would change."""
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            found = runs.find(db, run)
        with transaction(wiring.engine, account_id=found.account_id) as db:
            rejects = [dict(one) for one in runs.rejects(db, found.id)]
        changes = previews.read(wiring, found, command="runs show")
        place = previews.place_of(wiring, found)
        offer = previews.offer(wiring, found) if changes and not found.approved_at else ""
    if json:
        told = {"changes": changes} if found.dry_run else {}
        return output.answer({**as_json(found), "rejects": rejects, **told})
    output.facts(
        [
            ("Run", found.id),
            ("Connection", found.connection_id),
            ("Days", f"{found.day_from} to {found.day_to}"),
            ("Status", found.status),
            ("Started", found.started_at),
            *((("Took", took(found.seconds)),) if found.seconds is not None else ()),
            ("Requests", found.requests),
            *((name.capitalize(), getattr(found, name)) for name in COUNTED),
            *((("Preview", f"done {found.compared}"),) if found.compared else ()),
            *((("Approved", found.approved_at),) if found.approved_at else ()),
            ("Trace", found.trace_id),
            *(("Problem", problem) for problem in found.errors),
        ]
    )
    _tell_rejects(found, rejects)
    if changes:
        previews.show(changes, place)
    if offer:
        output.say(offer)
    return None


def _tell_rejects(run: LoggedRun, rejects: Sequence[Mapping[str, Any]]) -> None:
    if len(rejects) > MOST_LISTED:
        why = Counter((one["path"], one["reason"]) for one in rejects)
        output.table(
            ["Records", "Where", "Why"],
            [(f"{records:,}", *told) for told, records in why.most_common(MOST_LISTED)],
        )
        output.say(f"--json lists each of the {len(rejects):,} records that could not be read.")
    elif rejects:
        output.table(
            ["Query", "Record", "Where", "Why"],
            [(one["query_key"], one["pms_id"], one["path"], one["reason"]) for one in rejects],
        )
    elif run.rejected and run.is_over:
        kept = "kept for REJECTS_KEEP_DAYS"
        output.say(f"Which {run.rejected} could not be read was cleared away ({kept}).")


@app.command()
def approve(
    run: Annotated[str, typer.Argument(metavar="ID", help="The dry run's id, or how it begins.")],
    *,
    here: Here = False,
    json: AsJson = False,
) -> None:
    """Do what a dry run showed: its removals are allowed, any others ask again."""
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            found = runs.find(db, run)
        held = load(wiring, str(found.connection_id))
        refuse_unusable(held)
        if not here:
            refuse_without_workers(wiring)
        job_id = _approved(wiring, found)
        with bars() as line:
            done = (carry if here else watch)(wiring, job_id, line(held.name))
    if json:
        output.answer(as_answer(done) | {"compared": done.compared})
    else:
        tell(held, done, [])
        output.say(f"  {(done.compared or 'It did not come to a comparison').capitalize()}.")
    if done.status != RunStatus.SUCCESS:
        raise typer.Exit(1)


def _approved(wiring: Wiring, found: LoggedRun) -> int:
    at_the_door = access("runs approve", trace_id=found.trace_id)
    with transaction(wiring.engine, account_id=found.account_id) as db:
        job_id = approvals.approve(db, found.id, by=at_the_door.user, at=system_clock())
        record(
            db,
            at_the_door,
            account_id=found.account_id,
            action="preview.approved",
            connection_id=found.connection_id,
            summary=f"run {found.id} job {job_id}",
        )
    return job_id
