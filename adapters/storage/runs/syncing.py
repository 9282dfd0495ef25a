"""Opens the run of a sync's job, and closes that of a job that was given up."""

from dataclasses import replace

from sqlalchemy import Connection as Db
from sqlalchemy import Engine

from adapters.storage.jobs.ledger import guard, whose
from adapters.storage.practices import connections, references, still_connected
from adapters.storage.runs import candidates, recordings, run_log
from adapters.storage.runs.open_run import OpenRun
from adapters.storage.runs.recorded_run import RecordedRun
from adapters.storage.runs.recordings import Tape
from adapters.storage.upkeep import emptying
from adapters.storage.upkeep.left_out_now import left_out_now
from domain.checks import shut_out
from domain.connections import State
from domain.errors import NeedsReconnect, SyncError
from domain.jobs import Job
from domain.minimising import chosen
from domain.runs import Run, RunStatus, SyncType
from infra.clock import Clock
from infra.database import transaction
from infra.sealing import Sealer

SYNCED = frozenset({State.ACTIVE, State.ERROR})


class NotNow(SyncError):
    """The connection was paused, or waits for a person: nothing is read from its PMS."""


class SyncStore:
    """Opens a job's run, and closes the run of a job that was given up."""

    def __init__(
        self,
        engine: Engine,
        sealer: Sealer,
        *,
        clock: Clock,
        recording_bytes: int = recordings.MOST_BYTES,
    ) -> None:
        self._engine = engine
        self._sealer = sealer
        self._clock = clock
        self._recording_bytes = recording_bytes

    def tape(self, job: Job) -> Tape:
        """The recording of the job's run."""
        return Tape(engine=self._engine, sealer=self._sealer, job=job, most=self._recording_bytes)

    def begin(self, job: Job) -> OpenRun:
        """The job's run, or the one an earlier attempt of it opened."""
        account_id, connection_id = whose(job)
        with transaction(self._engine, account_id=account_id) as db:
            connection = still_connected.load(db, connection_id)
            if connection.state not in SYNCED:
                raise NotNow("This connection is not active; resume or reconnect it first.")
            run = run_log.run_of(job, connection)
            row = run_log.open_row(db, job, run, at=self._clock())
            run = replace(run, id=row.id)
            guard(db, job)
            self._spare(db, run)
            emptying.ask_if_due(db, connection)
            run_log.tell_pages(db, run, "sync_started", {})
            is_recorded = self._is_recorded(db, job, run)
        parts = (self._engine, self._sealer, self._clock, job, run, connection)
        opened = RecordedRun(*parts).recording(self.tape(job)) if is_recorded else OpenRun(*parts)
        if row.diff is not None:
            opened.gathered(row.diff)
        return opened

    def _is_recorded(self, db: Db, job: Job, run: Run) -> bool:
        """Where nothing is left out; whoever changes that finds the recording to forget."""
        if not job.args.get("record"):
            return False
        if chosen(left_out_now(db, run.connection_id).settings):
            return False
        recordings.begin(db, run, job_id=job.id, at=self._clock())
        return True

    def _spare(self, db: Db, run: Run) -> None:
        """What was read within the hour is not asked for again by a run that reads changes."""
        if run.sync_type is SyncType.INCREMENTAL and references.is_kept(
            db, run.connection_id, now=self._clock()
        ):
            run.progress.practitioners_read = run.progress.reference_read = True

    def gave_up(self, job: Job, error: SyncError) -> None:
        """The job is dead: its run has failed, what was stored stays, a person may have to act."""
        if isinstance(error, NotNow):
            return
        account_id, connection_id = whose(job)
        with transaction(self._engine, account_id=account_id) as db:
            run = run_log.run_of(job, connections.load(db, connection_id))
            at = self._clock()
            run = replace(run, id=run_log.open_row(db, job, run, at=at).id)
            if isinstance(error, NeedsReconnect):
                reason = shut_out(error)
                connections.signed_out(db, connection_id, reason=reason, job_id=job.id)
            problems = run.progress.problems
            details = {"queries": problems} if problems else None
            run_log.end_run(
                db,
                run,
                status=RunStatus.FAILED,
                message=str(error),
                details=details,
                at=at,
                needs_person=isinstance(error, NeedsReconnect),
            )
            candidates.forget(db, run)
