"""The log of runs: opened, and ended with one audit row and one event."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.storage.practices.schedule import read_again_soon
from adapters.storage.runs.backfill_chunks import chunk_ended
from adapters.storage.runs.changes import keep_mark
from adapters.storage.sheet import sheet_events
from adapters.storage.sheet.reading import PHI_FIELDS
from domain.connections import Connection
from domain.jobs import Job
from domain.runs import Progress, Run, RunStatus, SyncType
from domain.sources import Reject
from domain.window import whole_days

TABLE = "pms_sync_log"

# A run that was closed opens again for a new attempt of its job, not for whoever closes it late.
_JOB_RUNS = "EXISTS (SELECT FROM jobs WHERE jobs.id = :job_id AND jobs.state = 'running')"
_OPEN_RUN = text(
    f"""
    INSERT INTO pms_sync_log (id, account_id, pms_connection_id, job_id, sync_type, day_from,
                              day_to, dry_run, trace_id, backfill_id, started_at, rests_until)
    VALUES (:id, :account_id, :connection_id, :job_id, :sync_type, :day_from, :day_to, :dry_run,
            :trace_id, :backfill_id, :at,
            (SELECT rests_until FROM pms_connections WHERE id = :connection_id))
    ON CONFLICT (job_id) DO UPDATE SET
      status = CASE WHEN {_JOB_RUNS} THEN 'running' ELSE pms_sync_log.status END,
      completed_at = CASE WHEN {_JOB_RUNS} THEN NULL ELSE pms_sync_log.completed_at END
    RETURNING id, diff
    """  # noqa: S608 - this module's own words
)
_REJECT = text(
    """
    INSERT INTO pms_rejects (account_id, run_id, query_key, pms_id, path, reason)
    VALUES (:account_id, :run_id, :query_key, :pms_id, :path, :reason)
    """
)
_DRIFT = text(
    """
    INSERT INTO pms_drift (account_id, pms_connection_id, what, times)
    VALUES (:account_id, :connection_id, :what, :times)
    ON CONFLICT (pms_connection_id, what)
    DO UPDATE SET times = pms_drift.times + EXCLUDED.times, last_seen_at = now()
    """
)
_CLOSE_RUN = text(
    """
    UPDATE pms_sync_log SET status = :status, completed_at = :at, error_message = :message,
                            error_details = CAST(:details AS jsonb)
    WHERE id = :run_id AND status = 'running' RETURNING id
    """
)
# How fresh the sheet is, is how fresh today is: another day's sync says nothing of it. Only a pass
# over all the days the timetable reads tells when they were last read whole.
_CLOSE_CONNECTION = text(
    """
    UPDATE pms_connections AS held SET
      last_sync_status = :status, last_sync_error = :message, updated_at = :at,
      last_sync_at = CASE WHEN :complete AND :first <= today.day AND today.day <= :last
                     THEN :at ELSE last_sync_at END,
      last_full_at = CASE WHEN :whole AND :first <= today.day
                               AND today.day + sync_days_ahead <= :last
                     THEN :at ELSE last_full_at END,
      state = CASE WHEN :complete AND state = 'ERROR' THEN 'ACTIVE' ELSE state END,
      state_reason = CASE WHEN :complete AND state = 'ERROR' THEN NULL ELSE state_reason END,
      consecutive_failures = CASE WHEN :failed THEN consecutive_failures + 1 ELSE 0 END,
      unchanged_runs = CASE WHEN :happened THEN 0
                            WHEN :complete AND :first <= today.day AND today.day <= :last
                            THEN unchanged_runs + 1 ELSE unchanged_runs END,
      next_sync_at = CASE WHEN :happened AND rests_until > :at
                     THEN least(next_sync_at,
                                :at + make_interval(mins => sync_frequency_minutes))
                     ELSE next_sync_at END,
      rests_until = CASE WHEN :happened AND rests_until > :at THEN :at ELSE rests_until END
    FROM (SELECT CAST(CAST(:at AS timestamptz) AT TIME ZONE timezone AS date) AS day
          FROM pms_connections WHERE id = :connection_id) AS today
    WHERE held.id = :connection_id
    """
)
_AUDIT = text(
    """
    INSERT INTO pms_audit_logs (account_id, pms_integration_id, action, user_id, request_summary,
                                phi_accessed, phi_fields, success, error_message, trace_id)
    VALUES (:account_id, :connection_id, 'sync', :by, :summary, :phi, :fields, :success, :message,
            :trace_id)
    """
)


def run_of(job: Job, connection: Connection) -> Run:
    """The run a job asks for, as far as an earlier attempt brought it."""
    first = date.fromisoformat(job.args["first_day"])
    last = date.fromisoformat(job.args["last_day"])
    return Run(
        id=uuid4(),
        account_id=connection.account_id,
        connection_id=connection.id,
        first_day=first,
        last_day=last,
        window=whole_days(first, last, connection.timezone),
        sync_type=SyncType(job.args.get("sync_type", SyncType.FULL)),
        dry_run=bool(job.args.get("dry_run", False)),
        trace_id=job.trace_id,
        progress=Progress.from_checkpoint(job.checkpoint),
        backfill_id=_id(job, "backfill_id"),
        approved_run=_id(job, "approved_run"),
    )


def open_row(db: Db, job: Job, run: Run, *, at: datetime) -> Row[Any]:
    """The run's row: id and what a dry run had gathered; one for each job."""
    values = {
        "id": run.id,
        "account_id": run.account_id,
        "connection_id": run.connection_id,
        "job_id": job.id,
        "sync_type": run.sync_type.value,
        "day_from": run.first_day,
        "day_to": run.last_day,
        "dry_run": run.dry_run,
        "trace_id": run.trace_id,
        "backfill_id": run.backfill_id,
        "at": at,
    }
    return db.execute(_OPEN_RUN, values).one()


def tell_pages(db: Db, run: Run, kind: sheet_events.Kind, detail: Mapping[str, Any]) -> None:
    """An event for the pages: ids, days and counts only."""
    sheet_events.tell(
        db,
        account_id=run.account_id,
        kind=kind,
        connection_id=run.connection_id,
        detail={"run_id": str(run.id), **detail},
    )


def keep_rejects(db: Db, run: Run, query_key: str, rejects: Sequence[Reject]) -> None:
    rows = [
        {
            "account_id": run.account_id,
            "run_id": run.id,
            "query_key": query_key,
            "pms_id": one.pms_id,
            "path": one.path,
            "reason": one.reason,
        }
        for one in rejects
    ]
    if rows:
        db.execute(_REJECT, rows)


def keep_drift(db: Db, run: Run, drift: Mapping[str, int]) -> None:
    rows = [
        {
            "account_id": run.account_id,
            "connection_id": run.connection_id,
            "what": what[:200],
            "times": times,
        }
        for what, times in sorted(drift.items())
    ]
    if rows:
        db.execute(_DRIFT, rows)


def end_run(  # noqa: PLR0913 - how it ended, in the words of each who asks
    db: Db,
    run: Run,
    *,
    status: RunStatus,
    message: str | None,
    details: Mapping[str, Any] | None,
    at: datetime,
    needs_person: bool = False,
) -> None:
    """The log, the connection's freshness, one audit row, one event; nothing if it has ended."""
    values = {
        "run_id": run.id,
        "status": status.value,
        "message": message,
        "details": json.dumps(dict(details)) if details else None,
        "at": at,
    }
    if db.execute(_CLOSE_RUN, values).first() is None:
        return
    if run.backfill_id is not None:
        # Whole and yet partial: too much would leave the sheet, and no further try changes that.
        is_unread = run.progress.problems or run.progress.interrupted
        held_back = status is RunStatus.PARTIAL and not is_unread
        needs = needs_person or held_back
        chunk_ended(db, run, status=status, message=message, needs_person=needs, at=at)
    elif not run.dry_run:
        _close_connection(db, run, status=status, message=message, at=at)
    _audit(db, run, status=status, message=message)
    tell_pages(db, run, "sync_ended", {"status": status.value})


def _close_connection(
    db: Db, run: Run, *, status: RunStatus, message: str | None, at: datetime
) -> None:
    is_complete = status is RunStatus.SUCCESS
    # A mark from after what was not told would hide it until the days are read whole.
    is_told = is_complete and not run.progress.is_untold
    values = {
        "status": status.value,
        "message": message,
        "at": at,
        "first": run.first_day,
        "last": run.last_day,
        "complete": is_complete,
        "whole": is_told and not run.progress.changes_only,
        "failed": status is RunStatus.FAILED,
        "happened": run.changed_something or run.sync_type is SyncType.MANUAL,
        "connection_id": run.connection_id,
    }
    db.execute(_CLOSE_CONNECTION, values)
    if is_told:
        keep_mark(db, run, at=at)
    elif run.progress.interrupted:
        read_again_soon(db, run.connection_id, first=run.first_day, last=run.last_day)


def _id(job: Job, key: str) -> UUID | None:
    """An id among a job's arguments; jobs written by older code lack it."""
    value = job.args.get(key)
    return UUID(value) if value else None


def _audit(db: Db, run: Run, *, status: RunStatus, message: str | None) -> None:
    counted = run.progress.counts.as_dict()
    values = {
        "account_id": run.account_id,
        "connection_id": run.connection_id,
        "by": "sync",
        "summary": " ".join(f"{name}={count}" for name, count in counted.items()),
        "phi": bool(run.progress.counts.fetched),
        "fields": list(PHI_FIELDS) if run.progress.counts.fetched else [],
        "success": status is not RunStatus.FAILED,
        "message": message,
        "trace_id": run.trace_id,
    }
    db.execute(_AUDIT, values)
