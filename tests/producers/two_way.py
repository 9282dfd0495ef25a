"""A practice that takes changes, on the demo sheet: rows that agree, wait, failed and are new."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection as Db
from sqlalchemy import insert, select, update

from adapters.storage.practices import connections
from adapters.storage.tables import (
    pms_connections,
    pms_sync_log,
    pms_writes,
    run_sheet_appointments,
)
from adapters.storage.two_way import patient_links
from domain.appointments import Status
from domain.patient_links import REASONS, Candidate, Choice, LinkState, Person
from domain.pushes import NO_PATIENT
from tests.producers.conftest import Site
from tests.producers.seeding import Practice, Slot, seed, was_read

ZONE = "America/New_York"
MORNING = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)
"""11:05 of a Monday in New York, 09:05 in Denver: AdvancedMD's peak."""

SECRETS = {
    "username": "robot",
    "password": "invented",
    "office_key": "900123",
    "app_name": "example",
}
PRACTICE = Practice(
    vendor="advancedmd",
    name="Northside Behavioral Health",
    timezone=ZONE,
    books={
        "Dr Iris Imagined": (
            Slot(at="08:30", patient="Ada Sample", status=Status.COMPLETED),
            Slot(at="09:00", patient="Ben Sketch", minutes=45, status=Status.NO_SHOW),
            Slot(at="10:00", patient="Cleo Draft", minutes=45, status=Status.ARRIVED),
            Slot(at="11:00", patient="Dan Outline", minutes=45, telehealth=True),
            Slot(at="13:00", patient="Eve Pattern", minutes=45),
        ),
        "Omar Supposed LCSW": (
            Slot(at="09:15", patient="Finn Model", minutes=50, telehealth=True),
            Slot(at="10:30", patient="Gus Mockup", minutes=50),
            Slot(at="13:30", patient="Hana Stencil", minutes=50),
        ),
    },
)


@dataclass
class TwoWayDay:
    """The practice's rows by patient, and the connection they are of."""

    site: Site
    connection: UUID
    ids: dict[str, UUID] = field(default_factory=dict)
    link: UUID | None = None

    def push(self, patient: str, state: str | None, reason: str | None = None, **more: Any) -> None:
        values = {"push_state": state, "push_reason": reason, **more}
        with self.site.everything() as db:
            table = run_sheet_appointments
            db.execute(update(table).where(table.c.id == self.ids[patient]).values(values))

    def wrote(
        self, patient: str, kind: str, state: str, *, ago: timedelta, reason: str | None = None
    ) -> None:
        at = MORNING - ago
        is_over = state in {"confirmed", "failed"}
        with self.site.everything() as db:
            db.execute(
                insert(pms_writes),
                {
                    "account_id": "default",
                    "connection_id": self.connection,
                    "kind": kind,
                    "state": state,
                    "idempotency_key": uuid4().hex,
                    "request": b"-",
                    "confirmation": uuid4().hex[:6],
                    "reason": reason,
                    "asked_by": "Sam Owner",
                    "trace_id": "seeded",
                    "created_at": at,
                    "settled_at": at + timedelta(seconds=2) if is_over else None,
                    "entry_id": self.ids[patient],
                },
            )

    def ran(self, kind: str, status: str, *, ago: timedelta, **counts: Any) -> None:
        at = MORNING - ago
        with self.site.everything() as db:
            db.execute(
                insert(pms_sync_log),
                {
                    "account_id": "default",
                    "pms_connection_id": self.connection,
                    "job_id": 700_000 + int(ago.total_seconds()),
                    "sync_type": kind,
                    "day_from": at.date(),
                    "day_to": at.date(),
                    "status": status,
                    "started_at": at,
                    "completed_at": at + timedelta(seconds=3),
                    "trace_id": "seeded",
                    **counts,
                },
            )


def two_way_day(site: Site) -> TwoWayDay:
    """The practice connected, with every sort of row on its day."""
    site.clock.now = MORNING
    with site.everything() as db:
        ids = seed(db, site.seal(), (PRACTICE,), now=MORNING)
        site.ids = ids
        made = TwoWayDay(site, _connection(db, site), ids)
        _own_row(db, site, made, "Ivy Newcomer", of="Dan Outline", hours=4)
        _own_row(db, site, made, "Joan Walkin", of="Gus Mockup", hours=5)
        _looked_up(db, site, made, "Joan Walkin")
        was_read(db, at=MORNING)
    made.push("Cleo Draft", "pending")
    made.push("Ben Sketch", "error", "AdvancedMD: that time overlaps another appointment.")
    made.push("Ada Sample", "synced", pushed_at=MORNING - timedelta(minutes=4))
    reason = f"{NO_PATIENT} {REASONS[LinkState.MANY]}"
    made.push("Joan Walkin", "needs_patient", reason, push_link_id=made.link)
    made.wrote("Ada Sample", "set_status", "confirmed", ago=timedelta(minutes=4))
    made.wrote("Cleo Draft", "set_status", "submitted", ago=timedelta(seconds=20))
    made.wrote(
        "Ben Sketch",
        "reschedule",
        "failed",
        ago=timedelta(minutes=50),
        reason="That time overlaps another appointment.",
    )
    made.ran("incremental", "success", ago=timedelta(minutes=7), fetched=5, updated=3)
    made.ran("incremental", "success", ago=timedelta(minutes=8), fetched=0)
    made.ran("full", "success", ago=timedelta(hours=26), fetched=44, created=40, updated=2)
    made.ran(
        "incremental", "failed", ago=timedelta(hours=30), error_message="AdvancedMD did not answer."
    )
    return made


def _connection(db: Db, site: Site) -> UUID:
    found: UUID = db.execute(
        select(pms_connections.c.id).where(pms_connections.c.connector == "advancedmd")
    ).scalar_one()
    link = {"deep_link": "https://app.example.org/visits/{id}"}
    db.execute(
        update(pms_connections)
        .where(pms_connections.c.id == found)
        .values(
            site="900123", settings=link, secret_ref=site.ports.secrets.put("northside", SECRETS)
        )
    )
    return found


def _own_row(db: Db, site: Site, day: TwoWayDay, patient: str, *, of: str, hours: int) -> None:
    """A row that somebody typed, beside a row of the PMS's."""
    table = run_sheet_appointments
    kept = db.execute(select(table).where(table.c.id == day.ids[of])).mappings().one()
    made = uuid4()
    first, _, last = patient.partition(" ")
    values = {
        **site.seal().values(kept),
        "start": kept["appointment_time"] + timedelta(hours=hours),
        "patient_name": patient,
        "patient_first_name": first,
        "patient_last_name": last,
        "telehealth_links": None,
    }
    row = {
        **site.seal().columns(made, values),
        "id": made,
        "account_id": "default",
        "run_sheet_id": kept["run_sheet_id"],
        "run_sheet_clinician_id": kept["run_sheet_clinician_id"],
        "timezone": kept["timezone"],
        "source": "manual",
        "is_manual_entry": True,
    }
    db.execute(insert(table), row)
    day.ids[patient] = made


def _looked_up(db: Db, site: Site, day: TwoWayDay, patient: str) -> None:
    """Two patients there have that name; one was born the same day as ours."""
    held = connections.load(db, day.connection)
    sealer = site.ports.sealer
    person = Person(name=patient, date_of_birth="1980-02-03")
    link = patient_links.of_person(db, sealer, held, person)
    found = (
        Candidate(pms_id="40012", name="JOAN WALKIN", date_of_birth="1980-02-03"),
        Candidate(pms_id="40977", name="JOAN MARIE WALKIN", date_of_birth="1944-11-30"),
    )
    choice = Choice(state=LinkState.MANY, candidates=found, reason=REASONS[LinkState.MANY])
    patient_links.chosen(
        db, sealer, link, choice, account_id="default", by=None, at=MORNING - timedelta(minutes=2)
    )
    day.link = link.id
