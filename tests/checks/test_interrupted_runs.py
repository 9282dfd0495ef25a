"""R4, R11, R12, R16: a run whose worker is killed, frozen or told to stop at any of its pages."""

import random
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from infra.database import dispatch, transaction
from simulators.setup import Setup
from tests.checks.ground import Kept
from tests.checks.trials import IS_WHOLE, spread, tell, trials
from tests.e2e.stack import Stack, stack
from tests.sync.practice import ACCOUNT
from tests.sync.test_a_day import assert_equals_the_pms

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

SEED = 20261121
PAGES = trials(30, 100)
"""One for each practitioner: what is killed in the middle of a listing begins that listing anew."""

ROWS = 2 * PAGES

DAYS = tuple(date(2026, 6, 2) + timedelta(days=number) for number in range(trials(2, 6)))
"""Every second run of a day finds nothing new, and so stores its place less often."""

STOP_SECONDS = 30.0
WAKES = ("in the middle", "afterwards") if IS_WHOLE else ("in the middle",)
"""While another worker carries its run, or once that has ended."""


@dataclass
class Field:
    """A practice of a hundred pages a day, and two workers, of which one stands by."""

    running: Stack
    dice: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 - a test's dice
    workers: list[Kept] = field(default_factory=list)
    runs: int = 0

    def sync(self) -> int:
        """A run over the next day's hundred pages."""
        self.running.wait_for(lambda: self.running.workers_alive() >= 2, seconds=60)
        self.running.clinic.day = DAYS[self.runs % len(DAYS)]
        self.runs += 1
        return self.running.clinic.put_sync()

    def row(self, job_id: int) -> Any:
        query = text("SELECT *, lease_until < now() AS is_lapsed FROM jobs WHERE id = :id")
        with dispatch(self.running.clinic.engine) as db:
            return db.execute(query, {"id": job_id}).one()

    def page(self, job_id: int) -> int:
        """How many it had done when it last stored its place."""
        return len(self.row(job_id).checkpoint.get("done", ()))

    def until_a_page(self, job_id: int) -> None:
        """Any page but the very last ones."""
        least = self.dice.randrange(1, PAGES - 5)
        self.running.wait_for(lambda: self.page(job_id) >= least, seconds=60)

    def until_tried_again(self, job_id: int, attempts: int) -> float:
        """Until another attempt than those has begun; answers how long that took."""
        return self.running.wait_for(lambda: self.row(job_id).attempts > attempts, seconds=60)

    def until_told(self, held: Kept, event: bytes) -> None:
        self.running.wait_for(lambda: event in held.told(), seconds=60)

    def until_gone(self, held: Kept) -> float:
        return self.running.wait_for(lambda: held.code is not None, seconds=2 * STOP_SECONDS)

    def holder(self, job_id: int) -> Kept:
        """Who carries it."""
        pid = int(self.row(job_id).worker.split(":")[1])
        return next(one for one in self.workers if one.pid == pid)

    def worker(self) -> None:
        number = self.runs + len(self.workers)
        log = (self.running.home / f"unlimited-{number}.log").open("ab")
        made = Kept(("tests.checks.unlimited",), self.running.environment, log)
        made.keep_up()
        self.workers.append(made)

    def replace(self, gone: Kept) -> None:
        """What a supervisor does."""
        gone.log.close()
        self.workers.remove(gone)
        self.worker()

    def stop(self) -> None:
        for one in self.workers:
            one.kill()
            one.log.close()

    def lapse(self, job_id: int) -> None:
        """The ten seconds of its lease, in which nothing happens, have gone by."""
        with dispatch(self.running.clinic.engine) as db:
            db.execute(
                text("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE id = :id"),
                {"id": job_id},
            )

    def ended(self, job_id: int) -> None:
        self.running.wait_for(lambda: self.running.ended(job_id), seconds=90)
        assert self.running.clinic.run_of(job_id)["status"] in {"success", "partial"}
        assert_equals_the_pms(self.running.clinic)

    def counted(self, job_id: int) -> int:
        """How many new rows its stored place says were written."""
        return int(self.row(job_id).checkpoint["counts"]["created"])

    def requests(self) -> list[tuple[str, str]]:
        """Every page asked for so far, by what was asked."""
        told = self.running.clinic.control("requests")["requests"]
        return [(one["path"], str(one["query"])) for one in told if "appointments" in one["path"]]


@pytest.fixture(scope="module")
def practice() -> Iterator[Field]:
    setup = Setup(
        seed=5, practitioners=PAGES, appointments=ROWS, days=DAYS, limits=(), latency_ms=5
    )
    with stack(setup=setup) as running:
        running.scheduler()
        made = Field(running)
        made.worker()
        made.worker()
        try:
            yield made
        finally:
            made.stop()


def again(pages: list[tuple[str, str]]) -> int:
    """How many of them had been asked for before."""
    return len(pages) - len(set(pages))


def test_another_worker_begins_within_20_seconds_of_a_kill_in_mid_page(practice: Field) -> None:
    waits: list[float] = []
    while len(waits) < trials(1, 30):
        job_id = practice.sync()
        practice.until_a_page(job_id)
        held, attempts = practice.holder(job_id), practice.row(job_id).attempts

        held.kill()
        waits.append(practice.until_tried_again(job_id, attempts))
        tell("R4", kills=len(waits), next_attempt=spread(waits))
        practice.replace(held)
        practice.ended(job_id)

    assert max(waits) <= 20


def test_a_run_killed_at_any_of_a_hundred_pages_reads_two_again_at_most(practice: Field) -> None:
    repeated: Counter[int] = Counter()
    read: list[int] = []
    for _ in range(trials(1, 50)):
        before, rows = len(practice.requests()), practice.running.saved()
        job_id = practice.sync()
        practice.until_a_page(job_id)
        held = practice.holder(job_id)

        held.kill()
        assert practice.counted(job_id) == practice.running.saved() - rows
        practice.lapse(job_id)
        practice.replace(held)
        practice.ended(job_id)

        pages = practice.requests()[before:]
        repeated[again(pages)] += 1
        read.append(len(set(pages)))
    tell("R16", kills=repeated.total(), pages=min(read), read_again=dict(sorted(repeated.items())))
    assert min(read) >= PAGES - 1
    assert max(repeated) <= 2


def test_whoever_is_told_to_stop_ends_by_itself_and_reads_a_page_again_at_most(
    practice: Field,
) -> None:
    repeated: Counter[int] = Counter()
    took = []
    for _ in range(trials(1, 50)):
        before = len(practice.requests())
        job_id = practice.sync()
        practice.until_a_page(job_id)
        held = practice.holder(job_id)

        held.signal(signal.SIGTERM)
        took.append(practice.until_gone(held))
        assert held.code == 0
        practice.replace(held)
        practice.ended(job_id)
        repeated[again(practice.requests()[before:])] += 1

    tell("R12", stops=len(took), ended=spread(took), read_again=dict(sorted(repeated.items())))
    assert max(took) < STOP_SECONDS
    assert max(repeated) <= 1


@pytest.mark.parametrize(
    "wakes", ["in the middle", "afterwards"] if IS_WHOLE else ["in the middle"]
)
def test_a_frozen_worker_that_wakes_writes_nothing(practice: Field, wakes: str) -> None:
    count = trials(1, 5)
    for _ in range(count):
        job_id = practice.sync()
        practice.until_a_page(job_id)
        held, attempts = practice.holder(job_id), practice.row(job_id).attempts

        held.signal(signal.SIGSTOP)
        practice.lapse(job_id)
        practice.until_tried_again(job_id, attempts)
        if wakes == "afterwards":
            practice.ended(job_id)
        before = written(practice)
        held.signal(signal.SIGCONT)
        practice.until_told(held, b"job.taken_over")

        if wakes == "afterwards":
            assert written(practice) == before
        practice.ended(job_id)
        assert is_one_of_each(practice)
    tell(f"R11 woken {wakes}", freezes=count, refused_its_writes=count)


def written(practice: Field) -> dict[Any, Any]:
    """What changes with every write of a row, and how every run and job stands."""
    query = text(
        "SELECT 'row', id::text, version::text FROM run_sheet_appointments"
        " UNION ALL SELECT 'run', id::text, row_to_json(pms_sync_log)::text FROM pms_sync_log"
        " UNION ALL SELECT 'job', id::text, row_to_json(jobs)::text FROM jobs"
    )
    with transaction(practice.running.clinic.engine, account_id=ACCOUNT) as db:
        return {(kind, key): value for kind, key, value in db.execute(query)}


def is_one_of_each(practice: Field) -> bool:
    keys = [
        (row["pms_appointment_id"], row["pms_patient_id"]) for row in practice.running.clinic.rows()
    ]
    return len(keys) == len(set(keys))
