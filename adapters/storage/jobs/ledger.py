"""The ledger of jobs: put, claim, fence, wait, fail, finish; Redis only carries hints of it."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, text

from adapters.storage import keeping
from domain.errors import FenceLost, SyncError
from domain.jobs import MAX_FAILURES, Job, JobState, NewJob, Queue
from infra.database import BrokenData, dispatch

LEASE_SECONDS = 10
CHANNEL = "jobs"
"""Where schedulers listen for jobs that may have become ready."""

_PUT = text(
    """
    INSERT INTO jobs (account_id, connection_id, kind, queue, vendor, args, dedupe_key,
                      exclusive_key, priority, due_at, trace_id, max_seconds)
    VALUES (:account_id, :connection_id, :kind, :queue,
            COALESCE(CAST(:vendor AS text),
                     (SELECT connector FROM pms_connections WHERE id = :connection_id)),
            CAST(:args AS jsonb), :dedupe_key, :exclusive_key, :priority,
            COALESCE(:due_at, now()), :trace_id, :max_seconds)
    ON CONFLICT (dedupe_key) WHERE state = 'ready' AND dedupe_key IS NOT NULL
    DO UPDATE SET due_at = LEAST(jobs.due_at, EXCLUDED.due_at),
                  priority = GREATEST(jobs.priority, EXCLUDED.priority)
    RETURNING id
    """
)
_RING = text(f"SELECT pg_notify('{CHANNEL}', '')")

# A job that goes back to waiting gives its key up where another with that key waits or runs: the
# follow-up is a row of its own, and the index allows one of them only. Each state is asked for by
# itself, for each has an index of its own: both at once would read all jobs there are.
KEY_IF_FREE = """
    CASE WHEN EXISTS (SELECT FROM jobs AS twin
                      WHERE twin.dedupe_key = jobs.dedupe_key AND twin.id <> jobs.id
                        AND twin.state = 'ready')
           OR EXISTS (SELECT FROM jobs AS twin
                      WHERE twin.dedupe_key = jobs.dedupe_key AND twin.id <> jobs.id
                        AND twin.state = 'running')
    THEN NULL ELSE jobs.dedupe_key END
"""
# What has begun and waits goes on before its like begins, unless a person asked for that one.
# One in a queue that its account has paused holds up nobody: it may wait for days.
# A job without a key, a caller's, must not be held up by a look at all that wait.
ELDERS_TURN = """
    (jobs.exclusive_key IS NOT NULL AND EXISTS (
       SELECT FROM jobs AS elder
       WHERE elder.exclusive_key = jobs.exclusive_key AND elder.id <> jobs.id
         AND elder.state = 'ready' AND elder.attempts > 0 AND jobs.attempts = 0
         AND elder.priority >= jobs.priority
         AND NOT EXISTS (SELECT FROM paused_queues AS paused
                         WHERE paused.account_id = elder.account_id
                           AND paused.queue = elder.queue)))
"""

COLUMNS = """id, fence, kind, queue, account_id, connection_id, vendor, args, attempts, failures,
              checkpoint, trace_id, created_at"""
# Never one that was given out before, not even where a standby took over that had not heard of it:
# whoever held the job then must not pass for whoever holds it now.
NEXT_FENCE = "greatest(fence + 1, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint))"
_CLAIM = text(
    f"""
    UPDATE jobs SET state = 'running', attempts = attempts + 1, crashes = crashes + 1,
                    fence = {NEXT_FENCE}, worker = :worker, waiting_for = NULL, announced_at = NULL,
                    started_at = now(),
                    lease_until = now() + make_interval(secs => :lease)
    WHERE id = :id AND crashes < :most
      AND ((state = 'ready' AND due_at <= now()) OR (state = 'running' AND lease_until < now()))
      AND NOT {ELDERS_TURN}
    RETURNING {COLUMNS}
    """  # noqa: S608 - the columns are this module's own
)
_BUSY = text("UPDATE jobs SET announced_at = NULL WHERE id = :id AND state = 'ready'")
_GUARD = text("SELECT 1 FROM jobs WHERE id = :id AND fence = :fence FOR SHARE")
CHECKPOINT = """
    UPDATE jobs SET checkpoint = CAST(:checkpoint AS jsonb),
                    crashes = CASE WHEN :advanced THEN 0 ELSE crashes END,
                    failures = CASE WHEN :advanced THEN 0 ELSE failures END
    WHERE id = :id AND fence = :fence AND state = 'running'
"""
_CHECKPOINT = text(CHECKPOINT)
# A job whose own transaction holds its row is left out, or it would keep all others waiting: while
# it does, the sweep leaves that row alone, too.
_RENEW = text(
    """
    WITH ours AS (
      SELECT jobs.id FROM jobs
      JOIN unnest(CAST(:ids AS bigint[]), CAST(:fences AS bigint[])) AS held(id, fence)
        ON jobs.id = held.id AND jobs.fence = held.fence
      WHERE jobs.state = 'running'
        AND jobs.started_at > now() - make_interval(secs => jobs.max_seconds)
      FOR NO KEY UPDATE OF jobs SKIP LOCKED
    )
    UPDATE jobs SET lease_until = clock_timestamp() + make_interval(secs => :lease)
    FROM ours WHERE jobs.id = ours.id
    RETURNING jobs.id
    """
)
# Without a lock: who holds the row just now need not be another attempt.
_HELD = text(
    """
    SELECT EXISTS (SELECT FROM jobs WHERE id = :id AND fence = :fence AND state = 'running'
                     AND lease_until > clock_timestamp())
    """
)
_ADVANCE = text(
    """
    UPDATE jobs SET crashes = 0, failures = 0
    WHERE id = :id AND fence = :fence AND state = 'running'
    """
)
_FINISH = text(
    """
    UPDATE jobs SET state = 'done', finished_at = now(), lease_until = NULL, crashes = 0,
                    result = CAST(:result AS jsonb), error_kind = NULL, error_text = NULL
    WHERE id = :id AND fence = :fence AND state = 'running'
    RETURNING state
    """
)
_WAIT = text(
    f"""
    UPDATE jobs SET state = 'ready', due_at = :until, waiting_for = :reason, lease_until = NULL,
                    crashes = 0, announced_at = NULL, dedupe_key = {KEY_IF_FREE}
    WHERE id = :id AND fence = :fence AND state = 'running'
    RETURNING state
    """  # noqa: S608 - this module's own words
)
_FAIL = text(
    f"""
    UPDATE jobs SET failures = failures + 1, crashes = 0, lease_until = NULL, announced_at = NULL,
                    error_kind = :kind, error_text = :error,
                    state = CASE WHEN :fatal OR failures + 1 >= :most THEN 'dead' ELSE 'ready' END,
                    finished_at = CASE WHEN :fatal OR failures + 1 >= :most THEN now() END,
                    due_at = :retry_at, dedupe_key = {KEY_IF_FREE}
    WHERE id = :id AND fence = :fence AND state = 'running'
    RETURNING state
    """  # noqa: S608 - this module's own words
)
_CALL_OFF = text(
    """
    UPDATE jobs SET state = 'cancelled', finished_at = now(), lease_until = NULL, crashes = 0,
                    result = result || jsonb_build_object('discarded', CAST(:reason AS text))
    WHERE id = :id AND fence = :fence AND state = 'running'
    RETURNING state
    """
)
_HAND_BACK = text(
    f"""
    UPDATE jobs SET state = 'ready', lease_until = NULL, announced_at = NULL, crashes = 0,
                    due_at = now(), dedupe_key = {KEY_IF_FREE}
    FROM unnest(CAST(:ids AS bigint[]), CAST(:fences AS bigint[])) AS held(id, fence)
    WHERE jobs.id = held.id AND jobs.fence = held.fence AND jobs.state = 'running'
    RETURNING jobs.state
    """  # noqa: S608 - this module's own words
)


def put(connection: Connection, job: NewJob) -> int:
    """Write a job in the caller's transaction; a ready one with its dedupe key is hurried instead.

    The follow-up of a running job is a row of its own. A job of a connection counts as its
    vendor's. Answers the job's id.
    """
    job_id: int = connection.execute(
        _PUT,
        {
            "account_id": job.account_id,
            "connection_id": job.connection_id,
            "kind": job.kind,
            "queue": job.queue.value,
            "vendor": job.vendor,
            "args": json.dumps(dict(job.args)),
            "dedupe_key": job.dedupe_key,
            "exclusive_key": job.exclusive_key,
            "priority": job.priority,
            "due_at": job.due_at,
            "trace_id": job.trace_id or uuid4().hex,
            "max_seconds": job.max_seconds,
        },
    ).scalar_one()
    ring(connection)
    return job_id


def ring(connection: Connection) -> None:
    """Wake the schedulers once this transaction is over: a job may be ready to be announced."""
    connection.execute(_RING)


def guard(connection: Connection, job: Job) -> None:
    """Hold the job's row for this transaction, or raise FenceLost: another attempt owns it."""
    if connection.execute(_GUARD, {"id": job.id, "fence": job.fence}).first() is None:
        raise FenceLost(f"job {job.id} was taken over")


def save_checkpoint(
    connection: Connection, job: Job, checkpoint: Mapping[str, Any], *, advanced: bool = True
) -> None:
    """Remember how far the job is, in the transaction of what it did; guards like `guard`.

    Failures and crashes are forgotten only when the job has `advanced`: an attempt that comes to
    the same place again and breaks there must end.
    """
    values = checkpoint_values(job, checkpoint, advanced=advanced)
    must_be_held(job, connection.execute(_CHECKPOINT, values).rowcount)


def checkpoint_values(
    job: Job, checkpoint: Mapping[str, Any], *, advanced: bool
) -> Mapping[str, Any]:
    """What `CHECKPOINT` wants to be told."""
    return {
        "id": job.id,
        "fence": job.fence,
        "checkpoint": json.dumps(dict(checkpoint)),
        "advanced": advanced,
    }


def must_be_held(job: Job, rows: int) -> None:
    """Raise FenceLost where a statement that names the job's fence met no row."""
    if rows != 1:
        raise FenceLost(f"job {job.id} was taken over")


def advance(connection: Connection, job: Job) -> None:
    """Forget failures and crashes of a job that came further, with no checkpoint to show for it."""
    must_be_held(job, connection.execute(_ADVANCE, {"id": job.id, "fence": job.fence}).rowcount)


class Ledger:
    """What a worker does with jobs; each call is a transaction of its own."""

    def __init__(
        self, engine: Engine, *, worker: str, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._engine = engine
        self._worker = worker
        self._lease = lease_seconds

    def claim(self, job_id: int) -> Job | None:
        """Take the job, or None when it is not due, taken, finished, or its like is running."""
        values = {
            "id": job_id,
            "worker": self._worker,
            "lease": self._lease,
            "most": MAX_FAILURES,
        }
        try:
            with dispatch(self._engine) as connection:
                row = connection.execute(_CLAIM, values).first()
        except BrokenData:
            with dispatch(self._engine) as connection:
                connection.execute(_BUSY, {"id": job_id})
            return None
        return job_of(row) if row else None

    def renew(self, jobs: Iterable[Job]) -> set[int]:
        """Lengthen the leases of running jobs in one statement; answers the ids it lengthened."""
        held = {job.id: job.fence for job in jobs}
        if not held:
            return set()
        with dispatch(self._engine) as connection:
            rows = connection.execute(
                _RENEW, {"ids": list(held), "fences": list(held.values()), "lease": self._lease}
            )
            return {row.id for row in rows}

    def holds(self, job: Job) -> bool:
        """Whether nobody else may have it, for as long as its lease still runs."""
        with dispatch(self._engine) as db:
            is_held: bool = db.execute(_HELD, {"id": job.id, "fence": job.fence}).scalar_one()
            return is_held

    def finish(self, job: Job, result: Mapping[str, Any] | None = None) -> None:
        self._update(_FINISH, job, result=json.dumps(dict(result or {})))

    def wait(self, job: Job, *, until: datetime, reason: str) -> None:
        """Give the job back until its reserved turn; a wait is not a failure."""
        self._update(_WAIT, job, until=until, reason=reason[:200])

    def fail(self, job: Job, error: SyncError, *, retry_at: datetime) -> JobState:
        """Record a failure; the job is dead when it must not, or may no longer, be tried."""
        row = self._update(
            _FAIL,
            job,
            kind=error.kind,
            error=str(error)[:500],
            fatal=error.action not in {"retry", "renew"},
            retry_at=retry_at,
            most=MAX_FAILURES,
        )
        return JobState(row.state)

    def call_off(self, job: Job, reason: str) -> None:
        """What it was for is gone: nothing has failed, and it is not run again."""
        self._update(_CALL_OFF, job, reason=reason[:500])

    def hand_back(self, jobs: Iterable[Job]) -> None:
        """Give running jobs back unharmed: this process is stopping."""
        held = {job.id: job.fence for job in jobs}
        if not held:
            return
        self._written(_HAND_BACK, {"ids": list(held), "fences": list(held.values())})

    def has_room(self) -> bool:
        """Whether the database takes in what it is given just now."""
        with dispatch(self._engine) as db:
            return keeping.refusal(db) is None

    def _update(self, statement: Any, job: Job, **values: Any) -> Row[Any]:
        row = self._written(statement, {"id": job.id, "fence": job.fence, **values})
        if row is None:
            raise FenceLost(f"job {job.id} was taken over")
        return row

    def _written(self, statement: Any, values: Mapping[str, Any]) -> Row[Any] | None:
        """Once more where a follow-up with the same key was committed at that very moment."""
        try:
            return self._write(statement, values)
        except BrokenData:
            return self._write(statement, values)

    def _write(self, statement: Any, values: Mapping[str, Any]) -> Row[Any] | None:
        with dispatch(self._engine) as connection:
            row = connection.execute(statement, values).first()
            ring(connection)
            return row


def job_of(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        fence=row.fence,
        kind=row.kind,
        queue=Queue(row.queue),
        account_id=row.account_id,
        connection_id=row.connection_id,
        vendor=row.vendor,
        args=row.args,
        attempts=row.attempts,
        failures=row.failures,
        checkpoint=row.checkpoint,
        trace_id=row.trace_id,
        created_at=row.created_at,
    )


def whose(job: Job) -> tuple[str, UUID]:
    """The account and the connection of a job that is about one."""
    if job.account_id is None or job.connection_id is None:
        raise ValueError(f"a job of kind {job.kind} names its account and its connection")
    return job.account_id, job.connection_id
