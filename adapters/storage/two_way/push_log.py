"""What went between the sheet and a PMS that takes changes, both ways, as one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

# What was superseded before it left (withdrawn) did nothing: what took its place is told.
# A pass that found nothing would bury what happened: it is told only if it failed.
_LINES = text(
    """
    SELECT * FROM (
      SELECT write.id, 'out' AS way,
             CASE WHEN write.entry_id IS NULL THEN 'patient' ELSE 'appointment' END AS subject,
             write.kind AS what, write.created_at AS at, write.asked_by AS by, write.reason,
             CASE write.state WHEN 'confirmed' THEN 'done' WHEN 'failed' THEN 'failed'
                              ELSE 'waiting' END AS state,
             entry.id AS entry_id, coalesce(write.pms_id, entry.pms_appointment_id) AS pms_id,
             entry.appointment_time AS start, entry.timezone,
             0 AS created, 0 AS updated, 0 AS removed, 0 AS conflicts, write.settled_at AS ended_at
      FROM pms_writes AS write
      LEFT JOIN run_sheet_appointments AS entry ON entry.id = write.entry_id
      WHERE write.connection_id = :id AND write.created_at >= :since AND write.state <> 'withdrawn'
        AND (write.entry_id IS NOT NULL OR write.patient_link_id IS NOT NULL)
      UNION ALL
      SELECT id, 'out', 'patient', 'link', updated_at, linked_by, reason,
             CASE state WHEN 'linked' THEN 'done' WHEN 'error' THEN 'failed' ELSE 'waiting' END,
             NULL, pms_patient_id, NULL, NULL, 0, 0, 0, 0, synced_at
      FROM patient_links WHERE connection_id = :id AND updated_at >= :since
      UNION ALL
      SELECT id, 'in', 'appointment', sync_type, started_at, NULL, error_message,
             CASE status WHEN 'success' THEN 'done' WHEN 'running' THEN 'waiting' ELSE 'failed' END,
             NULL, NULL, NULL, NULL, created, updated, removed, conflicts, completed_at
      FROM pms_sync_log
      WHERE pms_connection_id = :id AND started_at >= :since AND NOT dry_run
        AND (status <> 'success' OR created + updated + removed + conflicts > 0)
    ) AS line
    WHERE (CAST(:subject AS text) IS NULL OR subject = :subject)
      AND (CAST(:state AS text) IS NULL OR state = :state)
    ORDER BY at DESC, id LIMIT :most
    """
)
_OF_PATIENT = text(
    """
    SELECT write.id, 'out' AS way,
           CASE WHEN write.entry_id IS NULL THEN 'patient' ELSE 'appointment' END AS subject,
           write.kind AS what, write.created_at AS at, write.asked_by AS by, write.reason,
           CASE write.state WHEN 'confirmed' THEN 'done' WHEN 'failed' THEN 'failed'
                            ELSE 'waiting' END AS state,
           write.entry_id, write.pms_id, write.start_at AS start, NULL AS timezone,
           0 AS created, 0 AS updated, 0 AS removed, 0 AS conflicts, write.settled_at AS ended_at
    FROM pms_writes AS write WHERE write.patient_link_id = :id AND write.state <> 'withdrawn'
    UNION ALL
    SELECT id, 'out', 'patient', 'link', updated_at, linked_by, reason,
           CASE state WHEN 'linked' THEN 'done' WHEN 'error' THEN 'failed' ELSE 'waiting' END,
           NULL, pms_patient_id, NULL, NULL, 0, 0, 0, 0, synced_at
    FROM patient_links WHERE id = :id
    ORDER BY at DESC, id LIMIT 100
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that went one way; no patient is named, an appointment by its row and its time."""

    id: UUID
    way: str
    subject: str
    what: str
    at: datetime
    by: str | None
    reason: str | None
    state: str
    entry_id: UUID | None
    pms_id: str | None
    start: datetime | None
    timezone: str | None
    created: int
    updated: int
    removed: int
    conflicts: int
    ended_at: datetime | None


def of_patient(db: Db, link_id: UUID) -> Sequence[Line]:
    """What was sent for somebody of ours, and who they were found to be; newest first."""
    return [Line(**row) for row in db.execute(_OF_PATIENT, {"id": link_id}).mappings()]


def lines(
    db: Db,
    connection_id: UUID,
    *,
    since: datetime,
    subject: str | None = None,
    state: str | None = None,
    most: int = 50,
) -> Sequence[Line]:
    """Newest first."""
    values = {
        "id": connection_id,
        "since": since,
        "subject": subject,
        "state": state,
        "most": most,
    }
    return [Line(**row) for row in db.execute(_LINES, values).mappings()]
