"""Puts a sync into the ledger and watches it to its end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from adapters.storage import job_list, runs
from adapters.storage.ledger import put
from adapters.storage.runs import LoggedRun
from console import output
from domain.connections import Connection
from domain.errors import Refused
from domain.jobs import JobState
from domain.runs import SyncType
from domain.window import whole_days
from domain.work import sync_job
from infra.database import dispatch, transaction

LOOK_SECONDS = 0.1
OVER = {JobState.DONE, JobState.DEAD, JobState.CANCELLED}

Tell = Callable[[LoggedRun | None, str], None]
"""Hears the run, once there is one, and what the job waits for."""


def ask_for_sync(
    engine: Engine,
    held: Connection,
    *,
    first: date,
    last: date,
    dry_run: bool = False,
    allow_removals: bool = False,
) -> int:
    """A job by a person's hand; it is announced before those of the timetable."""
    whole_days(first, last, held.timezone)
    job = sync_job(
        account_id=held.account_id,
        connection_id=held.id,
        vendor=held.vendor,
        first_day=first,
        last_day=last,
        sync_type=SyncType.MANUAL,
        dry_run=dry_run,
        allow_removals=allow_removals,
    )
    with transaction(engine, account_id=held.account_id) as db:
        return put(db, job)


def follow(engine: Engine, job_id: int, tell: Tell) -> LoggedRun:
    """Return when the job is over; `tell` is called on every look."""
    while True:
        with dispatch(engine) as db:
            job = job_list.show(db, job_id)
            run = runs.of_job(db, job_id)
        tell(run, job["waiting_for"] or "")
        if job["state"] in OVER:
            return _ended(job_id, run, str(job["error_text"] or job["state"]))
        time.sleep(LOOK_SECONDS)


@contextmanager
def bars() -> Iterator[Callable[[str], Tell]]:
    """Progress on standard error, where it is a terminal; `line(name)` adds one."""
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    terminal = output.err()
    with Progress(*columns, console=terminal, disable=not terminal.is_terminal) as progress:

        def line(name: str) -> Tell:
            task = progress.add_task(name, total=None, note="waiting to start")
            return lambda run, waiting: _show(progress, task, run, waiting)

        yield line


def _show(progress: Progress, task: TaskID, run: LoggedRun | None, waiting: str) -> None:
    if run is None:
        return
    note = f"{run.fetched} read, {run.created} new, {run.updated} changed"
    progress.update(
        task,
        total=run.queries_total or None,
        completed=run.queries_done,
        note=f"{note}; {waiting}" if waiting and not run.is_over else note,
    )
    if run.is_over:
        total = run.queries_total or 1
        progress.update(task, total=total, completed=total)


def _ended(job_id: int, run: LoggedRun | None, problem: str) -> LoggedRun:
    if run is None:
        raise Refused(f"The sync could not begin: {problem}; see 'pms-sync jobs show {job_id}'.")
    return run
