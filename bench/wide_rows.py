"""A group of many clinicians, written as its syncs would have left it: practices and visits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection as Db
from sqlalchemy import insert

from adapters.storage.sheet.day_sheets import sheets_of
from adapters.storage.sheet.entries import EntrySeal, values_of
from adapters.storage.tables import (
    pms_clinician_mappings,
    pms_connections,
    run_sheet_appointments,
    run_sheet_clinicians,
)
from domain.appointments import Appointment, Patient, Status
from domain.window import local_day

SPACE = UUID("5b0c0b5e-8f0f-4f27-9f5b-6a4f0c9d1e77")
ZONE = "Australia/Melbourne"
OPENS, MINUTES = time(8, 30), 30
PIECE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """So many columns in so many practices, each with so many visits a day."""

    account_id: str
    columns: int
    practices: int = 20
    visits: int = 14


def write(db: Db, seal: EntrySeal, group: Group, days: Sequence[date]) -> None:
    """`db` may write to every table."""
    own = {"account_id": group.account_id}
    practices = [_id(f"practice {one}") for one in range(group.practices)]
    db.execute(
        insert(pms_connections), [own | _practice(one, at) for at, one in enumerate(practices)]
    )
    columns = [
        own | {"pms_connection_id": practices[at * group.practices // group.columns]} | _column(at)
        for at in range(group.columns)
    ]
    db.execute(insert(run_sheet_clinicians), columns)
    db.execute(insert(pms_clinician_mappings), [own | _mapping(one) for one in columns])
    sheets = sheets_of(db, account_id=group.account_id, days=days)
    for day in days:
        sheet = own | {"run_sheet_id": sheets[day]}
        rows = (sheet | one for one in _rows(seal, columns, group.visits, day))
        # Made piece by piece: the server ends a transaction that asks nothing for five seconds.
        while piece := list(islice(rows, PIECE)):
            db.execute(insert(run_sheet_appointments), piece)


def _practice(connection_id: UUID, at: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": connection_id,
        "connector": "gentu",
        "pms_type": "gentu",
        "display_name": f"Example Clinic {at + 1}",
        "site": f"example-{at + 1}",
        "timezone": ZONE,
        "state": "ACTIVE",
        "last_sync_at": now,
        "last_sync_status": "success",
        "created_at": now - timedelta(days=30),
    }


def _column(at: int) -> dict[str, Any]:
    return {"id": _id(f"column {at}"), "name": f"Dr Example {at + 1:04}", "position": at}


def _mapping(column: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "pms_connection_id": column["pms_connection_id"],
        "pms_practitioner_id": column["name"],
        "pms_practitioner_name": column["name"],
        "run_sheet_clinician_id": column["id"],
    }


def _rows(
    seal: EntrySeal, columns: Sequence[Mapping[str, Any]], visits: int, day: date
) -> Iterator[dict[str, Any]]:
    opens = datetime.combine(day, OPENS, ZoneInfo(ZONE)).astimezone(UTC)
    now = datetime.now(UTC)
    for column in columns:
        for place in range(visits):
            row_id = _id(f"{day} {column['name']} {place}")
            start = opens + timedelta(minutes=MINUTES * place)
            appointment = _visit(row_id, start)
            yield {
                **seal.columns(row_id, values_of(appointment, column["id"])),
                "id": row_id,
                "source": "pms",
                "pms_connection_id": column["pms_connection_id"],
                "pms_practitioner_id": column["name"],
                "pms_appointment_id": appointment.pms_id,
                "pms_patient_id": appointment.patient_id,
                "pms_start": start,
                "timezone": ZONE,
                "flags": [],
                "pms_last_synced_at": now,
            }


def _visit(row_id: UUID, start: datetime) -> Appointment:
    known = row_id.hex[:8]
    return Appointment(
        pms_id=f"a-{known}",
        start=start,
        end=start + timedelta(minutes=MINUTES),
        status=Status.CANCELLED if row_id.int % 20 == 0 else Status.BOOKED,
        is_telehealth=row_id.int % 3 == 0,
        type_name="Standard consultation",
        notes="Bring the letter of the last visit." if row_id.int % 5 == 0 else None,
        patient=Patient(
            pms_id=f"p-{known}",
            full_name=f"Ann Example {known}",
            first_name="Ann",
            last_name=f"Example {known}",
            phone="0491 570 156",
            email=f"{known}@example.org",
            date_of_birth="1980-02-03",
        ),
    )


def today() -> date:
    """The day that the page opens on."""
    return local_day(datetime.now(UTC), ZONE)


def _id(name: str) -> UUID:
    return uuid5(SPACE, name)
