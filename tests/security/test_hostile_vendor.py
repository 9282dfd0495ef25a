"""Whatever a vendor answers, a run ends in words and a worker lives, within its memory."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import text

from adapters.queue import RedisAnnouncer
from infra.database import dispatch
from simulators.setup import Setup
from tests.e2e.stack import DAY, Stack, stack
from tests.security.hostile import BROKEN, HEAVY, ODD, Answer, Hostile, Spoiling, hostile
from tests.sync.practice import Practice, practice
from tests.sync.test_a_day import assert_equals_the_pms

pytestmark = pytest.mark.integration

SMALL = Setup(seed=7, practitioners=2, appointments=12, days=(DAY,), limits=())
MOST_MEMORY_MB = 300
SHORT = ("a gigabyte", "a bomb", "lists in lists", "millions of objects", "names of 10 MB")
WEIGHTS = dict(HEAVY) if "SOAK" in os.environ else {name: HEAVY[name] for name in SHORT}


def point_to(clinic: Practice, vendor: Hostile) -> None:
    clinic.change(
        f"UPDATE pms_connections SET base_url = '{vendor.url}/v1',"  # noqa: S608 - ours
        f" token_url = '{vendor.url}/v1/oauth2/token' WHERE id = :id"
    )


@pytest.fixture
def attacked(database_url: str, redis_client: redis.Redis) -> Iterator[tuple[Practice, Hostile]]:
    """A practice that was synced once, before its vendor turned."""
    with practice(database_url, redis_client, setup=SMALL) as clinic, hostile(clinic.url) as vendor:
        point_to(clinic, vendor)
        assert clinic.sync()["status"] == "success"
        yield clinic, vendor


def heal(clinic: Practice, vendor: Hostile) -> None:
    """Once it answers as before, everything is as the PMS has it."""
    vendor.play(Spoiling.passed_on)
    assert clinic.sync(allow_removals=True)["status"] == "success"
    assert_equals_the_pms(clinic)


@pytest.mark.parametrize("trick", BROKEN.values(), ids=BROKEN)
def test_what_is_no_page_fails_the_run_in_words_and_the_sheet_stays(
    attacked: tuple[Practice, Hostile], trick: Answer
) -> None:
    clinic, vendor = attacked
    before = clinic.versions()
    vendor.play(trick)

    run = clinic.sync(allow_removals=True)

    assert vendor.server.asked > 0
    assert run["status"] == "failed"
    assert run["error_message"].startswith("Gentu: GET /tenants/{site}/appointments")
    assert clinic.versions() == before
    heal(clinic, vendor)


@pytest.mark.parametrize("trick", ODD.values(), ids=ODD)
def test_records_that_cannot_be_true_are_set_aside_and_nothing_crashes(
    attacked: tuple[Practice, Hostile], trick: Answer
) -> None:
    clinic, vendor = attacked
    vendor.play(trick)

    run = clinic.sync()

    assert vendor.server.asked > 0
    assert run["status"] in {"success", "partial"}, run["error_message"]
    for row in clinic.rows():
        shown = "".join(str(value) for value in row.values())
        assert "\0" not in shown
        assert shown.encode()
    heal(clinic, vendor)


@pytest.fixture(scope="module")
def workshop() -> Iterator[tuple[Stack, Hostile]]:
    """A worker as a process of its own, whose memory can be read."""
    with stack(setup=SMALL) as running, hostile(running.clinic.url) as vendor:
        point_to(running.clinic, vendor)
        running.worker()
        yield running, vendor


@pytest.mark.e2e
@pytest.mark.parametrize("name", WEIGHTS)
def test_a_worker_stays_small_and_alive(workshop: tuple[Stack, Hostile], name: str) -> None:
    running, vendor = workshop
    vendor.play(WEIGHTS[name])
    began = time.monotonic()

    job_id = running.clinic.put_sync()
    running.wait_for(lambda: _carried(running, job_id), seconds=120)
    running.wait_for(lambda: running.clinic.run_of(job_id)["completed_at"], seconds=20)

    (worker,) = running.processes
    run = running.clinic.run_of(job_id)
    most = max(_peak_mb(pid) for pid in _tree(worker.running.pid if worker.running else 0))
    took = time.monotonic() - began
    print(f"{name}: {run['status']}, {most:.0f} MB, {took:.1f} s: {run['error_message']}")  # noqa: T201
    assert worker.is_alive()
    assert vendor.server.asked > 0
    assert run["status"] in {"failed", "partial"} or run["rejected"] > 0
    assert run["error_message"] or run["rejected"] > 0
    assert most < MOST_MEMORY_MB


def _carried(running: Stack, job_id: int) -> bool:
    """Whether it has ended; what waits for its next attempt is due at once."""
    with dispatch(running.clinic.engine) as db:
        query = text("UPDATE jobs SET due_at = now() WHERE id = :id AND state = 'ready'")
        is_waiting = db.execute(query, {"id": job_id}).rowcount
    if is_waiting:
        RedisAnnouncer(running.servers.redis_url).announce("sync", [job_id])
    return running.ended(job_id)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for found in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _tree(int(found))


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
