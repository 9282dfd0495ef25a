"""Watches a sync to its end."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine, RowMapping

from adapters.storage.jobs import job_list
from adapters.storage.runs import runs
from adapters.storage.runs.runs import LoggedRun
from console import output
from domain.errors import Refused
from domain.jobs import JobState
from infra.database import dispatch

LOOK_SECONDS = 0.1
OVER = {JobState.DONE, JobState.DEAD, JobState.CANCELLED}

Tell = Callable[[LoggedRun | None, str], None]
"""Hears the run, once there is one, and what the job waits for."""


def follow(engine: Engine, job_id: int, tell: Tell) -> LoggedRun:
    """Return when the job is over; `tell` is called on every look."""
    while True:
        with dispatch(engine) as db:
            job = job_list.show(db, job_id)
            run = runs.of_job(db, job_id)
        tell(run, _waiting(job))
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
            said = _Said(name)

            def tell(run: LoggedRun | None, waiting: str) -> None:
                _show(progress, task, run, waiting)
                if not terminal.is_terminal:
                    said.once(waiting)

            return tell

        yield line


@dataclass(slots=True)
class _Said:
    """Where no bar can be drawn, a wait is told in a line, once for each."""

    name: str
    last: str = ""

    def once(self, waiting: str) -> None:
        if waiting and waiting != self.last:
            output.err().print(f"{self.name}: {waiting}", markup=False, soft_wrap=True)
        self.last = waiting


def _waiting(job: RowMapping) -> str:
    """What it waits for and until when; nothing while it is carried."""
    if job["state"] != JobState.READY or not job["waiting_for"]:
        return ""
    until = job["due_at"].astimezone().strftime("%H:%M:%S")
    return f"waiting for {job['waiting_for']} until {until}"


def _show(progress: Progress, task: TaskID, run: LoggedRun | None, waiting: str) -> None:
    if run is None:
        if waiting:
            progress.update(task, note=waiting)
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
