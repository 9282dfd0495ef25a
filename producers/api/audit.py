"""The audit over JSON and as a file: who saw what, whose rows, and what somebody should look at."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from adapters.storage.audit import audit_findings, audit_search
from adapters.storage.audit.audit import record
from adapters.storage.audit.audit_search import Seen, Wanted
from domain.accesses import FindingState, Noticed
from domain.people import Permission
from producers import audits, cursors
from producers.answers import Success, sent
from producers.as_csv import csv_answer
from producers.audits import HEADINGS, Looked, as_cells
from producers.doors import Door, door
from producers.reading import BOUNDED, reading
from producers.words import Id, Text

router = APIRouter(prefix="/api/audit", tags=["audit"])

Auditor = Annotated[Door, Depends(door(Permission.SEE_AUDIT))]
Privacy = Annotated[Door, Depends(door(Permission.CONFIGURE))]
PatientId = Annotated[Id, Path()]
FROM_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}, "description": "A file for a spreadsheet."}
}


class Wished(Looked):
    """A page of what is looked for."""

    cursor: cursors.Cursor = None
    limit: cursors.Limit = cursors.USUAL


class Note(BaseModel):
    """What somebody found out."""

    model_config = ConfigDict(extra="forbid")

    note: Text = Field(min_length=1, max_length=500)


class AccessesOfOne(Success):
    accesses: Sequence[Seen]


class Accesses(AccessesOfOne):
    next_cursor: str | None


class Findings(Success):
    findings: Sequence[Noticed]


class OneFinding(Success):
    finding: Noticed


@router.get("", summary="List accesses")
def list_(door: Auditor, wished: Annotated[Wished, Query()]) -> Accesses:
    """Newest first; looking is itself an access. Operators are told no patient."""
    with door.transaction() as db:
        wanted = audits.checked(door, wished.wanted(db))
        before = cursors.decode(wished.cursor)
        rows = audit_search.find(db, wanted, before=before, limit=wished.limit + 1)
        page, next_cursor = cursors.paged(rows, limit=wished.limit, mark=audit_search.mark)
        told = audits.shown(door, page)
        audits.noted(db, door, "audit.read", wanted, told)
    return Accesses(accesses=told, next_cursor=next_cursor)


@router.get(
    "/export", summary="Export accesses", response_class=Response, responses=FROM_FILE | BOUNDED
)
def export(door: Auditor, looked: Annotated[Looked, Query()]) -> Response:
    """The same as a CSV file, whole; no cell begins a formula."""
    with reading(door, much=True) as db:
        wanted = audits.checked(door, looked.wanted(db))
        rows = audits.exported(db, door, wanted)
        audits.noted(db, door, "audit.exported", wanted, rows)
    return csv_answer("accesses.csv", HEADINGS, map(as_cells, rows))


@router.get(
    "/patients/{patient_id}",
    response_model=AccessesOfOne,
    summary="Read who saw a patient",
    responses=BOUNDED,
)
def patient(door: Privacy, patient_id: PatientId) -> Response:
    """Every access that names one patient, newest first; they may ask for it."""
    wanted = Wanted(patient_id=patient_id)
    with reading(door, much=True) as db:
        rows = audits.exported(db, door, wanted)
        audits.noted(db, door, "audit.patient_read", wanted, rows, what=f"{len(rows)} accesses")
    return sent(AccessesOfOne(accesses=rows))


@router.get(
    "/patients/{patient_id}/export",
    summary="Export who saw a patient",
    response_class=Response,
    responses=FROM_FILE | BOUNDED,
)
def export_patient(door: Privacy, patient_id: PatientId) -> Response:
    """The same as a CSV file."""
    wanted = Wanted(patient_id=patient_id)
    with reading(door, much=True) as db:
        rows = audits.exported(db, door, wanted)
        what = f"{len(rows)} accesses"
        audits.noted(db, door, "audit.patient_exported", wanted, rows, what=what)
    return csv_answer("accesses-of-a-patient.csv", HEADINGS, map(as_cells, rows))


@router.get("/findings", summary="List what somebody should look at")
def findings(door: Auditor, state: FindingState | None = None) -> Findings:
    """Open findings first; persons and counts, no patient."""
    with door.transaction() as db:
        found = audit_findings.listed(db, state=state)
    return Findings(findings=found)


@router.post("/findings/{finding_id}/acknowledge", summary="Say what a finding was")
def acknowledge(door: Privacy, finding_id: UUID, body: Note) -> OneFinding:
    """The note stays with the finding, and so does who wrote it."""
    with door.transaction() as db:
        found = audit_findings.acknowledge(
            db, finding_id, note=body.note, by=door.person.name, at=door.ports.clock()
        )
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="finding.acknowledged",
            summary=f"finding {finding_id} ({found.rule})",
        )
    return OneFinding(finding=found)
