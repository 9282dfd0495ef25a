"""Recordings at the command line: asked for and found, and everything of them audited."""

from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.runs import recordings
from adapters.storage.runs.recordings import Recording
from adapters.storage.runs.runs import LoggedRun
from console import output
from console.auditing import access
from console.wiring import Wiring
from domain.connections import Connection
from domain.errors import BadInput
from domain.recordings import refuse_left_out
from infra.database import transaction

PATIENTS = ("patient_name", "patient_phone", "patient_email", "patient_dob", "notes")
"""What a recording may hold of patients, whatever the PMS."""

MEGABYTE = 1024 * 1024
NOT_WHOLE = "The recording is not whole: more came than one holds."


def ask_for_recording(db: Db, held: Connection) -> None:
    """Refused where the practice leaves something out."""
    refuse_left_out(held)
    record(
        db,
        access("sync --record"),
        account_id=held.account_id,
        action="recording.asked",
        phi_fields=PATIENTS,
        connection_id=held.id,
    )


def recorded(wiring: Wiring, run: LoggedRun) -> Recording | None:
    """What is kept of a run; None where it was forgotten meanwhile."""
    with transaction(wiring.engine, account_id=run.account_id) as db:
        try:
            return recordings.find(db, run.id)
        except BadInput:
            return None


def said_of(found: Recording | None) -> str:
    if found is None:
        return (
            "Nothing of it is recorded: the recording was forgotten before the run had ended,"
            " or a worker of an older version ran it."
        )
    if found.is_full:
        return f"{NOT_WHOLE} 'pms-sync replay {output.short(found.run_id)}' plays what was kept."
    how = f"pms-sync replay {output.short(found.run_id)}"
    return f"Recorded, {found.bytes / MEGABYTE:.1f} MB. To play it to the code as it is: {how}"
