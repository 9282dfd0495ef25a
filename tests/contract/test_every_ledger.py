"""The real ledger and its twin keep the same promises, so what the twin proves holds."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from sqlalchemy import text

from adapters.storage.jobs.ledger import Ledger, put
from domain.errors import BadInput, FenceLost, SyncError, Throttled, TokenExpired, Transient
from domain.jobs import MAX_FAILURES, Job, JobState, NewJob
from infra.database import dispatch, engine
from tests.workers.twin import NOW, FakeLedger
from workers.execution import JobLedger

pytestmark = pytest.mark.integration


class Bench(Protocol):
    """A ledger, its clock, and a look at its rows."""

    @property
    def ledger(self) -> JobLedger: ...
    def now(self) -> datetime: ...
    def put(self, *, due_at: datetime | None = None) -> int: ...
    def stands(self, job_id: int) -> dict[str, Any]: ...
    def lapse(self, job_id: int) -> None: ...


SHOWN = ("state", "due_at", "crashes", "waiting_for", "error_kind", "error_text", "result")


@dataclass
class InMemory:
    ledger: FakeLedger = field(default_factory=FakeLedger)

    def now(self) -> datetime:
        return NOW

    def put(self, *, due_at: datetime | None = None) -> int:
        return self.ledger.put(NewJob(kind="chore", due_at=due_at))

    def stands(self, job_id: int) -> dict[str, Any]:
        kept = self.ledger.stands(job_id)
        shown = {name: getattr(kept, name) for name in SHOWN}
        return {**shown, "failures": kept.job.failures, "attempts": kept.job.attempts}

    def lapse(self, job_id: int) -> None:
        self.ledger.stands(job_id).lease_until = NOW - timedelta(seconds=1)


@dataclass
class InPostgres:
    ledger: Ledger
    engine: Any

    def now(self) -> datetime:
        return datetime.now(UTC)

    def put(self, *, due_at: datetime | None = None) -> int:
        with dispatch(self.engine) as db:
            return put(db, NewJob(kind="chore", due_at=due_at))

    def stands(self, job_id: int) -> dict[str, Any]:
        with dispatch(self.engine) as db:
            query = text("SELECT * FROM jobs WHERE id = :id")
            row = db.execute(query, {"id": job_id}).mappings().one()
        return {name: row[name] for name in (*SHOWN, "failures", "attempts")}

    def lapse(self, job_id: int) -> None:
        with dispatch(self.engine) as db:
            earlier = "UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = :id"
            db.execute(text(earlier), {"id": job_id})


@pytest.fixture(params=["memory", "postgres"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    if request.param == "memory":
        yield InMemory()
        return
    made = engine(request.getfixturevalue("database_url"), application_name="tests")
    yield InPostgres(Ledger(made, worker="tests"), made)
    made.dispose()


def claimed(bench: Bench, job_id: int | None = None) -> Job:
    job = bench.ledger.claim(bench.put() if job_id is None else job_id)
    assert job is not None
    return job


def test_a_claimed_job_is_not_claimed_again(bench: Bench) -> None:
    job = claimed(bench)

    assert bench.ledger.claim(job.id) is None
    assert (job.attempts, bench.stands(job.id)["crashes"]) == (1, 1)


def test_nobody_claims_what_is_not_due_or_not_there(bench: Bench) -> None:
    early = bench.put(due_at=bench.now() + timedelta(minutes=1))

    assert bench.ledger.claim(early) is None
    assert bench.ledger.claim(4711) is None


def test_a_lapsed_job_is_claimed_with_a_new_fence(bench: Bench) -> None:
    old = claimed(bench)
    bench.lapse(old.id)

    new = claimed(bench, old.id)

    assert new.fence > old.fence
    assert new.attempts == 2


def test_the_fourth_claim_of_a_job_that_only_crashes_is_refused(bench: Bench) -> None:
    job_id = bench.put()
    for _ in range(MAX_FAILURES):
        claimed(bench, job_id)
        bench.lapse(job_id)

    assert bench.ledger.claim(job_id) is None


def test_a_finished_job_is_over(bench: Bench) -> None:
    job = claimed(bench)

    bench.ledger.finish(job, {"rows": 3})

    stands = bench.stands(job.id)
    assert (stands["state"], stands["result"]) == (JobState.DONE, {"rows": 3})
    assert bench.ledger.claim(job.id) is None


def test_a_wait_costs_nothing(bench: Bench) -> None:
    job = claimed(bench)
    until = bench.now() + timedelta(minutes=5)

    bench.ledger.wait(job, until=until, reason="spent")

    stands = bench.stands(job.id)
    assert (stands["state"], stands["due_at"]) == (JobState.READY, until)
    assert (stands["failures"], stands["crashes"], stands["waiting_for"]) == (0, 0, "spent")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Transient("no answer"), JobState.READY),
        (TokenExpired("stale"), JobState.READY),
        (BadInput("no such day"), JobState.DEAD),
        (Throttled("spent", until=NOW), JobState.DEAD),
    ],
)
def test_a_failure_is_tried_again_only_if_that_can_help(
    bench: Bench, error: SyncError, state: JobState
) -> None:
    job = claimed(bench)
    retry_at = bench.now() + timedelta(seconds=30)

    assert bench.ledger.fail(job, error, retry_at=retry_at) is state

    stands = bench.stands(job.id)
    assert (stands["state"], stands["failures"], stands["crashes"]) == (state, 1, 0)
    assert (stands["error_kind"], stands["error_text"]) == (error.kind, str(error))
    assert stands["due_at"] == retry_at


def test_the_third_failure_is_the_last(bench: Bench) -> None:
    job_id = bench.put()
    ends = [
        bench.ledger.fail(claimed(bench, job_id), Transient("no"), retry_at=bench.now())
        for _ in range(MAX_FAILURES)
    ]

    assert ends == [JobState.READY, JobState.READY, JobState.DEAD]


def test_a_job_that_is_called_off_has_not_failed_and_is_over(bench: Bench) -> None:
    job = claimed(bench)

    bench.ledger.call_off(job, "its practice is gone")

    stands = bench.stands(job.id)
    assert (stands["state"], stands["failures"], stands["crashes"]) == (JobState.CANCELLED, 0, 0)
    assert stands["result"] == {"discarded": "its practice is gone"}
    assert (stands["error_kind"], bench.ledger.claim(job.id)) == (None, None)


def test_there_is_room_in_a_ledger_that_is_well(bench: Bench) -> None:
    assert bench.ledger.has_room()


def test_a_job_handed_back_is_claimed_at_once(bench: Bench) -> None:
    job = claimed(bench)

    bench.ledger.hand_back([job])

    assert bench.stands(job.id)["crashes"] == 0
    assert claimed(bench, job.id).attempts == 2


def test_whoever_lost_the_fence_changes_nothing(bench: Bench) -> None:
    old = claimed(bench)
    bench.lapse(old.id)
    claimed(bench, old.id)
    before = bench.stands(old.id)

    with pytest.raises(FenceLost):
        bench.ledger.finish(old)
    with pytest.raises(FenceLost):
        bench.ledger.wait(old, until=bench.now(), reason="late")
    with pytest.raises(FenceLost):
        bench.ledger.call_off(old, "late")
    with pytest.raises(FenceLost):
        bench.ledger.fail(old, Transient("late"), retry_at=bench.now())
    bench.ledger.hand_back([old])

    assert bench.stands(old.id) == before
