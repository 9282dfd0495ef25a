"""A run sheet on a real database: what a PMS sends, what a person types, what is then there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.sheet_edits import edit_entry, settle_conflict
from adapters.storage.practices import connections
from adapters.storage.sheet.connection_sheet import Applied, ConnectionSheet
from adapters.storage.sheet.entries import EntrySeal
from domain.appointments import Appointment, Patient
from domain.connections import Connection
from domain.intake import Sorted, row_id, sort_page
from domain.merge import Choice
from domain.sheet import EntryView
from domain.window import Window
from infra.database import transaction
from infra.sealing import Sealer
from tests.storage.rig import ACCOUNT

START = datetime(2026, 6, 2, 0, 0, tzinfo=UTC)
WINDOW = Window(START - timedelta(hours=12), START + timedelta(hours=12))

ADA = Patient(
    pms_id="pat-1",
    full_name="Ada Example",
    first_name="Ada",
    last_name="Example",
    phone="(03) 9000 0001",
    email="ada@example.com",
    date_of_birth="1970-01-01",
)
VISIT = Appointment(
    pms_id="a-1",
    start=START,
    end=START + timedelta(minutes=30),
    patient=ADA,
    practitioner_id="dr-1",
    type_name="Review",
    notes="from the PMS",
)


@dataclass
class Desk:
    """One connection's sheet; every call is a transaction of its own."""

    engine: Engine
    sealer: Sealer
    connection: Connection
    account: str = ACCOUNT
    now: datetime = field(default_factory=lambda: START)

    @property
    def seal(self) -> EntrySeal:
        return EntrySeal(self.sealer, account_id=self.account)

    def told(self, *visits: Appointment, dry_run: bool = False) -> tuple[Sorted, Applied]:
        """The PMS sends a page."""
        self.now += timedelta(minutes=1)
        keyed = [(row_id(self.connection.id, one), one) for one in visits]
        with transaction(self.engine, account_id=self.account) as db:
            sheet = ConnectionSheet(db, self.connection, self.seal)
            found = sort_page(
                keyed,
                sheet.stored([row for row, _ in keyed]),
                connection=self.connection,
                window=WINDOW,
                fingerprint=self.sealer.fingerprint,
                fingerprints=self.sealer.fingerprints,
            )
            applied = sheet.apply(found.fresh, at=self.now, run_id=uuid4(), dry_run=dry_run)
            if not dry_run:
                sheet.reprint(found.reprinted)
            sheet.take_off(list(found.leaving), at=self.now, run_id=uuid4(), dry_run=dry_run)
        return found, applied

    def gone(self, visit: Appointment) -> Applied:
        """The PMS no longer has it."""
        self.now += timedelta(minutes=1)
        with transaction(self.engine, account_id=self.account) as db:
            sheet = ConnectionSheet(db, self.connection, self.seal)
            return sheet.take_off([self.id_of(visit)], at=self.now, run_id=uuid4())

    def type_in(self, visit: Appointment, **changes: Any) -> EntryView:
        with transaction(self.engine, account_id=self.account) as db:
            return edit_entry(
                db, self.seal, self.id_of(visit), changes, expected_version=None, hand=self.hand
            )

    def settle(self, conflict_id: UUID, choice: Choice) -> EntryView:
        with transaction(self.engine, account_id=self.account) as db:
            return settle_conflict(
                db, self.seal, conflict_id, choice, expected_version=None, hand=self.hand
            )

    @property
    def hand(self) -> Hand:
        self.now += timedelta(minutes=1)
        access = Access(user="reception")
        return Hand(account_id=self.account, by="reception", at=self.now, access=access)

    def id_of(self, visit: Appointment) -> UUID:
        return row_id(self.connection.id, visit)

    def row(self, visit: Appointment) -> dict[str, Any]:
        """The row with its values opened."""
        row = self.one("SELECT * FROM run_sheet_appointments WHERE id = :id", id=self.id_of(visit))
        return {**row, **self.seal.values(row)}

    def all(self, statement: str, **values: Any) -> list[Mapping[str, Any]]:
        with transaction(self.engine, account_id=self.account) as db:
            return [dict(row) for row in db.execute(text(statement), values).mappings()]

    def one(self, statement: str, **values: Any) -> Mapping[str, Any]:
        (row,) = self.all(statement, **values)
        return row

    def open_conflicts(self) -> list[Mapping[str, Any]]:
        return self.all("SELECT * FROM run_sheet_conflicts WHERE settled_at IS NULL")


def desk_of(engine: Engine, sealer: Sealer, connection_id: UUID, *, account: str = ACCOUNT) -> Desk:
    """A desk whose connection has one clinician and no filter."""
    clinician = uuid4()
    add = text(
        "INSERT INTO run_sheet_clinicians (id, account_id, name) VALUES (:id, :account, 'Dr Who')"
    )
    with transaction(engine, account_id=account) as db:
        db.execute(add, {"id": clinician, "account": account})
        loaded = connections.load(db, connection_id)
    connection = replace(loaded, clinicians={"dr-1": clinician}, telehealth_only=False)
    return Desk(engine, sealer, connection, account)


def moved(visit: Appointment, minutes: int) -> Appointment:
    by = timedelta(minutes=minutes)
    return replace(visit, start=visit.start + by, end=visit.end + by)


def rephoned(visit: Appointment, phone: str) -> Appointment:
    assert visit.patient is not None
    return replace(visit, patient=replace(visit.patient, phone=phone))
