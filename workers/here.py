"""Runs one job in this process, without workers or a queue: for `--here`, tests and benches."""

import random
from datetime import datetime
from uuid import uuid4

from sqlalchemy import text

from adapters.storage.ledger import Ledger
from domain.jobs import JobState
from infra.database import dispatch
from infra.stopping import Stopping
from workers.execution import Execution, Running
from workers.leases import keep_alive
from workers.works import Parts, works

_STANDS = text("SELECT state, due_at FROM jobs WHERE id = :id")
BUSY_SECONDS = 0.2


class _NoRegister:
    """A process that serves no queue is nobody's worker."""

    def alive(self) -> None:
        return

    def gone(self) -> None:
        return


def run_here(parts: Parts, job_id: int) -> JobState:
    """Carry the job to its end, waiting whenever it has to wait; answers how it ended."""
    running = Running()
    ledger = Ledger(parts.engine, worker=f"here:{uuid4().hex[:8]}")
    execution = Execution(
        ledger=ledger,
        works=works(parts),
        running=running,
        stopping=parts.stopping,
        clock=parts.clock,
        chance=random.SystemRandom().random,
    )
    done = Stopping()
    beats = keep_alive(ledger, _NoRegister(), running, done)
    try:
        while True:
            execution.run(job_id)
            state, due_at = _stands(parts, job_id)
            if state not in {JobState.READY, JobState.RUNNING}:
                return state
            wait = (due_at - parts.clock()).total_seconds()
            parts.stopping.wait(max(wait, BUSY_SECONDS if wait <= 0 else 0.01))
    finally:
        done.ask()
        beats.join()


def _stands(parts: Parts, job_id: int) -> tuple[JobState, datetime]:
    with dispatch(parts.engine) as db:
        row = db.execute(_STANDS, {"id": job_id}).one()
    return JobState(row.state), row.due_at
