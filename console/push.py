"""`pms-sync push`: bring rows to a practice that takes changes, and fetch what changed there."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import typer
from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.jobs.register import living_workers
from adapters.storage.two_way import push_asking, push_standing
from adapters.storage.two_way.push_asking import Asked
from console import given, output
from console.auditing import audited
from console.carrying import Here
from console.opened import DEFAULT_ACCOUNT, Account, Id, opened, require_account
from console.output import AsJson
from console.wiring import Wiring, wired
from domain.connections import Connection
from domain.errors import BadInput, Refused
from domain.jobs import JobState, Queue
from domain.push_words import sentence_of
from domain.pushes import PushState
from domain.runs import RunStatus
from domain.window import local_day
from infra.clock import system_clock
from infra.database import dispatch, transaction
from workers.here import run_here

app = typer.Typer(no_args_is_help=True, help="Make the sheet and a practice agree, both ways.")

LOOK_SECONDS = 0.3
ENDED = {JobState.DONE, JobState.DEAD, JobState.CANCELLED}

STAYS_BEHIND = {PushState.NEEDS_PATIENT, PushState.ERROR, PushState.PENDING}

Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="The row's id, or how it begins.")]
Create = Annotated[bool, typer.Option("--create", help="Make it the practice's visit.")]
First = Annotated[
    str | None, typer.Option("--from", "--first-day", help="First day; today if not given.")
]
Last = Annotated[
    str | None, typer.Option("--to", "--last-day", help="Last day; the first one if not given.")
]

_NEXT = text(
    """
    SELECT id FROM jobs WHERE kind = 'push_entry' AND args ->> 'range_id' = :id
      AND state = 'ready' ORDER BY id LIMIT 1
    """
)


@app.command()
def entry(
    entry_id: Entry,
    *,
    create: Create = False,
    account: Account = DEFAULT_ACCOUNT,
    here: Here = False,
    json: AsJson = False,
) -> None:
    """Send what a row owes its practice, and read what the practice says of it."""
    ask = push_asking.create if create else push_asking.push
    with wired() as wiring:
        require_account(wiring, account)
        _carried(
            wiring,
            account,
            lambda db: ask(db, push_standing.find(db, entry_id), expected_version=None),
            what="push.create_asked" if create else "push.asked",
            here=here,
            json=json,
        )


@app.command("range")
def range_(
    connection: Id,
    *,
    first: First = None,
    last: Last = None,
    here: Here = False,
    json: AsJson = False,
) -> None:
    """Send everything of some days that is owed, in batches of at most 50."""
    with opened(connection) as (wiring, held):
        today = local_day(system_clock(), held.timezone)
        first_day = given.day(first, today=today)
        last_day = given.day(last, today=today, default=first_day)
        _carried(
            wiring,
            held.account_id,
            lambda db: push_asking.push_days(db, held.id, first=first_day, last=last_day),
            what="push.range_asked",
            here=here,
            json=json,
        )


@app.command()
def pull(connection: Id, *, here: Here = False, json: AsJson = False) -> None:
    """Fetch what changed at a practice since it was last read."""
    with opened(connection) as (wiring, held):
        _refuse_one_way(held)
        _carried(
            wiring,
            held.account_id,
            lambda db: push_asking.pull(db, held.id, now=system_clock()),
            what="push.pull_asked",
            here=here,
            json=json,
        )


def _carried(
    wiring: Wiring,
    account_id: str,
    ask: Callable[[Db], Asked],
    *,
    what: str,
    here: bool,
    json: bool,
) -> None:
    """Asked for, watched to its end, and told; what did not go is the command's failure."""
    with audited(wiring.engine, "push", account_id=account_id, action=what) as db:
        asked = ask(db)
        if not here:
            _refuse_without_workers(wiring)
    if here:
        _carry(wiring, asked.job_id)
    row = _watched(wiring, asked.job_id, account_id)
    sentence, fell_short = sentence_of(row), _fell_short(row)
    if json:
        told = {"job_id": row["id"], "state": row["state"], "sentence": sentence}
        output.answer({**told, "result": row["result"]})
    if fell_short:
        raise Refused(f"{asked.connection.name}: {sentence}")
    if not json:
        output.say(f"{asked.connection.name}: {sentence}")


def _fell_short(row: Mapping[str, Any]) -> bool:
    """Whether anything that was asked for did not come about, whatever became of the job."""
    result = row["result"] or {}
    is_left = any(result.get(name) for name in ("refused", "failed", "waiting"))
    is_behind = row["push_state"] in STAYS_BEHIND and bool(row["push_reason"])
    is_read = row["status"] in {None, RunStatus.SUCCESS}
    return row["state"] != JobState.DONE or is_left or is_behind or not is_read


def _carry(wiring: Wiring, job_id: int) -> None:
    """The job in another thread; the rows of a range, which it waits for, in this one."""
    parts = wiring.parts()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="here") as thread:
        carried = thread.submit(run_here, parts, job_id)
        try:
            while not carried.done():
                following = _of_range(wiring, job_id)
                if following is not None:
                    run_here(parts, following)
                else:
                    time.sleep(LOOK_SECONDS)
            carried.result()
        finally:
            parts.stopping.ask()


def _of_range(wiring: Wiring, job_id: int) -> int | None:
    with dispatch(wiring.engine) as db:
        found: int | None = db.execute(_NEXT, {"id": str(job_id)}).scalar()
    return found


def _watched(wiring: Wiring, job_id: int, account_id: str) -> Mapping[str, Any]:
    while True:
        with transaction(wiring.engine, account_id=account_id) as db:
            row = push_asking.followed(db, job_id, account_id=account_id)
        if row["state"] in ENDED:
            return row
        time.sleep(LOOK_SECONDS)


def _refuse_one_way(held: Connection) -> None:
    if not held.both_ways:
        raise BadInput(
            "This practice takes no changes from here; what is there is read with"
            f" 'pms-sync sync {output.short(held.id)}'."
        )


def _refuse_without_workers(wiring: Wiring) -> None:
    with dispatch(wiring.engine) as db:
        alive = living_workers(db)
    if not (alive.get(Queue.SYNC.value) and alive.get(Queue.DEFAULT.value)):
        raise BadInput("No worker is alive to do it: start them with 'pms-sync up', or add --here.")
