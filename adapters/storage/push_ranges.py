"""The rows of some days that are owed to a PMS: put on their way by batches, and followed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage import connections
from adapters.storage.ledger import guard, put, save_checkpoint
from domain.connections import Connection
from domain.jobs import Job
from domain.jobs import text as text_of
from domain.pushes import DISPUTED
from domain.window import whole_days
from domain.work import BY_SCHEDULE, push_entry_job
from infra.database import transaction

# What failed, and what was never sent, goes out where a person names the days; what waits does in
# any case, but for what waits for a person to choose a side.
_OWED = text(
    """
    SELECT entry.id, entry.source <> 'pms' AS is_ours FROM run_sheet_appointments AS entry
    WHERE entry.linked_to IS NULL AND entry.removed_at IS NULL
      AND entry.push_reason IS DISTINCT FROM :disputed
      AND (NOT :is_named OR entry.appointment_time >= :start AND entry.appointment_time < :end)
      AND (entry.pms_connection_id = :connection_id
             AND (entry.push_state = 'pending' OR :is_named AND entry.push_state = 'error')
           OR entry.source <> 'pms' AND entry.patient_name IS NOT NULL
             AND (entry.push_state = 'pending'
                  OR :is_named AND entry.push_state IN ('error', 'needs_patient')
                  OR :is_named AND :creates AND entry.push_state IS NULL)
             AND EXISTS (SELECT FROM pms_clinician_mappings AS mapping
                         WHERE mapping.pms_connection_id = :connection_id
                           AND mapping.run_sheet_clinician_id = entry.run_sheet_clinician_id))
      AND NOT EXISTS (SELECT FROM jobs WHERE kind = 'push_entry'
                        AND args ->> 'range_id' = :range_id
                        AND args ->> 'entry_id' = CAST(entry.id AS text))
    ORDER BY entry.appointment_time, entry.id LIMIT :most
    """
)
_COUNTS = text(
    """
    SELECT count(*) FILTER (WHERE state IN ('ready', 'running')) AS waiting,
           count(*) FILTER (WHERE state = 'done' AND CAST(result ->> 'sent' AS int) > 0) AS sent,
           count(*) FILTER (WHERE state = 'dead' OR result ? 'refused') AS failed
    FROM jobs WHERE kind = 'push_entry' AND args ->> 'range_id' = :range_id
    """
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

    def counts(self) -> Mapping[str, int]:
        """How many of what was put on its way still wait, were sent, or failed."""
        with self._transaction() as db:
            row = db.execute(_COUNTS, {"range_id": str(self._job.id)}).mappings().one()
            return dict(row)

    def take(self, most: int) -> int:
        """Put the next rows on their way; how many there were."""
        with self._transaction() as db:
            connection = connections.load(db, _connection_of(self._job))
            rows = db.execute(_OWED, self._wanted(connection, most)).all()
            for row in rows:
                put(
                    db,
                    push_entry_job(
                        account_id=connection.account_id,
                        connection_id=connection.id,
                        vendor=connection.vendor,
                        entry_id=row.id,
                        create=row.is_ours,
                        range_id=self._job.id,
                        priority=BY_SCHEDULE,
                    ),
                )
            save_checkpoint(db, self._job, self._job.checkpoint, advanced=bool(rows))
            return len(rows)

    def _wanted(self, connection: Connection, most: int) -> dict[str, Any]:
        first, last = (text_of(self._job, name) for name in ("first_day", "last_day"))
        window = None
        if first and last:
            days = date.fromisoformat(first), date.fromisoformat(last)
            window = whole_days(*days, connection.timezone)
        return {
            "connection_id": connection.id,
            "creates": connection.auto_create,
            "range_id": str(self._job.id),
            "most": most,
            "is_named": window is not None,
            "start": window and window.start,
            "end": window and window.end,
            "disputed": DISPUTED,
        }

    @contextmanager
    def _transaction(self) -> Iterator[Db]:
        with transaction(self._engine, account_id=str(self._job.account_id)) as db:
            guard(db, self._job)
            yield db


def _connection_of(job: Job) -> UUID:
    if job.connection_id is None:
        raise ValueError("a range names its connection")
    return job.connection_id
