"""Runs one job in this process, without workers or a queue: for `--here`, tests and benches."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, text

from adapters.storage.jobs.announcing import sweep
from adapters.storage.jobs.ledger import Ledger
from adapters.storage.jobs.parked import close_left_open
from adapters.storage.jobs.register import living_workers
from domain.errors import BadInput
from domain.jobs import JobState
from infra.database import dispatch
from infra.stopping import Stopping
from workers.execution import Execution, Running
from workers.leases import keep_alive
from workers.works import Parts, works

_STANDS = text("SELECT state, due_at FROM jobs WHERE id = :id")
# What runs under the same key, or has begun and goes on before this job may begin.
_IN_THE_WAY = text(
    """
    SELECT other.id, other.state, other.queue, other.due_at
    FROM jobs JOIN jobs AS other USING (exclusive_key)
    WHERE jobs.id = :id AND jobs.state = 'ready' AND other.id <> jobs.id
      AND (other.state = 'running'
           OR other.state = 'ready' AND other.attempts > 0 AND jobs.attempts = 0
              AND other.priority >= jobs.priority)
    ORDER BY other.state = 'ready', other.id LIMIT 1
    """
)
BUSY_SECONDS = 0.2
PATIENCE = timedelta(seconds=15)
"""Longer than a lease: by then whatever a dead process held has been taken back."""


class _NoRegister:
    """A process that serves no queue is nobody's worker."""

    def alive(self) -> None:
        return

    def gone(self) -> None:
        return


def run_here(parts: Parts, job_id: int) -> JobState:
    """Carry the job to its end, waiting whenever it has to wait; answers how it ended.

    What has begun and is in its way is carried first, unless a worker will; raises BadInput when
    another process keeps this one from it.
    """
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
        return _to_its_end(parts, execution, job_id)
    finally:
        done.ask()
        beats.join()


def _to_its_end(parts: Parts, execution: Execution, job_id: int) -> JobState:
    patient_until: datetime | None = None
    while True:
        execution.run(job_id)
        state, due_at = _stands(parts, job_id)
        if state not in {JobState.READY, JobState.RUNNING}:
            _close_runs(parts, [job_id])
            return state
        wait = (due_at - parts.clock()).total_seconds()
        other = _in_the_way(parts, job_id) if wait <= 0 else None
        if other is None or _carried(parts, execution, other):
            patient_until = None
        else:
            patient_until = patient_until or parts.clock() + PATIENCE
            _give_up_after(parts, patient_until, other, job_id)
        parts.stopping.wait(max(wait, BUSY_SECONDS if wait <= 0 else 0.01))


def _carried(parts: Parts, execution: Execution, other: Row[Any]) -> bool:
    """Whether the other job is this process's to carry; it is carried as far as it is due."""
    if other.state != JobState.READY:
        return False
    with dispatch(parts.engine) as db:
        if living_workers(db).get(other.queue):
            return False
    execution.run(other.id)
    return True


def _give_up_after(parts: Parts, until: datetime, other: Row[Any], job_id: int) -> None:
    if parts.clock() >= until:
        raise BadInput(
            f"Job {other.id} is at this connection already, so job {job_id} waits for it; "
            f"see 'pms-sync jobs show {other.id}' and sync again when it is over."
        )


def _in_the_way(parts: Parts, job_id: int) -> Row[Any] | None:
    """Looked for once what dead processes held is taken back; no scheduler need be alive."""
    with dispatch(parts.engine) as db:
        parked = sweep(db).dead
        found = db.execute(_IN_THE_WAY, {"id": job_id}).first()
    _close_runs(parts, parked)
    return found


def _close_runs(parts: Parts, job_ids: Sequence[int]) -> None:
    """A job that was parked could not say how its run ended."""
    if job_ids:
        close_left_open(parts.engine, parts.sealer, job_ids, clock=parts.clock)


def _stands(parts: Parts, job_id: int) -> tuple[JobState, datetime]:
    with dispatch(parts.engine) as db:
        row = db.execute(_STANDS, {"id": job_id}).one()
    return JobState(row.state), row.due_at
