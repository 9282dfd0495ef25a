"""Carries one job: claim it, run its handler, and write down how it ended."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Protocol

import structlog

from domain.backoff import NO_FLOOR, next_try
from domain.errors import CalledOff, FenceLost, SyncError, Throttled, Transient
from domain.jobs import Job, JobState
from infra.database import DatabaseDown, DatabaseFull
from infra.holding import while_held
from infra.stopping import HandBack, Stopping
from infra.tracing import span

log = structlog.get_logger()

SURE_SECONDS = 5.0
"""After the ledger last said that a job is ours: half of how long it keeps others from it."""

Handler = Callable[[Job], Mapping[str, Any] | None]


class Unexpected(SyncError):
    """A bug: not retried, named by its kind and place only, for its text may quote anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is done for one kind of job, and what is said when it was given up."""

    run: Handler
    gave_up: Callable[[Job, SyncError], None] | None = None


def _no_such_work(job: Job) -> None:
    raise Unexpected(f"no handler for jobs of kind '{job.kind}'")


UNKNOWN = Work(run=_no_such_work)


class JobLedger(Protocol):
    def claim(self, job_id: int) -> Job | None: ...
    def renew(self, jobs: Iterable[Job]) -> set[int]: ...
    def holds(self, job: Job) -> bool: ...
    def finish(self, job: Job, result: Mapping[str, Any] | None = None) -> None: ...
    def wait(self, job: Job, *, until: datetime, reason: str) -> None: ...
    def fail(self, job: Job, error: SyncError, *, retry_at: datetime) -> JobState: ...
    def call_off(self, job: Job, reason: str) -> None: ...
    def hand_back(self, jobs: list[Job]) -> None: ...
    def has_room(self) -> bool: ...


class Running:
    """The jobs this process holds, for the thread that renews their leases.

    `seconds` goes on while the process is stopped.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._lock = Lock()
        self._jobs: dict[int, Job] = {}
        self._proved: dict[tuple[int, int], float] = {}
        self._is_leaving = False
        self.seconds = seconds

    @contextmanager
    def holding(self, job: Job) -> Iterator[None]:
        with self._lock:
            self._jobs[job.id] = job
        try:
            yield
        finally:
            with self._lock:
                # A process that slept past its lease may have taken the job up again meanwhile.
                if self._jobs.get(job.id) is job:
                    del self._jobs[job.id]
                self._proved.pop(_attempt(job), None)

    def proved(self, jobs: Iterable[Job], *, at: float) -> None:
        """The ledger was asked at that second, and these were ours then."""
        with self._lock:
            self._proved |= {_attempt(job): at for job in jobs if self._jobs.get(job.id) is job}

    def is_sure(self, job: Job) -> bool:
        """Whether it was ours so lately that nobody else can have it."""
        with self._lock:
            proved = None if self._is_leaving else self._proved.get(_attempt(job))
        return proved is not None and self.seconds() - proved < SURE_SECONDS

    def all(self) -> list[Job]:
        with self._lock:
            return list(self._jobs.values())

    def leaving(self) -> list[Job]:
        """All of them, to be given back: of none is it taken for granted any more that it is ours.

        Their threads go on until the process ends, and another may have them by then.
        """
        with self._lock:
            self._is_leaving = True
            return list(self._jobs.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Runs jobs in the calling thread; what it catches becomes a row, never a lost error."""

    ledger: JobLedger
    works: Mapping[str, Work]
    running: Running
    stopping: Stopping
    clock: Callable[[], datetime]
    chance: Callable[[], float]

    def run(self, job_id: int) -> JobState | None:
        """How the job stands afterwards, or None when it was not ours to run."""
        if self.stopping.asked:
            return None
        at = self.running.seconds()
        job = self.ledger.claim(job_id)
        if job is None:
            return None
        with (
            self.running.holding(job),
            while_held(lambda: self._hold(job)),
            structlog.contextvars.bound_contextvars(**_named(job)),
            span(job.kind, kind="consumer", trace_id=job.trace_id, pms=job.vendor) as told,
        ):
            self.running.proved([job], at=at)
            try:
                state = self._carry(job)
            except FenceLost:
                log.warning("job.taken_over")
                return None
            told.tell(job.kind, ended=state.value)
            return state

    def _hold(self, job: Job) -> None:
        """Raise FenceLost where another attempt may have it: this process may have been stopped."""
        if self.running.is_sure(job):
            return
        at = self.running.seconds()
        if job.id in self.ledger.renew([job]):
            self.running.proved([job], at=at)
        elif not self.ledger.holds(job):
            raise FenceLost(f"job {job.id} was taken over")

    def _carry(self, job: Job) -> JobState:
        work = self.works.get(job.kind, UNKNOWN)
        try:
            self.ledger.finish(job, work.run(job))
        except FenceLost:
            raise
        except HandBack:
            self.ledger.hand_back([job])
            log.info("job.handed_back")
            return JobState.READY
        except Throttled as wait:
            return self._waits(job, wait.until, str(wait))
        except CalledOff as gone:
            self.ledger.call_off(job, str(gone))
            log.info("job.called_off", reason=str(gone))
            return JobState.CANCELLED
        except SyncError as error:
            return self._failed(job, error, work)
        except Exception as error:
            log.exception("job.crashed")
            return self._failed(job, unexpected(error), work)
        log.info("job.finished")
        return JobState.DONE

    def _waits(self, job: Job, until: datetime, reason: str) -> JobState:
        self.ledger.wait(job, until=until, reason=reason)
        log.info("job.waiting", until=until.isoformat(), reason=reason)
        return JobState.READY

    def _failed(self, job: Job, error: SyncError, work: Work) -> JobState:
        if self._is_outage(error):
            return self._waits(job, self._next_try(job.attempts), str(error))
        state = self.ledger.fail(job, error, retry_at=self._retry_at(job, error))
        log.warning("job.failed", error_kind=error.kind, error=str(error), state=state.value)
        if state is JobState.DEAD and work.gave_up is not None:
            work.gave_up(job, error)
        return state

    def _is_outage(self, error: SyncError) -> bool:
        """Every job would fail just so: three tries are over in seconds, an outage is not.

        Where there is room again as soon as the job has let go, it is the job that asks for more.
        """
        if isinstance(error, DatabaseFull) and self.ledger.has_room():
            return False
        return isinstance(error, DatabaseDown)

    def _retry_at(self, job: Job, error: SyncError) -> datetime:
        told = error.retry_at if isinstance(error, Transient) else None
        return self._next_try(job.failures + 1, no_sooner_than=told)

    def _next_try(self, tries: int, *, no_sooner_than: datetime | None = None) -> datetime:
        now = self.clock()
        floor = no_sooner_than - now if no_sooner_than else NO_FLOOR
        return next_try(tries, at=now, floor=floor, chance=self.chance())


def unexpected(error: Exception) -> Unexpected:
    """A bug, named."""
    return Unexpected(_place(error))


def _attempt(job: Job) -> tuple[int, int]:
    return job.id, job.fence


def _named(job: Job) -> dict[str, str]:
    named = {
        "job_id": job.id,
        "kind": job.kind,
        "pms": job.vendor,
        "connection_id": job.connection_id,
        "account_id": job.account_id,
        "trace_id": job.trace_id,
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def _place(error: Exception) -> str:
    """The kind of error and where it was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_globals.get('__name__')}:{frame.tb_lineno}" if frame else ""
    return f"{type(error).__name__}{where}"
