"""Carries a job in this process, or leaves it to the workers; watched to its end either way."""

import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Never

import typer

from adapters.storage.jobs.register import living_workers
from adapters.storage.runs.runs import LoggedRun
from console.following import Tell, follow
from console.wiring import Wiring
from domain.connections import Connection, State
from domain.errors import BadInput
from domain.jobs import Queue
from infra.database import dispatch
from workers.here import run_here

Here = Annotated[bool, typer.Option("--here", help="In this process, without workers.")]


def watch(wiring: Wiring, job_id: int, tell: Tell) -> LoggedRun:
    """A worker carries it."""
    return follow(wiring.engine, job_id, tell)


def carry(wiring: Wiring, job_id: int, tell: Tell) -> LoggedRun:
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


def refuse_unusable(held: Connection) -> None:
    if held.state is State.SETUP_REQUIRED:
        raise BadInput("This connection is not set up; run 'pms-sync connections test' or pair it.")
    if held.state is State.INACTIVE:
        raise BadInput("This connection is paused; run 'pms-sync connections resume' first.")


def refuse_without_workers(wiring: Wiring) -> None:
    with dispatch(wiring.engine) as db:
        if not living_workers(db).get(Queue.SYNC.value):
            raise BadInput(
                "No worker is alive to do it: start them with 'pms-sync up', or add --here."
            )


def _interrupted(*_: object) -> Never:
    raise KeyboardInterrupt
