"""An account whose practice keeps that book: people type, syncs read, pushes go out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from adapters.storage.audit.audit import Access
from adapters.storage.by_hand.given_rows import read_rows
from adapters.storage.by_hand.hands import Hand
from adapters.storage.by_hand.own_rows import Placed, place
from adapters.storage.by_hand.sheet_edits import edit_entry, settle_conflict
from adapters.storage.by_hand.undoing import undo_row
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.people import accounts
from adapters.storage.practices import connections
from adapters.storage.runs.syncing import SyncStore
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.two_way.push_ranges import RangeStore
from domain.appointments import Patient
from domain.connections import Connection, State
from domain.fields import Source
from domain.jobs import NewJob
from domain.merge import Choice
from domain.work import (
    LINK_PATIENT,
    PUSH_ENTRY,
    PUSH_RANGE,
    SYNC,
    push_entry_job,
    push_range_job,
    sync_job,
)
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from tests.pushes.book import DAY, Book
from tests.sync.practice import KEY
from workers.execution import Execution, Running, Work
from workers.handlers.link_patient import link_patient
from workers.handlers.push_entry import push_entry
from workers.handlers.push_range import push_range
from workers.handlers.sync_connection import sync_connection
from workers.linking import PatientLinking
from workers.pushing import Pushing

SEALER = Sealer(Keyring.from_hex(KEY))
ZONE = "America/New_York"
ADA = Patient(
    pms_id="p-1",
    full_name="Ada Example",
    first_name="Ada",
    last_name="Example",
    date_of_birth="1970-01-01",
)
MOST_ATTEMPTS = 60

_READY = text(
    """
    UPDATE jobs SET due_at = now(), lease_until = now() - interval '1 s'
    WHERE account_id = :account AND state = 'ready' AND kind = ANY(:kinds) RETURNING id
    """
)


@dataclass
class Time:
    """The clock of pushes: waits pass when somebody says so."""

    ahead: timedelta = timedelta()

    def __call__(self) -> Any:
        return system_clock() + self.ahead


@dataclass
class Office:
    """One account with one connection to the book."""

    engine: Engine
    book: Book = field(default_factory=Book)
    features: str = "{}"
    time: Time = field(default_factory=Time)
    vendor: str = "advancedmd"

    def __post_init__(self) -> None:
        self.account = f"a{uuid4().hex}"
        self.seal = EntrySeal(SEALER, account_id=self.account)
        self.book.people.setdefault("p-1", ADA)
        self.connection_id = self._connect()
        self._execution = self._works()

    def _connect(self) -> UUID:
        new = connections.NewConnection(
            account_id=self.account,
            vendor=self.vendor,
            timezone=ZONE,
            telehealth_only=False,
            state=State.ACTIVE,
            **self._practice(),
        )
        with transaction(self.engine) as db:
            accounts.add(db, accounts.Account(id=self.account, name="Example"))
        with transaction(self.engine, account_id=self.account) as db:
            connection_id = connections.add(db, new)
            db.execute(
                text("UPDATE pms_connections SET features = CAST(:on AS jsonb) WHERE id = :id"),
                {"on": self.features, "id": connection_id},
            )
        return connection_id

    def _practice(self) -> dict[str, Any]:
        """What else the connection is stored with."""
        return {"site": "book", "settings": {"map_all": True}}

    def _works(self) -> Execution:
        return Execution(
            ledger=Ledger(self.engine, worker="office"),
            works=self._handlers(),
            running=Running(),
            stopping=Stopping(),
            clock=self.time,
            chance=lambda: 0.0,
        )

    def _handlers(self) -> Mapping[str, Work]:
        stopping, book = Stopping(), self.book
        store = SyncStore(self.engine, SEALER, clock=system_clock)
        pushing = Pushing(
            engine=self.engine, sealer=SEALER, opener=book, clock=self.time, stopping=stopping
        )
        linking = PatientLinking(engine=self.engine, sealer=SEALER, opener=book, clock=self.time)
        ranges = RangeStore(self.engine)
        return {
            SYNC: Work(
                run=lambda job: sync_connection(
                    job, store=store, open_source=book, stopping=stopping
                ),
                gave_up=store.gave_up,
            ),
            PUSH_ENTRY: Work(
                run=lambda job: push_entry(job, entries=pushing, clock=self.time),
                gave_up=pushing.gave_up,
            ),
            PUSH_RANGE: Work(run=lambda job: push_range(job, ranges=ranges, clock=self.time)),
            LINK_PATIENT: Work(
                run=lambda job: link_patient(job, links=linking), gave_up=linking.gave_up
            ),
        }

    # What syncs and pushes do.

    def sync(self, *, allow_removals: bool = True) -> None:
        """One whole pass of the day."""
        job = sync_job(
            account_id=self.account,
            connection_id=self.connection_id,
            vendor=self.vendor,
            first_day=DAY,
            last_day=DAY,
            allow_removals=allow_removals,
        )
        self.run(self.put(job))

    def put(self, job: NewJob) -> int:
        with transaction(self.engine, account_id=self.account) as db:
            return put(db, job)

    def run(self, job_id: int) -> str:
        """One attempt; how the job stands then."""
        with dispatch(self.engine) as db:
            db.execute(text("UPDATE jobs SET due_at = now() WHERE id = :id"), {"id": job_id})
        self._execution.run(job_id)
        return str(self.job(job_id)["state"])

    def push(self, *, kinds: tuple[str, ...] = (PUSH_ENTRY, PUSH_RANGE, LINK_PATIENT)) -> int:
        """Whatever waits to go out, until nothing does; how many attempts that took."""
        for attempt in range(MOST_ATTEMPTS):
            found = self.ready(kinds)
            if not found:
                return attempt
            for job_id in found:
                self._execution.run(job_id)
        raise AssertionError("pushes never come to an end")

    def push_once(self) -> str:
        """One attempt of what waits first."""
        first = self.ready((PUSH_ENTRY,))[0]
        self._execution.run(first)
        return str(self.job(first)["state"])

    def ready(self, kinds: tuple[str, ...]) -> list[int]:
        with dispatch(self.engine) as db:
            values = {"account": self.account, "kinds": list(kinds)}
            return sorted(row.id for row in db.execute(_READY, values))

    def ask_push(self, entry_id: UUID, *, create: bool = False, read_first: bool = False) -> int:
        return self.put(
            push_entry_job(
                self.connection(), entry_id=entry_id, create=create, read_first=read_first
            )
        )

    def ask_range(self) -> int:
        return self.put(push_range_job(self.connection(), first_day=DAY, last_day=DAY))

    def job(self, job_id: int) -> Mapping[str, Any]:
        with dispatch(self.engine) as db:
            row = db.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id})
            return dict(row.mappings().one())

    # What people do.

    @property
    def hand(self) -> Hand:
        access = Access(user="ann")
        return Hand(account_id=self.account, by="person:ann", at=self.time(), access=access)

    def types(self, pms_id: str, **changes: Any) -> None:
        self.retypes(self.id_of(pms_id), **changes)

    def retypes(self, entry_id: UUID, **changes: Any) -> None:
        with transaction(self.engine, account_id=self.account) as db:
            edit_entry(db, self.seal, entry_id, changes, expected_version=None, hand=self.hand)

    def undoes_all(self, pms_id: str) -> None:
        entry_id = self.id_of(pms_id)
        with transaction(self.engine, account_id=self.account) as db:
            undo_row(db, self.seal, entry_id, expected_version=None, hand=self.hand)

    def adds(self, **about: Any) -> UUID:
        """A row of our own."""
        with transaction(self.engine, account_id=self.account) as db:
            given = read_rows(db, Source.MANUAL, [about], timezone=ZONE, hand=self.hand)
            (placed,) = place(db, self.seal, given, hand=self.hand)
        assert isinstance(placed, Placed)
        return placed.id

    def settles(self, choice: Choice) -> None:
        for conflict in self.conflicts():
            with transaction(self.engine, account_id=self.account) as db:
                settle_conflict(
                    db, self.seal, conflict["id"], choice, expected_version=None, hand=self.hand
                )

    # What is there then.

    def connection(self) -> Connection:
        with transaction(self.engine, account_id=self.account) as db:
            return connections.load(db, self.connection_id)

    def id_of(self, pms_id: str) -> UUID:
        found: UUID = self.row(pms_id)["id"]
        return found

    def row(self, pms_id: str) -> dict[str, Any]:
        """The PMS's row of that visit, opened."""
        (row,) = [one for one in self.rows() if one["pms_appointment_id"] == pms_id]
        return row

    def entry(self, entry_id: UUID) -> dict[str, Any]:
        (row,) = [one for one in self.rows() if one["id"] == entry_id]
        return row

    def rows(self) -> list[dict[str, Any]]:
        found = self.all("SELECT * FROM run_sheet_appointments ORDER BY created_at, id")
        return [{**row, **self.seal.values(row)} for row in found]

    def shown(self) -> list[dict[str, Any]]:
        """Rows that people see."""
        rows = self.rows()
        return [one for one in rows if one["removed_at"] is None and one["linked_to"] is None]

    def stands(self, pms_id: str) -> tuple[str | None, str | None]:
        row = self.row(pms_id)
        return row["push_state"], row["push_reason"]

    def conflicts(self) -> list[Mapping[str, Any]]:
        return self.all("SELECT * FROM run_sheet_conflicts WHERE settled_at IS NULL ORDER BY id")

    def all(self, statement: str, **values: Any) -> list[Mapping[str, Any]]:
        with transaction(self.engine, account_id=self.account) as db:
            return [dict(row) for row in db.execute(text(statement), values).mappings()]
