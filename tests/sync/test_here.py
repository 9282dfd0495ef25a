"""A job carried in this process, where nobody else sweeps, announces or takes over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import text

from adapters.storage.jobs.ledger import COLUMNS, Ledger, job_of
from adapters.storage.jobs.parked import PARKED
from adapters.storage.jobs.register import Register
from adapters.storage.runs.syncing import SyncStore
from domain.errors import BadInput
from domain.jobs import JobState
from infra.database import dispatch
from infra.stopping import HandBack, Stopping
from tests.lingering import slow
from tests.sync.practice import DAY, Practice
from workers.here import PATIENCE, run_here

pytestmark = pytest.mark.integration


def begun_elsewhere(clinic: Practice, **options: Any) -> int:
    """A sync of the same connection that another process has claimed."""
    job_id = clinic.put_sync(**options)
    assert Ledger(clinic.engine, worker="another").claim(job_id) is not None
    return job_id


def change(clinic: Practice, job_id: int, assignment: str) -> None:
    with dispatch(clinic.engine) as db:
        statement = f"UPDATE jobs SET {assignment} WHERE id = :id"  # noqa: S608 - the test's own
        db.execute(text(statement), {"id": job_id})


def stands(clinic: Practice, job_id: int) -> str:
    with dispatch(clinic.engine) as db:
        query = text("SELECT state FROM jobs WHERE id = :id")
        return str(db.execute(query, {"id": job_id}).scalar_one())


def hurried(clinic: Practice) -> Practice:
    """The same practice on a clock that makes every look half a patience later."""
    looks = count()
    return replace(
        clinic,
        parts=replace(clinic.parts, clock=lambda: datetime.now(UTC) + next(looks) * PATIENCE / 2),
    )


def test_what_a_killed_process_held_is_taken_back_and_carried_first(clinic: Practice) -> None:
    killed = begun_elsewhere(clinic)
    change(clinic, killed, "lease_until = now() - interval '1 second'")
    job_id = clinic.put_sync()

    assert run_here(clinic.parts, job_id) is JobState.DONE

    assert stands(clinic, killed) == "done"
    assert clinic.run_of(killed)["completed_at"] <= clinic.run_of(job_id)["started_at"]


def test_what_has_begun_and_waits_is_carried_first(clinic: Practice) -> None:
    elder = begun_elsewhere(clinic)
    change(clinic, elder, "state = 'ready', lease_until = NULL, crashes = 0")
    job_id = clinic.put_sync(last=DAY + timedelta(days=1))

    assert run_here(clinic.parts, job_id) is JobState.DONE

    assert stands(clinic, elder) == "done"


def test_another_process_at_the_same_connection_is_named(clinic: Practice) -> None:
    busy = begun_elsewhere(clinic)
    job_id = clinic.put_sync()

    with pytest.raises(BadInput, match=f"Job {busy} is at this connection already"):
        run_here(hurried(clinic).parts, job_id)

    assert (stands(clinic, busy), stands(clinic, job_id)) == ("running", "ready")


def test_what_a_living_worker_will_carry_is_left_to_it(clinic: Practice) -> None:
    elder = begun_elsewhere(clinic)
    change(clinic, elder, "state = 'ready', lease_until = NULL, crashes = 0")
    Register(clinic.engine, worker="w", pool="p", queues=["sync"], threads=1).alive()
    job_id = clinic.put_sync(last=DAY + timedelta(days=1))

    with pytest.raises(BadInput, match=f"Job {elder} is"):
        run_here(hurried(clinic).parts, job_id)

    assert stands(clinic, elder) == "ready"


def test_a_job_whose_process_is_told_to_stop_is_handed_back(clinic: Practice) -> None:
    asked = slow(clinic.simulator.front)
    stopping = Stopping()
    parts = replace(clinic.parts, stopping=stopping)
    job_id = clinic.put_sync()
    ended: list[type[Exception]] = []

    def carry() -> None:
        try:
            run_here(parts, job_id)
        except HandBack as told:
            ended.append(type(told))

    thread = Thread(target=carry)
    thread.start()
    assert asked.wait(PATIENCE.total_seconds())
    stopping.ask()
    thread.join()

    assert ended == [HandBack]
    assert stands(clinic, job_id) == "ready"


def test_a_job_that_had_killed_its_processes_is_ended_without_a_scheduler(
    clinic: Practice,
) -> None:
    job_id = begun_elsewhere(clinic)
    with dispatch(clinic.engine) as db:
        query = text(f"SELECT {COLUMNS} FROM jobs WHERE id = :id")  # noqa: S608 - our own words
        job = job_of(db.execute(query, {"id": job_id}).one())
    SyncStore(clinic.engine, clinic.parts.sealer, clock=clinic.parts.clock).begin(job)
    change(clinic, job_id, "crashes = 3, lease_until = now() - interval '1 second'")

    assert run_here(clinic.parts, job_id) is JobState.DEAD

    run = clinic.run_of(job_id)
    assert (run["status"], run["error_message"]) == ("failed", PARKED)
    assert run["completed_at"] is not None
