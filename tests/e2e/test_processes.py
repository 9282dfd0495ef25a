"""What happens to a run when the processes and servers under it die; nothing is faked here.

A killed worker, and how much is read again after a stop: `tests/checks/test_interrupted_runs.py`.
"""

import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from infra.database import transaction
from simulators.setup import Setup
from tests.e2e.stack import DAY, Stack, stack
from tests.sync.practice import ACCOUNT
from tests.sync.test_a_day import assert_equals_the_pms

pytestmark = [pytest.mark.integration, pytest.mark.e2e]


@pytest.fixture
def running() -> Iterator[Stack]:
    """A practice of eight practitioners that answers slowly enough to be interrupted."""
    setup = Setup(seed=5, practitioners=8, appointments=80, days=(DAY,), limits=(), latency_ms=400)
    with stack(setup=setup) as started:
        yield started


def nothing_lost_or_doubled(running: Stack) -> None:
    assert_equals_the_pms(running.clinic)
    keys = [(row["pms_appointment_id"], row["pms_patient_id"]) for row in running.clinic.rows()]
    assert len(keys) == len(set(keys))


def test_a_worker_asked_to_stop_hands_its_job_to_another(running: Stack) -> None:
    running.scheduler()
    first = running.worker()
    job_id = running.clinic.put_sync()
    running.wait_for(lambda: running.saved() > 0, seconds=90)

    first.signal(signal.SIGTERM)
    running.wait_for(lambda: not first.is_alive(), seconds=90)

    assert first.running is not None and first.running.returncode == 0
    assert running.state(job_id) == "ready"
    running.worker()
    running.wait_for(lambda: running.ended(job_id), seconds=60)
    nothing_lost_or_doubled(running)


def test_two_schedulers_with_one_killed_put_each_sync_once(running: Stack) -> None:
    one, _other = running.scheduler(), running.scheduler()
    running.worker()
    with transaction(running.clinic.engine, account_id=ACCOUNT) as db:
        db.execute(text("UPDATE pms_connections SET next_sync_at = now()"))
    one.kill()

    running.wait_for(lambda: running.clinic.runs_ended() == 1, seconds=90)
    assert running.clinic.jobs_of_kind("sync") == 1


def test_redis_killed_and_restarted_in_mid_run_costs_seconds(running: Stack) -> None:
    running.scheduler()
    running.worker()
    job_id = running.clinic.put_sync()
    running.wait_for(lambda: running.saved() > 0, seconds=90)

    running.servers.kill_redis()
    running.servers.start_redis()

    running.wait_for(lambda: running.ended(job_id), seconds=90)
    assert running.clinic.run_of(job_id)["status"] == "success"
    nothing_lost_or_doubled(running)


def test_a_flushed_redis_in_mid_run_changes_nothing_but_seconds(running: Stack) -> None:
    running.scheduler()
    running.worker()
    job_id = running.clinic.put_sync()
    running.wait_for(lambda: running.saved() > 0, seconds=90)

    running.client.flushall()

    running.wait_for(lambda: running.ended(job_id), seconds=90)
    assert running.clinic.run_of(job_id)["status"] == "success"
    nothing_lost_or_doubled(running)


def test_postgres_restarted_in_mid_run_costs_seconds(running: Stack) -> None:
    running.scheduler()
    running.worker()
    job_id = running.clinic.put_sync()
    running.wait_for(lambda: running.saved() > 0, seconds=90)

    running.servers.kill_postgres(signal.SIGQUIT)
    running.servers.start_postgres()
    running.clinic.engine.dispose()

    running.wait_for(lambda: running.ended(job_id), seconds=60)
    assert running.clinic.run_of(job_id)["status"] == "success"
    nothing_lost_or_doubled(running)
