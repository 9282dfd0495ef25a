"""The rows of some days that are owed to a PMS: put on their way by batches, and followed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import guard, put, save_checkpoint
from adapters.storage.practices import connections
from adapters.storage.practices.own_practice import OF_ENTRY, vendors
from domain.connections import Connection
from domain.jobs import Job
from domain.jobs import text as text_of
from domain.push_ranges import ON_ITS_WAY, UNSENT, Outcome, Progress
from domain.pushes import DISPUTED, SWITCHED_OFF
from domain.window import whole_days
from domain.work import BY_SCHEDULE, push_entry_job
from infra.database import transaction

# The rows of some days that a practice has, or is to have: those of clinicians who work there.
_ROWS = f"""
    entry.linked_to IS NULL AND entry.removed_at IS NULL
    AND (NOT :is_named OR entry.appointment_time >= :start AND entry.appointment_time < :end)
    AND (entry.pms_connection_id = :connection_id
         OR entry.source <> 'pms' AND entry.patient_name IS NOT NULL
            AND :connection_id = ({OF_ENTRY}))
"""
# A row stays in error until somebody changes it: where the practice itself said no to what it was
# last sent, the same would be sent again.
_REFUSED = """
    entry.push_state = 'error' AND EXISTS (
      SELECT FROM pms_writes AS write
      WHERE write.id = (SELECT id FROM pms_writes WHERE entry_id = entry.id AND state <> 'withdrawn'
                        ORDER BY created_at DESC, id LIMIT 1)
        AND write.state = 'failed' AND write.submitted_at IS NOT NULL
        AND left(write.reason, 500) = entry.push_reason)
"""
# What failed, and what was never sent, goes out where a person names the days; what waits does in
# any case. What waits for a person to choose a side does not, nor what was refused as it is.
_GOES = f"""
    entry.push_reason IS DISTINCT FROM :disputed
    AND (entry.push_state = 'pending'
         OR entry.source <> 'pms' AND entry.push_state = 'needs_patient'
            AND entry.push_link_id IS NULL
         OR :is_named AND entry.push_state = 'error' AND NOT ({_REFUSED})
         OR :is_named AND entry.source <> 'pms'
            AND (entry.push_state = 'needs_patient' OR :creates AND entry.push_state IS NULL))
"""
# What a range put came after it, at its practice. Row-level security lets no index tell what is in
# the arguments of a job: all pushes of the account would be read, and for each row again.
_PUT = """
    put AS MATERIALIZED (
      SELECT state, finished_at, result, CAST(args ->> 'entry_id' AS uuid) AS entry_id FROM jobs
      WHERE connection_id = :connection_id AND id > :range_job AND kind = 'push_entry'
        AND args ->> 'range_id' = CAST(:range_job AS text))
"""
_OWED = text(
    f"""
    WITH {_PUT}
    SELECT entry.id, entry.source <> 'pms' AS is_ours FROM run_sheet_appointments AS entry
    WHERE {_ROWS} AND {_GOES}
      AND entry.id NOT IN (SELECT entry_id FROM put WHERE entry_id IS NOT NULL)
    ORDER BY entry.appointment_time, entry.id LIMIT :most
    """  # noqa: S608 - this module's own words
)
_TO_SEND = text(
    f"SELECT count(*) FROM run_sheet_appointments AS entry WHERE {_ROWS} AND {_GOES}"  # noqa: S608
)
_UNDER_WAY = text(
    f"""
    WITH {_PUT}
    SELECT count(*) FILTER (WHERE job.state IN ('ready', 'running')) AS under_way,
           max(job.finished_at) AS last_ended,
           count(*) FILTER (
             WHERE job.state = 'done' AND CAST(job.result ->> 'sent' AS int) > 0
               AND coalesce(entry.push_state, 'synced') = 'synced') AS sent
    FROM put AS job LEFT JOIN LATERAL (
      SELECT push_state FROM run_sheet_appointments WHERE id = job.entry_id OFFSET 0
    ) AS entry ON true
    """  # noqa: S608 - this module's own words
)
_BEGAN = text("SELECT created_at FROM jobs WHERE id = :id")
_LEFT = text(
    f"""
    SELECT CASE WHEN entry.push_state = 'error' THEN 'failed' ELSE 'waiting' END AS outcome,
           CASE WHEN entry.push_state IS NULL THEN :unsent
                ELSE coalesce(entry.push_reason, :no_reason) END AS reason, count(*) AS times
    FROM run_sheet_appointments AS entry
    WHERE {_ROWS}
      AND (entry.push_state = 'pending'
           OR :is_named AND entry.push_state IN ('error', 'needs_patient')
           OR :is_named AND entry.source <> 'pms' AND entry.push_state IS NULL)
    GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
    """  # noqa: S608 - this module's own words
)


class RangeStore:
    """Opens the range of a job; each step is one transaction under its fence."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, job: Job) -> "OpenRange":
        return OpenRange(self._engine, job)


class OpenRange:
    """The rows of one range; implements `push_range.Range`."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine = engine
        self._job = job

    @property
    def _own(self) -> dict[str, Any]:
        """What names the jobs that this range put."""
        return {"connection_id": _connection_of(self._job), "range_job": self._job.id}

    def progress(self) -> Progress:
        """How much of what was put on its way has not ended, and when something last did."""
        with self._transaction() as db:
            row = db.execute(_UNDER_WAY, self._own).one()
            return Progress(under_way=row.under_way, last_ended=row.last_ended or self._began(db))

    def outcome(self) -> Outcome:
        """What of these days was sent, what failed, and what still waits, with its reasons."""
        with self._transaction() as db:
            connection = connections.load(db, _connection_of(self._job))
            wanted = _wanted(connection, *_days(self._job))
            sent = db.execute(_UNDER_WAY, self._own).one().sent
            reason = ON_ITS_WAY if connection.both_ways else SWITCHED_OFF
            words = {"unsent": UNSENT, "no_reason": reason}
            left = db.execute(_LEFT, {**wanted, **words}).all()
        reasons: dict[str, dict[str, int]] = {"failed": {}, "waiting": {}}
        for row in left:
            reasons[row.outcome][row.reason] = row.times
        return Outcome(sent=sent, **reasons)

    def take(self, most: int) -> int:
        """Put the next rows on their way; how many there were."""
        with self._transaction() as db:
            connection = connections.load(db, _connection_of(self._job))
            wanted = _wanted(connection, *_days(self._job))
            of_job = {**self._own, "most": most}
            # Pushes may have been switched off since the range was asked for.
            rows = db.execute(_OWED, {**wanted, **of_job}).all() if connection.both_ways else []
            for row in rows:
                put(
                    db,
                    push_entry_job(
                        connection,
                        entry_id=row.id,
                        create=row.is_ours,
                        range_id=self._job.id,
                        priority=BY_SCHEDULE,
                    ),
                )
            save_checkpoint(db, self._job, self._job.checkpoint, advanced=bool(rows))
            return len(rows)

    def _began(self, db: Db) -> datetime:
        began: datetime = db.execute(_BEGAN, {"id": self._job.id}).scalar_one()
        return began

    @contextmanager
    def _transaction(self) -> Iterator[Db]:
        with transaction(self._engine, account_id=str(self._job.account_id)) as db:
            guard(db, self._job)
            yield db


def _connection_of(job: Job) -> UUID:
    if job.connection_id is None:
        raise ValueError("a range names its connection")
    return job.connection_id


def to_send(db: Db, connection: Connection, *, first: date, last: date) -> int:
    """How many rows a range over those practice-local days would put on their way."""
    return int(db.execute(_TO_SEND, _wanted(connection, first, last)).scalar_one())


def _days(job: Job) -> tuple[date | None, date | None]:
    """The days that a person named; a range of none goes over all that waits."""
    first, last = (text_of(job, name) for name in ("first_day", "last_day"))
    if not (first and last):
        return None, None
    return date.fromisoformat(first), date.fromisoformat(last)


def _wanted(connection: Connection, first: date | None, last: date | None) -> dict[str, Any]:
    window = whole_days(first, last, connection.timezone) if first and last else None
    return {
        "connection_id": connection.id,
        "vendors": vendors(),
        "creates": connection.auto_create,
        "is_named": window is not None,
        "start": window and window.start,
        "end": window and window.end,
        "disputed": DISPUTED,
    }
