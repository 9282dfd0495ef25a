"""`pms-sync jobs` and `queues`: the ledger of what is to be done, and who does it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping

from adapters.storage.jobs import job_acts, job_list, queue_board
from adapters.storage.jobs.job_acts import DONE, Act
from console import output
from console.auditing import audited
from console.lines import one_line
from console.opened import DEFAULT_ACCOUNT, Limit, called, load
from console.output import AsJson
from console.wiring import wired
from domain.errors import BadInput
from domain.jobs import JobState, Queue
from infra.clock import system_clock
from infra.database import dispatch

app = typer.Typer(no_args_is_help=True, help="The ledger of what is to be done.")
top = typer.Typer()

FOR_PROGRAMS = {"checkpoint"}
COMMANDS = {Act.RETRY: "replay", Act.DISCARD: "discard"}

Number = Annotated[int, typer.Argument(metavar="JOB", help="The job's number.")]


@app.command("list")
def list_(
    *,
    state: Annotated[str | None, typer.Option(help=", ".join(JobState))] = None,
    every: Annotated[bool, typer.Option("--all", help="Also what is finished.")] = False,
    queue: Annotated[str | None, typer.Option(help=", ".join(Queue))] = None,
    connection: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this connection's.")
    ] = None,
    limit: Limit = 20,
    json: AsJson = False,
) -> None:
    """List what died, runs and waits, in that order; --state or --all lists the latest."""
    if state and every:
        raise BadInput("Say either --state or --all.")
    if state and state not in set(JobState):
        raise BadInput(f"There is no state '{state}'; choose one of {', '.join(JobState)}.")
    if queue and queue not in set(Queue):
        raise BadInput(f"There is no queue '{queue}'; choose one of {', '.join(Queue)}.")
    with wired() as wiring:
        held = load(wiring, connection) if connection else None
        with dispatch(wiring.engine) as db:
            found = job_list.listed(
                db,
                state=JobState(state) if state else None,
                every=every,
                queue=Queue(queue) if queue else None,
                connection_id=held.id if held else None,
                limit=limit,
            )
            practices = called(db, (one["connection_id"] for one in found.listed))
    if json:
        jobs = [dict(one) for one in found.listed]
        return output.answer({"jobs": jobs, "more": found.more, "finished": found.finished})
    if found.listed:
        _show(found.listed, practices)
    else:
        output.say("No job matches." if state or every else "Nothing died, runs or waits.")
    return _left_out(found)


def _show(jobs: Sequence[RowMapping], practices: Mapping[UUID | None, str]) -> None:
    now = system_clock()
    output.table(
        ["Job", "Kind", "Queue", "State", "Connection", "Asked", "Tries", "Note"],
        [
            (
                one["id"],
                one["kind"],
                one["queue"],
                one["state"],
                practices[one["connection_id"]],
                output.ago(one["created_at"], now=now),
                one["attempts"],
                _note(one, now=now),
            )
            for one in jobs
        ],
    )


def _note(job: RowMapping, *, now: datetime) -> str:
    """What went wrong last, when it is due, and what it waits for."""
    due = (job["due_at"] - now).total_seconds()
    is_later = job["state"] == JobState.READY and due > 0
    said = job["error_text"] or job["waiting_for"] or ""
    return "; ".join(one for one in (f"in {output.span(due)}" if is_later else "", said) if one)


def _left_out(found: job_list.Jobs) -> None:
    """What a person does not see, and how they would."""
    if found.more:
        output.say(f"{found.more} more; see --limit.")
    if found.finished:
        output.say(f"{found.finished} finished; see --all.")


@app.command()
def show(job: Number, *, json: AsJson = False) -> None:
    """Show one job."""
    with wired() as wiring, dispatch(wiring.engine) as db:
        found = dict(job_list.show(db, job))
    if json:
        return output.answer(found)
    return output.facts(
        (name.replace("_", " "), _plain(value))
        for name, value in found.items()
        if name not in FOR_PROGRAMS
    )


@app.command()
def replay(job: Number, *, json: AsJson = False) -> None:
    """Run a dead or discarded job once more."""
    _changed(job, Act.RETRY)
    if json:
        return output.answer({"id": job, "state": JobState.READY})
    return output.say(f"Job {job} is ready again.")


@app.command()
def discard(
    job: Number,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the job.", callback=one_line)],
    json: AsJson = False,
) -> None:
    """Call off a dead or waiting job."""
    kind = _changed(job, Act.DISCARD, reason=reason)
    if json:
        return output.answer({"id": job, "state": JobState.CANCELLED})
    return output.say(" ".join([f"Job {job} is called off.", job_acts.WARNS.get(kind, "")]))


@top.command()
def queues(*, json: AsJson = False) -> None:
    """Show what waits in each queue and who serves it."""
    with wired() as wiring, dispatch(wiring.engine) as db:
        found, is_ticking = job_list.queues(db), queue_board.is_ticking(db)
    if json:
        return output.answer({"queues": found, "is_ticking": is_ticking})
    output.table(
        ["Queue", "Ready", "Later", "Running", "Dead", "Oldest", "Workers", "Threads", "Paused"],
        [
            (
                one["queue"],
                one["ready"],
                one["waiting"],
                one["running"],
                one["dead"],
                _oldest(one["oldest_seconds"]),
                one["workers"],
                one["threads"],
                _pauses(one["paused"]),
            )
            for one in found
        ],
    )
    if not is_ticking:
        output.say(
            "No scheduler is running, and no job is handed out but callers' questions: start"
            " 'pms-sync scheduler' or 'up'."
        )
    return None


def _pauses(paused: Any) -> str:
    """Whose jobs are not handed out, by whose word, and why."""
    told = (f"{one['account_id']}, by {one['paused_by']}: {one['reason']}" for one in paused)
    return "; ".join(told) or "-"


def _changed(job: int, act: Act, *, reason: str = "") -> str:
    """Change a job and leave one audit row, both or neither where an account owns it; its kind."""
    command = COMMANDS[act]
    with wired() as wiring:
        with dispatch(wiring.engine) as db:
            held = job_list.show(db, job)
        with audited(
            wiring.engine,
            f"jobs {command}",
            account_id=held["account_id"] or DEFAULT_ACCOUNT,
            action=f"job.{DONE[act]}",
            connection_id=held["connection_id"],
            summary=f"job {job} ({held['kind']})",
        ) as book:
            if held["account_id"]:
                _do(book, act, held, reason=reason)
            else:
                # No account may see a job that belongs to none: it is changed beside the book.
                with dispatch(wiring.engine) as db:
                    _do(db, act, held, reason=reason)
    return str(held["kind"])


def _do(db: Db, act: Act, held: RowMapping, *, reason: str) -> None:
    is_waiting = act is Act.DISCARD and held["state"] == JobState.READY
    done = Act.CANCEL if is_waiting else act
    job_acts.do_one(db, done, held["id"], version=None, reason=reason)


def _oldest(seconds: object) -> str:
    return output.span(seconds) if isinstance(seconds, float) else "-"


def _plain(value: Any) -> Any:
    """A document as a person reads it."""
    if not isinstance(value, dict):
        return value
    return ", ".join(f"{key} {one}" for key, one in sorted(value.items()))
