"""Jobs of an account as an operator looks for them: by anything, newest first, no patient data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from domain.jobs import JobState, Queue
from domain.sheet import NotOnSheet

STATES = tuple(state.value for state in JobState)
SHOWN_ARGS = frozenset(
    {
        "first_day",
        "last_day",
        "sync_type",
        "dry_run",
        "allow_removals",
        "approved_run",
        "backfill_id",
        "check_id",
        "tool_call",
        "write_id",
        "text_id",
        "entry_id",
        "create",
        "read_first",
        "range_id",
        "link_id",
    }
)
"""The names that may be shown; of those, only what looks like an id, a date or one plain word."""

_PLAIN = re.compile(r"[a-z_]{1,40}|\d{4}-\d\d-\d\d|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# A version is the attempt and the state: a change on what somebody saw before is refused.
VERSION = "jobs.fence * 8 + array_position(CAST(:states_in_order AS text[]), jobs.state)"
MATCHES = """
    (CAST(:id AS bigint) IS NULL OR jobs.id = :id)
    AND (CAST(:trace_id AS text) IS NULL OR jobs.trace_id = :trace_id)
    AND (CAST(:kind AS text) IS NULL OR jobs.kind = :kind)
    AND (CAST(:queue AS text) IS NULL OR jobs.queue = :queue)
    AND (CAST(:state AS text) IS NULL OR jobs.state = :state)
    AND (CAST(:connection_id AS uuid) IS NULL OR jobs.connection_id = :connection_id)
    AND (NOT :no_connection OR jobs.connection_id IS NULL)
    AND (CAST(:error_kind AS text) IS NULL OR jobs.error_kind = :error_kind)
    AND (CAST(:ended_since AS timestamptz) IS NULL OR jobs.finished_at >= :ended_since)
    AND (NOT :no_account OR jobs.account_id IS NULL)
"""
_COLUMNS = f"""
    jobs.id, jobs.kind, jobs.queue, jobs.state, jobs.connection_id, own.display_name AS practice,
    jobs.vendor, jobs.args, jobs.priority, jobs.attempts, jobs.crashes, jobs.failures, jobs.due_at,
    jobs.created_at, jobs.started_at, jobs.finished_at, jobs.waiting_for, jobs.error_kind,
    jobs.error_text, jobs.trace_id, jobs.worker, jobs.result ->> 'discarded' AS discarded,
    {VERSION} AS version
"""
_FIND = text(
    f"""
    SELECT {_COLUMNS}
    FROM jobs LEFT JOIN pms_connections AS own ON own.id = jobs.connection_id
    WHERE {MATCHES}
      AND (CAST(:before_at AS timestamptz) IS NULL
           OR (jobs.created_at, jobs.id) < (:before_at, :before_id))
    ORDER BY jobs.created_at DESC, jobs.id DESC LIMIT :limit
    """  # noqa: S608 - this module's own words
)
_READ = text(
    f"""
    SELECT {_COLUMNS}
    FROM jobs LEFT JOIN pms_connections AS own ON own.id = jobs.connection_id
    WHERE jobs.id = :id
    """  # noqa: S608 - this module's own words
)
_PRACTICES = text(
    """
    SELECT id, display_name AS name FROM pms_connections
    WHERE removed_at IS NULL ORDER BY lower(display_name), id LIMIT 500
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; everything left out matches every job."""

    id: int | None = None
    trace_id: str | None = None
    kind: str | None = None
    queue: Queue | None = None
    state: JobState | None = None
    connection_id: UUID | None = None
    no_connection: bool = False
    error_kind: str | None = None
    ended_since: datetime | None = None
    no_account: bool = False

    @property
    def values(self) -> Mapping[str, Any]:
        return {**asdict(self), "states_in_order": list(STATES)}

    def __str__(self) -> str:
        named = {name: one for name, one in asdict(self).items() if one}
        return " ".join(f"{name}={one}" for name, one in named.items()) or "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """One job; `args` are those that may be shown, `version` is what a change is made on."""

    id: int
    kind: str
    queue: str
    state: str
    connection_id: UUID | None
    practice: str | None
    vendor: str | None
    args: Mapping[str, Any]
    priority: int
    attempts: int
    crashes: int
    failures: int
    due_at: datetime
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    waiting_for: str | None
    error_kind: str | None
    error_text: str | None
    trace_id: str
    worker: str | None
    discarded: str | None
    version: int


def find(
    db: Db, wanted: Wanted, *, before: tuple[datetime, UUID] | None = None, limit: int
) -> Sequence[JobView]:
    """Newest first; `before` is the `mark` of the last one told."""
    values = {
        **wanted.values,
        "before_at": before and before[0],
        # A mark of another list holds a number no job has.
        "before_id": before and min(before[1].int, 2**63 - 1),
        "limit": limit,
    }
    return [_view(row) for row in db.execute(_FIND, values).mappings()]


def practices(db: Db) -> Sequence[RowMapping]:
    """What jobs can be looked for by, in the order of their names."""
    return db.execute(_PRACTICES).mappings().all()


def mark(job: JobView) -> tuple[datetime, UUID]:
    """Where the page after this job begins."""
    return job.created_at, UUID(int=job.id)


def read(db: Db, job_id: int) -> JobView:
    values = {"id": job_id, "states_in_order": list(STATES)}
    row = db.execute(_READ, values).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such job; those that are done are kept for a week.")
    return _view(row)


def shown(args: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a job's arguments may be seen: known names, and values that can be no person's."""
    return {name: one for name, one in args.items() if name in SHOWN_ARGS and _is_plain(one)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return _PLAIN.fullmatch(value) is not None
    return isinstance(value, (bool, int))


def _view(row: RowMapping) -> JobView:
    return JobView(**{**dict(row), "args": shown(row["args"])})
