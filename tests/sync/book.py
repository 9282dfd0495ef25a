"""A PMS that is a plain dictionary, and an account of its own whose sheet follows it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.own_rows import Entry, Placed, place
from adapters.storage.by_hand.sheet_edits import edit_entry, revert_field, settle_conflict
from adapters.storage.by_hand.undoing import undo_row
from adapters.storage.jobs.announcing import sweep
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.people import accounts
from adapters.storage.practices import connections
from adapters.storage.runs.syncing import SyncStore
from adapters.storage.sheet.entries import EntrySeal
from domain.appointments import (
    Appointment,
    AppointmentType,
    Patient,
    Practice,
    Practitioner,
    Status,
)
from domain.connections import State
from domain.errors import Throttled
from domain.fields import Source
from domain.intake import row_id
from domain.jobs import JobState
from domain.merge import Choice
from domain.sources import MOST_PAGES, Capabilities, Page, Query, Sighting, Spend
from domain.window import Window
from domain.work import SYNC, sync_job
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from tests.sync.practice import KEY
from workers.execution import Execution, Running, Work
from workers.handlers.sync_connection import sync_connection

TODAY = date(2031, 6, 3)
TOMORROW = TODAY + timedelta(days=1)
ZONE = ZoneInfo("Australia/Melbourne")
NINE = datetime(2031, 6, 3, 9, tzinfo=ZONE).astimezone(UTC)
PAGE = 1
PRACTITIONER = Practitioner(pms_id="d", full_name="Dr Example")
CAPABILITIES = Capabilities(probe_by_id=True)
SEALER = Sealer(Keyring.from_hex(KEY))

Visit = dict[str, Any]

_DUE = text("UPDATE jobs SET due_at = now(), lease_until = now() - interval '1 s' WHERE id = :id")


class Killed(BaseException):
    """The process is gone in mid-run; nobody could catch that."""


@dataclass
class Book:
    """The truth: visits by id. It tells what it told, for whoever keeps the story."""

    visits: dict[str, Visit] = field(default_factory=dict)
    told: list[Appointment] = field(default_factory=list)
    pages_left: int | None = None  # before what is in `then` happens
    then: BaseException | None = None
    was_killed: bool = False
    began_at: str | None = None
    is_whole: bool = False  # every page was listed, and what was listed is known
    capabilities: Capabilities = CAPABILITIES

    def practice(self) -> Practice:
        return Practice(site="book")

    def practitioners(self) -> Sequence[Practitioner]:
        return [PRACTITIONER]

    def types(self) -> Sequence[AppointmentType]:
        return []

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        return [Query(key="all", window=window)]

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        """By id, so that a page can be found again whatever was added or deleted."""
        assert query.window is not None
        # Where a killed attempt had stored nothing yet, the next is as good as the same.
        goes_on = not self.was_killed or resume == self.began_at
        self.is_whole = resume is None or (self.is_whole and goes_on)
        self.was_killed, self.began_at = False, resume
        listed = [
            appointment(pms_id, visit)
            for pms_id, visit in sorted(self.visits.items())
            if pms_id > (resume or "") and visit["start"] in query.window
        ]
        for first in range(0, max(len(listed), 1), PAGE):
            self._may_fail()
            page = listed[first : first + PAGE]
            is_last = first + PAGE >= len(listed)
            mark = None if is_last else page[-1].pms_id
            self.told += page
            yield Page(records=page, resume=mark, onward=mark, is_last=is_last)

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        if pms_id not in self.visits:
            return None
        found = appointment(pms_id, self.visits[pms_id])
        self.told.append(found)
        return [found]

    def look_again(self, pms_id: str, *, days: Sequence[date]) -> Sighting:
        return Sighting.by_id(self.probe(pms_id))

    def renew(self) -> datetime | None:
        return None

    def outdated(self) -> str | None:
        return None

    def drain_spent(self) -> Sequence[Spend]:
        return []

    def _may_fail(self) -> None:
        if self.pages_left is None:
            return
        if self.pages_left == 0 and self.then is not None:
            self.pages_left, then = None, self.then
            raise then
        self.pages_left -= 1


def appointment(pms_id: str, visit: Visit) -> Appointment:
    return Appointment(
        pms_id=pms_id,
        start=visit["start"],
        end=visit["start"] + timedelta(minutes=visit["duration_minutes"]),
        status=Status(visit["status"]),
        is_telehealth=visit["is_telehealth"],
        patient=Patient(
            pms_id=f"p{pms_id}", full_name=visit["patient_name"], phone=visit["patient_phone"]
        ),
        practitioner_id=PRACTITIONER.pms_id,
        practitioner_name=PRACTITIONER.full_name,
        notes=visit["notes"],
    )


def said(one: Appointment) -> dict[str, Any]:
    """An appointment in the fields of the sheet."""
    assert one.patient is not None
    return {
        "start": one.start,
        "duration_minutes": one.duration_minutes,
        "status": one.status.value,
        "is_telehealth": one.is_telehealth,
        "patient_name": one.patient.full_name,
        "patient_phone": one.patient.phone,
        "notes": one.notes,
    }


@dataclass(frozen=True)
class Row:
    """A row as it is stored, opened."""

    id: UUID
    version: int
    source: str
    values: Mapping[str, Any]
    cells: Mapping[str, Any]
    removed: bool
    linked_to: UUID | None

    @property
    def is_visible(self) -> bool:
        return not self.removed and self.linked_to is None


@dataclass(frozen=True)
class OpenConflict:
    id: UUID
    row: UUID
    field: str
    ours: Any
    theirs: Any


class Desk:
    """A new account with one connection to the book, and what people and syncs do to its sheet."""

    def __init__(self, engine: Engine, book: Book, *, most_pages: int = MOST_PAGES) -> None:
        self.engine, self.book = engine, book
        self.account = f"a{uuid4().hex}"
        self.seal = EntrySeal(SEALER, account_id=self.account)
        self.connection_id = self._connect()
        store = SyncStore(engine, SEALER, clock=system_clock)
        self.stopping = stopping = Stopping()
        run = Work(
            run=lambda job: sync_connection(
                job,
                store=store,
                open_source=lambda _: book,
                stopping=stopping,
                most_pages=most_pages,
            ),
            gave_up=store.gave_up,
        )
        self._execution = Execution(
            ledger=Ledger(engine, worker="desk"),
            works={SYNC: run},
            running=Running(),
            stopping=stopping,
            clock=system_clock,
            chance=lambda: 0.0,
        )

    def _connect(self) -> UUID:
        new = connections.NewConnection(
            account_id=self.account,
            vendor="gentu",
            site="book",
            timezone=ZONE.key,
            settings={"map_all": True},
            telehealth_only=True,
            state=State.ACTIVE,
        )
        with transaction(self.engine) as db:
            accounts.add(db, accounts.Account(id=self.account, name="Example"))
        with transaction(self.engine, account_id=self.account) as db:
            return connections.add(db, new)

    def row_of(self, one: Appointment) -> UUID:
        return row_id(self.connection_id, one)

    def ask(
        self,
        *,
        first: date = TODAY,
        last: date,
        allow_removals: bool = True,
        dry_run: bool = False,
    ) -> int:
        job = sync_job(
            account_id=self.account,
            connection_id=self.connection_id,
            vendor="gentu",
            first_day=first,
            last_day=last,
            allow_removals=allow_removals,
            dry_run=dry_run,
        )
        with transaction(self.engine, account_id=self.account) as db:
            return put(db, job)

    def carry(self, job_id: int) -> str:
        """One attempt, after whatever an earlier one was waiting for; how the job stands then."""
        with dispatch(self.engine) as db:
            db.execute(_DUE, {"id": job_id})
        try:
            if self._execution.run(job_id) is None:
                with dispatch(self.engine) as db:
                    sweep(db)
        except Killed:
            self.book.was_killed = True
        return self.state(job_id)

    def state(self, job_id: int) -> str:
        with dispatch(self.engine) as db:
            found = db.execute(text("SELECT state FROM jobs WHERE id = :id"), {"id": job_id})
            return JobState(found.scalar_one()).value

    def rows(self) -> dict[UUID, Row]:
        query = text("SELECT * FROM run_sheet_appointments WHERE account_id = :account")
        with transaction(self.engine, account_id=self.account) as db:
            found = db.execute(query, {"account": self.account}).mappings().all()
        return {row["id"]: self._row(row) for row in found}

    def _row(self, row: Any) -> Row:
        return Row(
            id=row["id"],
            version=row["version"],
            source=row["source"],
            values=self.seal.values(row),
            cells=self.seal.touched_cells(row),
            removed=row["removed_at"] is not None,
            linked_to=row["linked_to"],
        )

    def remembered(self) -> Iterator[tuple[UUID, Mapping[str, Any]]]:
        """What the history says that rows were."""
        query = text(
            "SELECT appointment_id, before FROM run_sheet_history WHERE before IS NOT NULL"
        )
        with transaction(self.engine, account_id=self.account) as db:
            found = db.execute(query).all()
        for row, before in found:
            yield row, self.seal.open_document(row, "before", before, table="run_sheet_history")

    def conflicts(self) -> list[OpenConflict]:
        query = text("SELECT * FROM run_sheet_conflicts WHERE settled_at IS NULL ORDER BY id")
        with transaction(self.engine, account_id=self.account) as db:
            found = db.execute(query).all()
        return [self._conflict(row) for row in found]

    def _conflict(self, row: Any) -> OpenConflict:
        both = self.seal.open_document(
            row.appointment_id, "both_values", row.both_values, table="run_sheet_conflicts"
        )
        is_time = row.field == "start"
        ours, theirs = (
            datetime.fromisoformat(one) if is_time else one
            for one in (both["ours"], both["theirs"])
        )
        return OpenConflict(row.id, row.appointment_id, row.field, ours, theirs)

    def hand(self) -> Hand:
        access = Access(user="Ann")
        return Hand(account_id=self.account, by="Ann", at=system_clock(), access=access)

    def types(self, row: UUID, field: str, value: Any, *, version: int | None) -> None:
        with self._typing() as db:
            edit_entry(
                db, self.seal, row, {field: value}, expected_version=version, hand=self.hand()
            )

    def undoes(self, row: UUID, field: str, *, version: int | None) -> None:
        with self._typing() as db:
            revert_field(db, self.seal, row, field, expected_version=version, hand=self.hand())

    def undoes_all(self, row: UUID, *, version: int | None) -> None:
        with self._typing() as db:
            undo_row(db, self.seal, row, expected_version=version, hand=self.hand())

    def chooses(self, conflict: UUID, choice: Choice, *, version: int | None) -> None:
        with self._typing() as db:
            settle_conflict(
                db, self.seal, conflict, choice, expected_version=version, hand=self.hand()
            )

    def scans(self, values: Mapping[str, Any]) -> Placed:
        entry = Entry(source=Source.OCR, timezone=ZONE.key, values=values)
        with self._typing() as db:
            (placed,) = place(db, self.seal, [entry], hand=replace(self.hand(), by="scanner"))
        assert isinstance(placed, Placed)
        return placed

    def _typing(self) -> Any:
        return transaction(self.engine, account_id=self.account)


def wait() -> Throttled:
    return Throttled("the book's limit", until=system_clock() + timedelta(minutes=5))
