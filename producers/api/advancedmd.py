"""Both ways over JSON: how a row and a person stand at their practice; send, create and look up."""

from functools import partial
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StringConstraints

from adapters.storage.audit.audit import record
from adapters.storage.two_way import patient_links, push_asking, push_log, push_standing
from adapters.storage.two_way.pushes import create_jobs
from domain.patient_links import Link
from domain.people import Permission
from domain.sheet import NotOnSheet
from producers.both_ways import (
    AskedAnswer,
    Candidates,
    EntryAnswer,
    LogLine,
    Logs,
    OnePatient,
    PatientAnswer,
    StandingAnswer,
    StepAnswer,
    asked,
    vendors,
)
from producers.doors import Door, door
from producers.idempotency import MaybeOnce
from producers.versions import MaybeIfMatch, hoped
from producers.words import Stripped

router = APIRouter(prefix="/api/advancedmd", tags=["both ways"])

Reader = Annotated[Door, Depends(door(Permission.SEE_STATUS))]
Syncer = Annotated[Door, Depends(door(Permission.SYNC))]
Names = Annotated[Door, Depends(door(Permission.SEE_SHEET))]
Editor = Annotated[Door, Depends(door(Permission.EDIT_SHEET))]

PHI_FIELDS = ("patient_name", "patient_date_of_birth")


class Chosen(BaseModel):
    """The practice's own id of the patient who is meant."""

    model_config = ConfigDict(extra="forbid")

    pms_patient_id: Annotated[Stripped, StringConstraints(min_length=1, max_length=64)]


@router.get("/appointments/{entry_id}/sync-status", summary="See how a row stands at its practice")
def entry_status(door: Reader, entry_id: UUID) -> EntryAnswer:
    """Whether both sides agree, and the last things that were sent, newest first.

    A row that became the practice's visit is answered as the row that stands for it now.
    """
    with door.transaction() as db:
        stands = push_standing.standing(db, entry_id, vendors=vendors())
        if stands is None:
            raise NotOnSheet("There is no such row at a practice that takes changes.")
        steps = push_standing.steps(db, stands.entry_id)
    return EntryAnswer(
        sync_status=StandingAnswer.model_validate(stands),
        history=[StepAnswer.model_validate(one) for one in steps],
    )


@router.post(
    "/appointments/{entry_id}/sync",
    status_code=HTTPStatus.ACCEPTED,
    response_model=AskedAnswer,
    summary="Bring a row and its practice to agree now",
)
def entry_sync(
    door: Syncer, entry_id: UUID, once: MaybeOnce = None, if_match: MaybeIfMatch = None
) -> JSONResponse:
    """What the practice says is read, and what is owed to it is sent."""
    ask = partial(push_asking.push, entry_id=entry_id, expected_version=hoped(if_match))
    return asked(door, once, "push.asked", ask, about=f"row {entry_id}")


@router.post(
    "/appointments/{entry_id}/create",
    status_code=HTTPStatus.ACCEPTED,
    response_model=AskedAnswer,
    summary="Have a row become the practice's visit",
)
def entry_create(
    door: Editor, entry_id: UUID, once: MaybeOnce = None, if_match: MaybeIfMatch = None
) -> JSONResponse:
    """Its patient must be one of theirs: who is not known beyond doubt has to be linked first."""
    ask = partial(push_asking.create, entry_id=entry_id, expected_version=hoped(if_match))
    return asked(door, once, "push.create_asked", ask, about=f"row {entry_id}")


@router.get("/patients/{link_id}/sync-status", summary="See who somebody is at their practice")
def patient_status(door: Reader, link_id: UUID) -> OnePatient:
    """The state of the link, without a name; `candidates` beside it names who may be meant."""
    with door.transaction() as db:
        return _one(patient_links.load(db, door.ports.sealer, link_id))


@router.get("/patients/{link_id}/candidates", summary="See who somebody may be at their practice")
def patient_candidates(door: Names, link_id: UUID) -> Candidates:
    """The practice's patients found by name, those born the same day first."""
    with door.transaction() as db:
        link = patient_links.load(db, door.ports.sealer, link_id)
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="patient_link.read",
            phi_fields=PHI_FIELDS if link.candidates else (),
            connection_id=link.connection_id,
            summary=f"link {link_id}: {len(link.candidates)} candidates",
        )
    return Candidates(candidates=link.candidates)


@router.post(
    "/patients/{link_id}/sync",
    status_code=HTTPStatus.ACCEPTED,
    response_model=AskedAnswer,
    summary="Look for somebody among the practice's patients again",
)
def patient_sync(door: Syncer, link_id: UUID, once: MaybeOnce = None) -> JSONResponse:
    """Whoever is found beyond doubt is linked, and rows that wait for it are sent."""
    ask = partial(push_asking.look_up, sealer=door.ports.sealer, link_id=link_id)
    return asked(door, once, "patient_link.asked", ask, about=f"link {link_id}")


@router.post("/patients/{link_id}/link", summary="Say which of the practice's patients it is")
def patient_link(door: Editor, link_id: UUID, body: Chosen) -> OnePatient:
    """A person's word stands until a person says otherwise; rows that wait for it are sent."""
    with door.transaction() as db:
        found = patient_links.load(db, door.ports.sealer, link_id)
        held = push_asking.link(
            db,
            door.ports.sealer,
            found,
            body.pms_patient_id,
            by=door.person.name,
            at=door.ports.clock(),
        )
        create_jobs(db, held, patient_links.waiting(db, door.ports.sealer, found))
        record(
            db,
            door.access,
            account_id=door.account_id,
            action="patient_link.chosen",
            connection_id=held.id,
            patient_id=body.pms_patient_id,
            summary=f"link {link_id}",
        )
        return _one(patient_links.load(db, door.ports.sealer, link_id))


@router.get("/patients/{link_id}/sync-logs", summary="See what was sent for somebody")
def patient_logs(door: Reader, link_id: UUID) -> Logs:
    """Newest first."""
    with door.transaction() as db:
        link = patient_links.load(db, door.ports.sealer, link_id)
        found = push_log.of_patient(db, link.id)
    return Logs(logs=[LogLine.model_validate(one) for one in found])


def _one(link: Link) -> OnePatient:
    told = {name: getattr(link, name) for name in PatientAnswer.model_fields}
    return OnePatient(sync_status=PatientAnswer(**{**told, "candidates": len(link.candidates)}))
