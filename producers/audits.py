"""The audit as one request sees it: what is wanted, what the role may see, and that it was seen."""

from collections.abc import Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection as Db

from adapters.storage.audit.audit import record
from adapters.storage.audit.audit_search import Seen, Wanted, everything
from domain.counting import so_many
from domain.people import Permission
from domain.window import whole_days
from producers.days import account_zone, one_or_range
from producers.doors import Door
from producers.problems import Problem
from producers.reading import count_rows
from producers.words import Line

MOST_EXPORTED = 50_000
PATIENT = ("patient_id",)
HEADINGS = (
    "When (UTC)",
    "Person",
    "Action",
    "Method",
    "Route",
    "Practice",
    "Patient",
    "Fields",
    "What",
    "Status",
    "Succeeded",
    "Address",
    "Call",
    "Trace",
    "Row",
    "Place in the chain",
)


class Looked(BaseModel):
    """By what accesses are looked for; days are the account's own."""

    model_config = ConfigDict(extra="forbid")

    first: date | None = Field(None, alias="from", description="The first day, the account's own.")
    last: date | None = Field(None, alias="to", description="The last day, included.")
    person: Annotated[Line | None, Query(max_length=200)] = None
    action: Annotated[Line | None, Query(max_length=80)] = None
    connection_id: UUID | None = None
    patient_id: Annotated[Line | None, Query(max_length=200)] = None
    trace_id: Annotated[Line | None, Query(max_length=80)] = None
    phi_only: bool = False

    def wanted(self, db: Db) -> Wanted:
        span = one_or_range(None, self.first, self.last)
        window = whole_days(*span, account_zone(db)) if span else None
        return Wanted(
            since=window.start if window else None,
            until=window.end if window else None,
            person=self.person or None,
            action=self.action or None,
            connection_id=self.connection_id,
            patient_id=self.patient_id or None,
            trace_id=self.trace_id or None,
            phi_only=self.phi_only,
        )


def sees_patients(door: Door) -> bool:
    return door.person.may(Permission.SEE_SHEET)


def checked(door: Door, wanted: Wanted) -> Wanted:
    """Whoever sees no patient may not look for one either: the count alone would tell."""
    if wanted.patient_id and not sees_patients(door):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            f"The role '{door.person.role}' may not look for a patient; ask an owner.",
        )
    return wanted


def shown(door: Door, rows: Sequence[Seen]) -> Sequence[Seen]:
    return rows if sees_patients(door) else [one.without_patient() for one in rows]


def noted(
    db: Db, door: Door, action: str, wanted: Wanted, rows: Sequence[Seen], *, what: str = ""
) -> None:
    """Whoever looks through the audit is in it: by what they looked, and how many rows came."""
    record(
        db,
        door.access,
        account_id=door.account_id,
        action=action,
        phi_fields=PATIENT if any(one.patient_id for one in rows) else (),
        patient_id=wanted.patient_id,
        summary=what or f"{so_many(len(rows), 'row')}, by {wanted.names}",
    )


def exported(db: Db, door: Door, wanted: Wanted) -> Sequence[Seen]:
    """All that match, or a refusal where that is more than one file should hold."""
    rows = list(everything(db, wanted, most=MOST_EXPORTED + 1))
    if len(rows) > MOST_EXPORTED:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"More than {MOST_EXPORTED} rows match; name fewer days with from and to.",
        )
    told = shown(door, rows)
    count_rows(db, door, sum(one.patient_id is not None for one in told))
    return told


def as_cells(one: Seen) -> Sequence[object]:
    return (
        _utc(one.created_at),
        one.user_id,
        one.action,
        one.method,
        one.endpoint,
        one.practice,
        one.patient_id,
        " ".join(one.phi_fields),
        one.summary,
        one.status,
        "yes" if one.success else "no",
        one.address,
        one.vapi_call_id,
        one.trace_id,
        one.id,
        one.place,
    )


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S.%f}Z"
