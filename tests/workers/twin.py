"""The ledger's twin: jobs in memory that keep the promises of those in Postgres."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.errors import FenceLost, SyncError
from domain.jobs import MAX_FAILURES, Job, JobState, NewJob

NOW = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)
LEASE = timedelta(seconds=10)


@dataclass
class Kept:
    """A job as it stands."""

    job: Job
    state: JobState
    due_at: datetime
    crashes: int = 0
    waiting_for: str | None = None
    error_kind: str | None = None
    error_text: str | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    lease_until: datetime | None = None


@dataclass
class FakeLedger:
    """Implements what `workers.execution` and `workers.leases` ask of a ledger."""

    clock: Callable[[], datetime] = lambda: NOW
    kept: dict[int, Kept] = field(default_factory=dict)
    is_full: bool = False

    def put(self, new: NewJob) -> int:
        number = len(self.kept) + 1
        job = Job(
            id=number,
            fence=0,
            kind=new.kind,
            queue=new.queue,
            account_id=new.account_id,
            connection_id=new.connection_id,
            vendor=new.vendor,
            args=new.args,
            attempts=0,
            failures=0,
            checkpoint={},
            trace_id=new.trace_id or f"trace-{number}",
            created_at=self.clock(),
        )
        self.kept[number] = Kept(job, JobState.READY, new.due_at or self.clock())
        return number

    def claim(self, job_id: int) -> Job | None:
        kept = self.kept.get(job_id)
        if kept is None or kept.crashes >= MAX_FAILURES or not self._may_run(kept):
            return None
        kept.job = replace(kept.job, attempts=kept.job.attempts + 1, fence=kept.job.fence + 1)
        kept.state, kept.waiting_for = JobState.RUNNING, None
        kept.crashes += 1
        kept.lease_until = self.clock() + LEASE
        return kept.job

    def renew(self, jobs: Iterable[Job]) -> set[int]:
        held = [job for job in jobs if self._holds(job)]
        for job in held:
            self.kept[job.id].lease_until = self.clock() + LEASE
        return {job.id for job in held}

    def holds(self, job: Job) -> bool:
        return self._holds(job)

    def finish(self, job: Job, result: Mapping[str, Any] | None = None) -> None:
        kept = self._end(job, JobState.DONE)
        kept.result = dict(result or {})
        kept.error_kind = kept.error_text = None

    def wait(self, job: Job, *, until: datetime, reason: str) -> None:
        kept = self._end(job, JobState.READY)
        kept.due_at, kept.waiting_for = until, reason

    def fail(self, job: Job, error: SyncError, *, retry_at: datetime) -> JobState:
        failures = self.kept[job.id].job.failures + 1
        fatal = error.action not in {"retry", "renew"} or failures >= MAX_FAILURES
        kept = self._end(job, JobState.DEAD if fatal else JobState.READY)
        kept.job = replace(kept.job, failures=failures)
        kept.due_at, kept.error_kind, kept.error_text = retry_at, error.kind, str(error)
        return kept.state

    def call_off(self, job: Job, reason: str) -> None:
        self._end(job, JobState.CANCELLED).result = {"discarded": reason}

    def hand_back(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            if self._holds(job):
                self._end(job, JobState.READY).due_at = self.clock()

    def has_room(self) -> bool:
        return not self.is_full

    def taken_over(self, job_id: int) -> None:
        """Another worker claimed it after this one fell silent."""
        kept = self.kept[job_id]
        kept.job = replace(kept.job, fence=kept.job.fence + 1)

    def stands(self, job_id: int) -> Kept:
        return self.kept[job_id]

    def _may_run(self, kept: Kept) -> bool:
        if kept.state is JobState.RUNNING:
            return kept.lease_until is not None and kept.lease_until < self.clock()
        return kept.state is JobState.READY and kept.due_at <= self.clock()

    def _holds(self, job: Job) -> bool:
        kept = self.kept[job.id]
        return kept.job.fence == job.fence and kept.state is JobState.RUNNING

    def _end(self, job: Job, state: JobState) -> Kept:
        if not self._holds(job):
            raise FenceLost(f"job {job.id} was taken over")
        kept = self.kept[job.id]
        kept.state, kept.lease_until, kept.crashes = state, None, 0
        return kept
