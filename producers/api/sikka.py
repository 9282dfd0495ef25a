"""Offices at Sikka over JSON: a link or a code to let us in with, and whose an office is."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.audit.audit import record
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import authorisation_tokens as tokens
from adapters.storage.practices import authorisations
from adapters.storage.practices.authorisations import VENDOR, NotWaiting, enter
from domain.authorisations import AuthorisationState, shown_code
from domain.errors import BadInput
from domain.people import Permission
from domain.work import authorise_job
from infra.database import dispatch
from producers.agreeing import require_agreements
from producers.doors import Door, door
from producers.problems import Problem
from producers.words import Stripped

router = APIRouter(prefix="/api/pms/sikka/authorisations", tags=["sikka"])

Configurer = Annotated[Door, Depends(door(Permission.CONFIGURE))]
Typed = Annotated[Stripped, StringConstraints(min_length=1, max_length=60)]
MOST_MISSES = 10
"""An office is named by whoever knows its id or code; a few slips a day are forgiven."""

GUESSED: dict[int | str, dict[str, str]] = {HTTPStatus.TOO_MANY_REQUESTS.value: {}}
MISSED = "authorisation.not_found"
_MISSES = text("SELECT count(*) FROM pms_audit_logs WHERE action = :action AND created_at > :since")
NOT_SET_UP = "Sikka is not set up on this service; ask the operator to set SIKKA_APP_ID."


class Named(BaseModel):
    """The office's id exactly, or the code the practice was told."""

    model_config = ConfigDict(extra="forbid")

    named: Typed | None = None


class AuthorisationAnswer(BaseModel):
    """An office that let us in, and what became of it."""

    id: UUID
    office_id: str
    practice_name: str | None
    pms_type: str | None
    state: AuthorisationState
    note: str | None
    connection_id: UUID | None
    times: int
    first_seen_at: datetime
    last_seen_at: datetime
    settled_at: datetime | None
    settled_by: str | None

    @classmethod
    def of(cls, row: RowMapping) -> "AuthorisationAnswer":
        return cls(**{name: row[name] for name in cls.model_fields})


class Authorisations(BaseModel):
    success: Literal[True] = True
    authorisations: list[AuthorisationAnswer]


class Link(BaseModel):
    success: Literal[True] = True
    url: str
    expires_at: datetime


class Code(BaseModel):
    success: Literal[True] = True
    code: str
    expires_at: datetime


class Put(BaseModel):
    success: Literal[True] = True
    job_id: int


@router.get("", responses=GUESSED, summary="List the offices this account has claimed")
def list_(
    door: Configurer, named: Annotated[str | None, Query(max_length=60)] = None
) -> Authorisations:
    """With `named`, the one office that waits under exactly that id or code: 404 for any other."""
    if named is not None:
        return Authorisations(authorisations=[AuthorisationAnswer.of(find(door, named))])
    with door.transaction() as db:
        rows = authorisations.of_account(db, door.account_id)
    return Authorisations(authorisations=[AuthorisationAnswer.of(row) for row in rows])


@router.post("/link", status_code=HTTPStatus.CREATED, summary="Make a link to the marketplace")
def link_(door: Configurer) -> Link:
    """It is good for an hour and for one office, which then is this account's."""
    return link(door)


@router.post("/codes", status_code=HTTPStatus.CREATED, summary="Make a code for a practice")
def code_(door: Configurer) -> Code:
    """To be typed at the marketplace, or told to us; good for seven days and one office."""
    require_set_up(door)
    now = door.ports.clock()
    with door.transaction() as db:
        require_agreements(db, door, VENDOR)
        code = tokens.make_code(
            db,
            door.ports.sealer,
            vendor=VENDOR,
            account_id=door.account_id,
            asked_by=door.person.name,
            now=now,
        )
        _noted(db, door, "authorisation.code_made")
    return Code(code=shown_code(code), expires_at=now + tokens.CODE_LASTS)


@router.post(
    "/{authorisation_id}/claim", status_code=HTTPStatus.ACCEPTED, summary="Connect an office"
)
def claim(door: Configurer, authorisation_id: UUID, body: Named) -> Put:
    """202 with the job that asks Sikka; one of the account's own is tried once more."""
    _require_named(door, authorisation_id, body.named)
    with door.transaction() as db:
        require_agreements(db, door, VENDOR)
    with dispatch(door.ports.database) as db:
        office_id = authorisations.claim(
            db, authorisation_id, account_id=door.account_id, by=door.person.name
        )
        job_id = put(db, authorise_job(account_id=door.account_id))
        enter(db, door.account_id)
        _noted(db, door, "authorisation.claimed", summary=f"office {office_id}, job {job_id}")
    return Put(job_id=job_id)


@router.post("/{authorisation_id}/refuse", summary="Say that an office is not to be connected")
def refuse(door: Configurer, authorisation_id: UUID, body: Named) -> Authorisations:
    """Should the practice let us in again, it is asked about again."""
    _require_named(door, authorisation_id, body.named)
    with dispatch(door.ports.database) as db:
        office_id = authorisations.refuse(
            db,
            authorisation_id,
            account_id=door.account_id,
            by=door.person.name,
            now=door.ports.clock(),
        )
        enter(db, door.account_id)
        _noted(db, door, "authorisation.refused", summary=f"office {office_id}")
        rows = authorisations.of_account(db, door.account_id)
    return Authorisations(authorisations=[AuthorisationAnswer.of(row) for row in rows])


def link(door: Door) -> Link:
    """Where a person of this account lets us in; the address is theirs alone."""
    app_id = require_set_up(door)
    now = door.ports.clock()
    with door.transaction() as db:
        require_agreements(db, door, VENDOR)
        state = tokens.make_state(
            db,
            door.ports.sealer,
            vendor=VENDOR,
            account_id=door.account_id,
            asked_by=door.person.name,
            now=now,
        )
        _noted(db, door, "authorisation.begun")
    back_to = f"{door.ports.base_url.rstrip('/')}/setup/sikka"
    url = door.ports.marketplace.link(app_id=app_id, state=state, back_to=back_to)
    return Link(url=url, expires_at=now + tokens.STATE_LASTS)


def find(door: Door, typed: str) -> RowMapping:
    """The office that waits under that id or code; each miss is written down and counted."""
    now = door.ports.clock()
    _refuse_guessing(door, now)
    with dispatch(door.ports.database) as db:
        try:
            return authorisations.named(db, door.ports.sealer, typed, now=now)
        except NotWaiting:
            # It may be that no event of it reached us: Sikka's own list is looked at.
            put(db, authorise_job(account_id=door.account_id))
            enter(db, door.account_id)
            _noted(db, door, MISSED, status=HTTPStatus.NOT_FOUND)
    raise Problem(
        HTTPStatus.NOT_FOUND,
        "No office of this id or code waits to be connected. Sikka is being asked; if it was"
        " authorised just now, look again in a minute.",
    )


def is_set_up(door: Door) -> bool:
    return bool(door.ports.presets.get(VENDOR, {}).get("app_id"))


def require_set_up(door: Door) -> str:
    """Our application's id at Sikka."""
    if not is_set_up(door):
        raise BadInput(NOT_SET_UP)
    return door.ports.presets[VENDOR]["app_id"]


def _require_named(door: Door, authorisation_id: UUID, named: str | None) -> None:
    """One that waits is somebody's who can name it; the account's own need no name."""
    if named is not None:
        if find(door, named)["id"] != authorisation_id:
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such office.")
        return
    with door.transaction() as db:
        own = {row["id"] for row in authorisations.of_account(db, door.account_id, limit=200)}
    if authorisation_id not in own:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no such office.")


def _refuse_guessing(door: Door, now: datetime) -> None:
    values = {"action": MISSED, "since": now - timedelta(days=1)}
    with door.transaction() as db:
        misses = db.execute(_MISSES, values).scalar_one()
    if misses >= MOST_MISSES:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many ids and codes were tried today. Ask the operator of this service, or try"
            " again tomorrow.",
        )


def _noted(
    db: Db, door: Door, action: str, *, summary: str | None = None, status: int = HTTPStatus.OK
) -> None:
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=action,
        summary=summary,
        status=status,
    )
