"""Invented practices with a day of appointments, written the way a sync writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import Connection as Db
from sqlalchemy import func, insert, select, update

from adapters.storage.by_hand.conflicts import open_conflicts
from adapters.storage.sheet.entries import EntrySeal, values_of
from adapters.storage.tables import (
    accounts,
    pms_clinician_mappings,
    pms_connections,
    pms_sync_log,
    run_sheet_appointments,
    run_sheet_clinicians,
    run_sheets,
)
from domain.appointments import Appointment, Patient, Status
from domain.merge import merge

SPACE = UUID("6f1d3a52-0c37-4b0e-9a53-2f3f6d5b6a10")
DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)  # 11:05 in Melbourne


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One line of a made-up book; `at` on the practice's clock."""

    at: str
    patient: str | None
    minutes: int = 15
    kind: str = "Standard consultation"
    status: Status = Status.BOOKED
    telehealth: bool = False
    phone: str | None = "0400 000 000"
    notes: str | None = None
    flags: frozenset[str] = frozenset()
    raw: str | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    vendor: str
    name: str
    timezone: str
    books: Mapping[str, Sequence[Slot]]
    state: str = "ACTIVE"
    reason: str | None = None
    synced_ago: timedelta | None = timedelta(seconds=40)
    failures: int = 0


V, C, A, P, D, X, N = (
    Status.BOOKED,
    Status.CONFIRMED,
    Status.ARRIVED,
    Status.IN_PROGRESS,
    Status.COMPLETED,
    Status.CANCELLED,
    Status.NO_SHOW,
)
REVIEW, NEW, PLAN, SCRIPT, GROUP = (
    "Telehealth review",
    "New patient",
    "Mental health plan review",
    "Repeat prescription",
    "Group session",
)

DEMO: Sequence[Practice] = (
    Practice(
        vendor="gentu",
        name="Example Clinic",
        timezone="Australia/Melbourne",
        books={
            "Dr Priya Nair": (
                Slot(at="08:30", patient="Ann Example", status=D, kind=SCRIPT, telehealth=True),
                Slot(at="08:45", patient="Bao Placeholder", status=D),
                Slot(at="09:00", patient="Carla Testwell", minutes=30, kind=NEW, status=D),
                Slot(
                    at="09:45",
                    patient="Devi Sampleton",
                    minutes=30,
                    kind=REVIEW,
                    status=D,
                    telehealth=True,
                    notes="Wants results read out.",
                ),
                Slot(at="10:30", patient="Eoin Madeupson", status=X, kind=REVIEW, telehealth=True),
                Slot(
                    at="10:45",
                    patient="Fatima Noone",
                    minutes=30,
                    kind=REVIEW,
                    status=P,
                    telehealth=True,
                ),
                Slot(
                    at="11:30",
                    patient="Grace Invented",
                    minutes=45,
                    kind=PLAN,
                    status=C,
                    telehealth=True,
                    notes="Interpreter booked (Vietnamese).",
                ),
                Slot(
                    at="13:30",
                    patient="Hugo Fictional",
                    minutes=30,
                    kind=REVIEW,
                    telehealth=True,
                    status=C,
                ),
                Slot(at="14:00", patient="Ivy Nobody", status=V, kind=SCRIPT, telehealth=True),
                Slot(at="14:30", patient="Jun Unreal", minutes=60, kind=NEW, status=V),
            ),
            "Dr Tom Whitfield": (
                Slot(
                    at="09:00",
                    patient="Kiri Example",
                    minutes=30,
                    kind=REVIEW,
                    status=D,
                    telehealth=True,
                ),
                Slot(
                    at="09:30",
                    patient="Liam Placeholder",
                    minutes=30,
                    kind=REVIEW,
                    status=N,
                    telehealth=True,
                ),
                Slot(at="10:15", patient="Mei Testwell", minutes=30, status=A),
                Slot(
                    at="11:00",
                    patient="Noor Sampleton",
                    minutes=30,
                    kind=REVIEW,
                    status=A,
                    telehealth=True,
                    flags=frozenset({"estimated_duration"}),
                ),
                Slot(at="12:00", patient=None, minutes=60, kind="Lunch", phone=None),
                Slot(
                    at="13:00",
                    patient="Olga Madeupson",
                    minutes=30,
                    kind=REVIEW,
                    status=V,
                    telehealth=True,
                    raw="awaiting-triage",
                    flags=frozenset({"unknown_status"}),
                ),
                Slot(at="15:00", patient="Pavel Noone", minutes=30, status=V, gone=True),
                Slot(
                    at="16:00",
                    patient="Quinn Invented",
                    minutes=45,
                    kind=PLAN,
                    status=V,
                    telehealth=True,
                ),
            ),
        },
    ),
    Practice(
        vendor="halaxy",
        name="Harbour Allied Health",
        timezone="Australia/Melbourne",
        synced_ago=timedelta(minutes=52),
        books={
            "Marta Osei (psychologist)": (
                Slot(
                    at="09:00",
                    patient="Rosa Fictional",
                    minutes=50,
                    kind="Psychology session",
                    status=D,
                    telehealth=True,
                ),
                Slot(
                    at="10:00",
                    patient="Sam Nobody",
                    minutes=50,
                    kind="Psychology session",
                    status=P,
                    telehealth=True,
                ),
                Slot(
                    at="11:00",
                    patient="Tane Unreal",
                    minutes=50,
                    kind="Psychology session",
                    status=C,
                    telehealth=True,
                ),
                Slot(
                    at="13:00",
                    patient="Uma Example",
                    minutes=60,
                    kind=GROUP,
                    status=C,
                    telehealth=True,
                ),
                Slot(
                    at="13:00",
                    patient="Viktor Placeholder",
                    minutes=60,
                    kind=GROUP,
                    status=C,
                    telehealth=True,
                ),
                Slot(
                    at="13:00",
                    patient="Wren Testwell",
                    minutes=60,
                    kind=GROUP,
                    status=X,
                    telehealth=True,
                ),
                Slot(
                    at="15:30",
                    patient="Xanthe Sampleton",
                    minutes=50,
                    kind="Psychology session",
                    status=V,
                    telehealth=True,
                ),
            ),
        },
    ),
    Practice(
        vendor="medirecords",
        name="Northside Specialists",
        timezone="Australia/Perth",
        state="NEEDS_SIGN_IN",
        reason="Medirecords no longer accepts our sign-in.",
        synced_ago=timedelta(hours=5),
        books={
            "Dr Yusuf Aziz": (
                Slot(
                    at="08:00",
                    patient="Zara Madeupson",
                    minutes=20,
                    kind=REVIEW,
                    status=C,
                    telehealth=True,
                ),
                Slot(
                    at="08:20",
                    patient="Arlo Noone",
                    minutes=20,
                    kind=REVIEW,
                    status=V,
                    telehealth=True,
                ),
                Slot(at="09:30", patient="Bea Invented", minutes=40, kind=NEW, status=V),
            ),
        },
    ),
)


# A busy practice: short visits back to back, and one clinician whose PMS gives no name.
NAMELESS = "0b9f6c1e-5d2a-4c3f-9a77-3f1e2d4c8a55"
CROWDED: Sequence[Practice] = (
    Practice(
        vendor="medirecords",
        name="Crowded Clinic",
        timezone="Australia/Melbourne",
        books={
            name: (
                Slot(at="09:00", patient=f"Early {first}", notes="Wheelchair.", telehealth=True),
                Slot(at="09:15", patient=f"Second {first}"),
                Slot(at="09:15", patient=f"Twin {first}", status=X),
                Slot(at="09:30", patient=f"Third {first}", minutes=20, kind=REVIEW),
                Slot(at="10:00", patient=f"Fourth {first}", minutes=10, phone="+61400000000"),
                Slot(at="14:00", patient=f"Late {first}", minutes=60, kind=NEW),
            )
            for name, first in {
                NAMELESS: "Nought",
                "Dr Ana Quiet": "Onyx",
                "Dr Ben Loud": "Twoson",
                "Dr Cleo Swift": "Threesby",
                "Dr Dan Slow": "Fourier",
                "Dr Eva Still": "Fiveash",
            }.items()
        },
    ),
)


def seed(
    db: Db,
    seal: EntrySeal,
    practices: Sequence[Practice] = DEMO,
    *,
    account_id: str = "default",
    day: date = DAY,
    now: datetime = NOW,
) -> dict[str, UUID]:
    """Rows of a day; answers the ids by patient. `db` may write to every table."""
    if db.execute(select(accounts.c.id).where(accounts.c.id == account_id)).first() is None:
        db.execute(insert(accounts), {"id": account_id, "name": account_id})
    sheet_id = _id(account_id, "sheet", str(day))
    db.execute(insert(run_sheets), {"id": sheet_id, "account_id": account_id, "day": day})
    ids: dict[str, UUID] = {}
    for number, practice in enumerate(practices):
        connection_id = _connection(db, practice, account_id=account_id, now=now)
        for place, (name, book) in enumerate(practice.books.items()):
            clinician_id = _clinician(
                db, name, connection_id, account_id=account_id, position=10 * number + place
            )
            for slot in book:
                row = _row(seal, slot, practice, day=day, now=now, clinician_id=clinician_id)
                row |= {
                    "account_id": account_id,
                    "run_sheet_id": sheet_id,
                    "pms_connection_id": connection_id,
                    "pms_practitioner_id": name,
                }
                db.execute(insert(run_sheet_appointments), row)
                ids[slot.patient or slot.kind] = row["id"]
    return ids


def was_read(db: Db, *, day: date = DAY, account_id: str = "default", at: datetime = NOW) -> None:
    """Every connection has read the whole of that day."""
    jobs = db.execute(select(func.coalesce(func.max(pms_sync_log.c.job_id), 900_000))).scalar_one()
    held = select(pms_connections.c.id).where(pms_connections.c.account_id == account_id)
    for number, connection_id in enumerate(db.execute(held).scalars().all(), start=1):
        row = {
            "account_id": account_id,
            "pms_connection_id": connection_id,
            "job_id": jobs + number,
            "sync_type": "full",
            "day_from": day,
            "day_to": day,
            "status": "success",
            "started_at": at - timedelta(seconds=9),
            "completed_at": at,
            "trace_id": "seeded",
        }
        db.execute(insert(pms_sync_log), row)


def pms_says(
    db: Db,
    seal: EntrySeal,
    entry_id: UUID,
    *,
    account_id: str = "default",
    at: datetime = NOW,
    **values: Any,
) -> None:
    """What a sync does to one row when the PMS changes some of its fields."""
    table = run_sheet_appointments
    row = db.execute(select(table).where(table.c.id == entry_id)).mappings().one()
    merged = merge(seal.cells(row), values, at=at)
    written = {**seal.rewritten(entry_id, merged.cells), "version": row["version"] + 1}
    db.execute(update(table).where(table.c.id == entry_id).values(written))
    opened = [(entry_id, one) for one in merged.opened]
    open_conflicts(db, seal, opened, account_id=account_id, run_id=None)


def _connection(db: Db, practice: Practice, *, account_id: str, now: datetime) -> UUID:
    connection_id = _id(account_id, practice.vendor, practice.name)
    ago = practice.synced_ago
    db.execute(
        insert(pms_connections),
        {
            "id": connection_id,
            "account_id": account_id,
            "connector": practice.vendor,
            "pms_type": practice.vendor,
            "display_name": practice.name,
            "site": practice.name.lower().replace(" ", "-"),
            "timezone": practice.timezone,
            "state": practice.state,
            "state_reason": practice.reason,
            "last_sync_at": None if ago is None else now - ago,
            "last_sync_status": None if ago is None else "success",
            "consecutive_failures": practice.failures,
            "created_at": now - timedelta(days=30),
        },
    )
    return connection_id


def _clinician(db: Db, name: str, connection_id: UUID, *, account_id: str, position: int) -> UUID:
    clinician_id = _id(account_id, "clinician", name)
    owner = {"account_id": account_id, "pms_connection_id": connection_id}
    db.execute(
        insert(run_sheet_clinicians),
        {**owner, "id": clinician_id, "name": name, "position": position},
    )
    db.execute(
        insert(pms_clinician_mappings),
        {
            **owner,
            "pms_practitioner_id": name,
            "pms_practitioner_name": name,
            "run_sheet_clinician_id": clinician_id,
        },
    )
    return clinician_id


def _row(
    seal: EntrySeal, slot: Slot, practice: Practice, *, day: date, now: datetime, clinician_id: UUID
) -> dict[str, Any]:
    appointment = _appointment(slot, practice, day=day)
    row_id = uuid5(SPACE, f"{practice.name}:{clinician_id}:{slot.at}:{slot.patient}")
    # The patients of a group come to one appointment of the PMS.
    visit = uuid5(SPACE, f"{clinician_id}:{slot.at}") if slot.kind == GROUP else row_id
    return {
        **seal.columns(row_id, values_of(appointment, clinician_id)),
        "id": row_id,
        "source": "pms",
        "pms_appointment_id": f"a-{visit.hex[:8]}",
        "pms_patient_id": appointment.patient_id,
        "pms_start": appointment.start,
        "status_raw": slot.raw,
        "timezone": practice.timezone,
        "flags": sorted(slot.flags),
        "removed_at": now if slot.gone else None,
        "pms_last_synced_at": now - (practice.synced_ago or timedelta()),
    }


def _appointment(slot: Slot, practice: Practice, *, day: date) -> Appointment:
    local = datetime.combine(day, time.fromisoformat(slot.at), ZoneInfo(practice.timezone))
    start = local.astimezone(UTC)
    made = Appointment(
        pms_id="-",
        start=start,
        end=start + timedelta(minutes=slot.minutes),
        status=slot.status,
        is_telehealth=slot.telehealth,
        type_name=slot.kind,
        notes=slot.notes,
        telehealth_link="https://video.example.org/room/1" if slot.telehealth else None,
    )
    return made if slot.patient is None else replace(made, patient=_patient(slot, slot.patient))


def _patient(slot: Slot, name: str) -> Patient:
    first, _, last = name.partition(" ")
    return Patient(
        pms_id=f"p-{name.lower().replace(' ', '-')}",
        full_name=name,
        first_name=first,
        last_name=last,
        phone=slot.phone,
        email=f"{first.lower()}@example.org",
        date_of_birth="1980-02-03",
    )


def _id(*parts: str) -> UUID:
    return uuid5(SPACE, ":".join(parts))
