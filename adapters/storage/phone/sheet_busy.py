"""Visits on the sheet that a practice's own book does not show: typed, scanned, or moved."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.desk import Busy, Resource
from domain.overlaps import LONGEST, takes_time
from domain.slots import PRACTITIONER
from domain.window import Window

_BUSY = text(
    """
    SELECT mapping.pms_practitioner_id, entry.appointment_time AS start,
           entry.appointment_duration_minutes AS minutes, entry.appointment_status AS status,
           CASE WHEN entry.pms_connection_id = :connection_id
                THEN entry.pms_appointment_id END AS pms_id
    FROM pms_clinician_mappings AS mapping
    JOIN run_sheet_clinicians AS clinician ON clinician.id = mapping.run_sheet_clinician_id
    JOIN accounts ON accounts.id = clinician.account_id
    JOIN run_sheet_appointments AS entry
      ON entry.account_id = :account_id AND entry.run_sheet_clinician_id = clinician.id
     AND entry.appointment_time > :earliest AND entry.appointment_time < :latest
    LEFT JOIN pms_connections AS own ON own.id = entry.pms_connection_id
    WHERE mapping.pms_connection_id = :connection_id AND own.removed_at IS NULL
      AND entry.linked_to IS NULL AND entry.removed_at IS NULL
      AND (entry.pms_patient_id <> '' OR entry.patient_name IS NOT NULL)
      AND (entry.source <> 'pms' OR entry.pms_connection_id <> :connection_id
           OR entry.appointment_time <> entry.pms_start)
      AND coalesce(clinician.overlap_policy, accounts.overlap_policy) <> 'allow'
    """
)


def sheet_busy(db: Db, connection_id: UUID, window: Window, *, account_id: str) -> Sequence[Busy]:
    """What no caller is given, unless overlaps are allowed; its practitioners as the PMS has them.

    What the PMS lists where the sheet has it is the PMS's own to say: the sheet may be behind it.
    Nothing keeps rows of a practice that is no longer connected up to date: they hold nobody up.
    """
    values = {
        "connection_id": connection_id,
        "account_id": account_id,
        "earliest": window.start - LONGEST,
        "latest": window.end,
    }
    return [
        Busy(
            window=Window(row.start, row.start + min(timedelta(minutes=row.minutes), LONGEST)),
            resources=(Resource(kind=PRACTITIONER, pms_id=row.pms_practitioner_id),),
            pms_id=row.pms_id,
        )
        for row in db.execute(_BUSY, values)
        if takes_time(row.status)
    ]
