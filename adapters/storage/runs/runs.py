"""The log of runs as an operator reads it: the latest ones, one with its rejects, one by job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.id_starts import BETWEEN, bounds
from domain.errors import BadInput
from domain.previews import Difference
from domain.runs import RunStatus
from domain.sheet import NotOnSheet

COLUMNS = """
    run.id, run.account_id, run.pms_connection_id AS connection_id, run.job_id, sync_type,
    day_from, day_to, status, dry_run, started_at, completed_at, fetched, created, updated,
    unchanged, skipped, cancelled, removed, rejected, conflicts, requests, queries_done,
    queries_total, error_message, error_details, run.trace_id, run.backfill_id, approved_at,
    approved_by, approved_job_id, undone_at, undone_by, diff IS NOT NULL AS has_diff
"""
_EXISTS = text("SELECT FROM pms_connections WHERE id = :id AND removed_at IS NULL")
_LIST = text(
    f"""
    SELECT {COLUMNS} FROM pms_sync_log AS run
    WHERE (CAST(:connection_id AS uuid) IS NULL OR run.pms_connection_id = :connection_id)
      AND (CAST(:at AS timestamptz) IS NULL
           OR (started_at, run.id) < (CAST(:at AS timestamptz), CAST(:before AS uuid)))
    ORDER BY started_at DESC, run.id DESC LIMIT :limit
    """  # noqa: S608 - the columns are this module's own
)
_FIND = text(f"SELECT {COLUMNS} FROM pms_sync_log AS run WHERE run.id {BETWEEN} LIMIT 2")  # noqa: S608
_OF_JOB = text(f"SELECT {COLUMNS} FROM pms_sync_log AS run WHERE run.job_id = :job_id")  # noqa: S608
_READ = text(f"SELECT {COLUMNS} FROM pms_sync_log AS run WHERE run.id = :id")  # noqa: S608
_DIFF = text("SELECT diff FROM pms_sync_log WHERE id = :id")
_REJECTS = text(
    "SELECT query_key, pms_id, path, reason FROM pms_rejects WHERE run_id = :id ORDER BY id"
)
_REASONS = text(
    """
    SELECT path, reason, count(*) AS records, min(pms_id) AS pms_id FROM pms_rejects
    WHERE run_id = :id GROUP BY path, reason ORDER BY records DESC, path, reason LIMIT :most
    """
)
MOST_REASONS = 100
"""More ways not to be read than that are told by the whole list alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRun:
    """One row of the log."""

    id: UUID
    account_id: str
    connection_id: UUID
    job_id: int
    sync_type: str
    day_from: date
    day_to: date
    status: str
    dry_run: bool
    started_at: datetime
    completed_at: datetime | None
    fetched: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    cancelled: int
    removed: int
    rejected: int
    conflicts: int
    requests: int
    queries_done: int
    queries_total: int
    error_message: str | None
    error_details: Mapping[str, Any] | None = field(default=None)
    trace_id: str
    backfill_id: UUID | None
    approved_at: datetime | None
    approved_by: str | None
    approved_job_id: int | None
    undone_at: datetime | None
    undone_by: str | None
    has_diff: bool

    @property
    def is_over(self) -> bool:
        return self.status != "running"

    @property
    def seconds(self) -> float | None:
        if self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()

    @property
    def errors(self) -> list[str]:
        """What went wrong, the whole first and then each query that was set aside."""
        whole = [self.error_message] if self.error_message else []
        queries = (self.error_details or {}).get("queries") or {}
        return whole + [f"{key}: {reason}" for key, reason in sorted(queries.items())]

    @property
    def compared(self) -> str | None:
        """How an approved run differs from its preview."""
        told = (self.error_details or {}).get("preview")
        return Difference(**told).sentence if told else None

    @property
    def may_be_approved(self) -> bool:
        """A preview that is whole, kept, and not used; `approvals.stale` tells what ends it."""
        is_whole = self.dry_run and self.status == RunStatus.SUCCESS
        return is_whole and self.has_diff and self.approved_at is None


def require(db: Db, connection_id: UUID) -> None:
    """Raise NotOnSheet for a connection that is not the account's, or was removed."""
    if db.execute(_EXISTS, {"id": connection_id}).first() is None:
        raise NotOnSheet("There is no such connection; it may have been removed.")


def listed(
    db: Db,
    *,
    connection_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 20,
) -> list[LoggedRun]:
    """The latest runs, newest first; across accounts for the dispatch role."""
    at, row_id = before or (None, None)
    values = {"connection_id": connection_id, "at": at, "before": row_id, "limit": limit}
    return [LoggedRun(**row) for row in db.execute(_LIST, values).mappings()]


def find(db: Db, wanted: str) -> LoggedRun:
    """The run of that id, or of an id that starts so."""
    held = bounds(wanted)
    if held is None:
        raise BadInput(f"'{wanted}' is not a run id; see 'pms-sync runs list'.")
    rows = db.execute(_FIND, held).mappings().all()
    if len(rows) != 1:
        problem = "More than one run id starts with" if rows else "There is no run"
        raise BadInput(f"{problem} {wanted}; see 'pms-sync runs list'.")
    return LoggedRun(**rows[0])


def read(db: Db, run_id: UUID) -> LoggedRun:
    """The account's run of that id."""
    row = db.execute(_READ, {"id": run_id}).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such run.")
    return LoggedRun(**row)


def of_job(db: Db, job_id: int) -> LoggedRun | None:
    row = db.execute(_OF_JOB, {"job_id": job_id}).mappings().first()
    return LoggedRun(**row) if row else None


def rejects(db: Db, run_id: UUID) -> Sequence[RowMapping]:
    """Records that could not be read, in the run's own account; paths and reasons, no values."""
    return db.execute(_REJECTS, {"id": run_id}).mappings().all()


def reasons(db: Db, run_id: UUID) -> Sequence[RowMapping]:
    """Why records could not be read, each reason once, the most frequent first, with one of them.

    Of a practice whose every record fails the reason is what somebody has to know.
    """
    return db.execute(_REASONS, {"id": run_id, "most": MOST_REASONS}).mappings().all()


def sealed_diff(db: Db, run_id: UUID) -> bytes | None:
    """What a dry run would have done, still sealed."""
    found: bytes | None = db.execute(_DIFF, {"id": run_id}).scalar_one_or_none()
    return found
