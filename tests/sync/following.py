"""A practice at a simulated Halaxy, followed by its changes, and time that passes when we say."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import redis
from sqlalchemy import Engine, text

from adapters.opening import Opener
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices import connections, schedule
from adapters.storage.runs.syncing import SyncStore
from adapters.storage.sheet.entries import EntrySeal
from adapters.throttle.clock import RedisThrottle
from domain.connections import State
from domain.jobs import JobState
from domain.runs import SyncType
from domain.window import local_day
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import engine, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from scheduler.due import sync_of
from simulators.halaxy import HalaxySimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.sync.practice import ACCOUNT, KEY, ZONE
from workers.handlers.sync_connection import OpenSource, sync_connection
from workers.here import run_here
from workers.works import Parts

_OLDER = text(
    "UPDATE pms_connections"
    " SET last_full_at = last_full_at - :by, last_sync_at = last_sync_at - :by"
)


@dataclass
class Followed:
    """One connection, and its simulator with a clock of its own.

    Time passes for us by what is stored becoming older: the ledger knows one clock only.
    """

    parts: Parts
    desk: httpx.Client
    connection_id: UUID
    day: date
    passed: timedelta = timedelta(0)
    skew: timedelta = timedelta(0)

    def control(self, path: str, **body: Any) -> Any:
        reply = self.desk.post(f"/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def let_pass(self, minutes: float) -> None:
        """For us and for the vendor."""
        by = timedelta(minutes=minutes)
        self.passed += by
        self.control("clock", now=(system_clock() + self.passed + self.skew).isoformat())
        with transaction(self.parts.engine) as db:
            db.execute(_OLDER, {"by": by})

    def scheduled(self, *, open_source: OpenSource | None = None) -> dict[str, Any]:
        """The sync the timetable would put now, carried to its end; its row of the log."""
        with transaction(self.parts.engine) as db:
            now = system_clock()
            db.execute(text("UPDATE pms_connections SET next_sync_at = :now"), {"now": now})
            [due] = schedule.due_connections(db, now=now)
            job_id = put(db, sync_of(due, now=now))
        if open_source is not None:
            self._carry_with(job_id, open_source)
            return self._run_of(job_id)
        return self._carried(job_id)

    def by_hand(self, **options: Any) -> dict[str, Any]:
        job = sync_job(
            account_id=ACCOUNT,
            connection_id=self.connection_id,
            vendor="halaxy",
            first_day=options.pop("first", self.day),
            last_day=options.pop("last", self.day),
            sync_type=SyncType.MANUAL,
            **options,
        )
        with transaction(self.parts.engine, account_id=ACCOUNT) as db:
            job_id = put(db, job)
        return self._carried(job_id)

    def _carried(self, job_id: int) -> dict[str, Any]:
        assert run_here(self.parts, job_id) in {JobState.DONE, JobState.DEAD}
        return self._run_of(job_id)

    def _carry_with(self, job_id: int, open_source: OpenSource) -> None:
        """By a source of the test's own."""
        ledger = Ledger(self.parts.engine, worker="tests")
        job = ledger.claim(job_id)
        assert job is not None
        store = SyncStore(self.parts.engine, self.parts.sealer, clock=self.parts.clock)
        stopping = self.parts.stopping
        sync_connection(job, store=store, open_source=open_source, stopping=stopping)
        ledger.finish(job)

    def _run_of(self, job_id: int) -> dict[str, Any]:
        query = text("SELECT * FROM pms_sync_log WHERE job_id = :id")
        with transaction(self.parts.engine) as db:
            return dict(db.execute(query, {"id": job_id}).mappings().one())

    def connection(self) -> Mapping[str, Any]:
        with transaction(self.parts.engine) as db:
            return dict(db.execute(text("SELECT * FROM pms_connections")).mappings().one())

    def set(self, **columns: Any) -> None:
        """Change the connection by hand."""
        named = ", ".join(f"{name} = :{name}" for name in columns)
        with transaction(self.parts.engine) as db:
            db.execute(text(f"UPDATE pms_connections SET {named}"), columns)  # noqa: S608

    def shown(self) -> dict[str, dict[str, Any]]:
        """The rows of the sheet with one patient, by the PMS's id, opened."""
        query = text("SELECT * FROM run_sheet_appointments WHERE removed_at IS NULL")
        seal = EntrySeal(self.parts.sealer, account_id=ACCOUNT)
        with transaction(self.parts.engine) as db:
            rows = db.execute(query).mappings().all()
        return {row["pms_appointment_id"]: {**row, **seal.values(row)} for row in rows}

    def truth(self) -> dict[str, Any]:
        told = self.desk.get("/_sim/truth").json()
        return {one["id"]: one for one in told["appointments"]}

    def somebody(self) -> str:
        """An appointment on the sheet of one patient who is still to come."""
        shown = self.shown()
        return next(
            str(one["id"])
            for one in undivided(self.desk.get("/_sim/truth").json()["appointments"])
            if len(one["patients"]) == 1
            and one["id"] in shown
            and one["meaning"] in {"booked", "confirmed"}
        )

    def asked(self) -> list[str]:
        """The searches for appointments so far."""
        told = self.desk.get("/_sim/requests").json()["requests"]
        return [one["query"] for one in told if one["path"] == "/main/Appointment"]


def undivided(book: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Appointments whose patients all fare alike; of another the book has a row for each way."""
    rows = Counter(one["id"] for one in book)
    return (one for one in book if rows[one["id"]] == 1)


@contextmanager
def followed(database_url: str, client: redis.Redis) -> Iterator[Followed]:
    """A small practice with appointments today, tomorrow and in eight days.

    Nobody is attended to by the clock, so that it does not matter at what time of day this runs.
    """
    day = local_day(system_clock(), ZONE)
    setup = Setup(
        seed=7,
        practitioners=3,
        appointments=20,
        days=(day, day + timedelta(days=1), day + timedelta(days=8)),
        limits=(),
    )
    simulator = HalaxySimulator(setup, Knobs(include_gaps=0.0, auto_attends=False))
    db = engine(database_url, application_name="tests", pool_size=10)
    tenant = next(iter(simulator.clinics))
    with running(simulator) as url, httpx.Client(base_url=url, timeout=10, verify=NO_TLS) as desk:
        secrets = FakeSecrets()
        credentials = desk.get(f"/_sim/credentials?tenant={tenant}").json()
        ref = secrets.put("halaxy", {key: str(value) for key, value in credentials.items()})
        opener = Opener(
            secrets=secrets,
            tokens=FakeTokens(),
            throttle=RedisThrottle(client, StoredSpent(db)),
            clock=system_clock,
        )
        parts = Parts(
            engine=db,
            sealer=Sealer(Keyring.from_hex(KEY)),
            opener=opener,
            clock=system_clock,
            stopping=Stopping(),
        )
        made = Followed(parts, desk, connect(db, url, tenant, ref), day)
        made.let_pass(0)
        yield made
        opener.close()
    db.dispose()


def connect(db: Engine, url: str, tenant: str, ref: str) -> UUID:
    """A Halaxy practice whose practitioners all have a column."""
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor="halaxy",
        site=tenant,
        timezone=ZONE,
        name="Example Clinic",
        base_url=url,
        token_url=f"{url}/main/oauth/token",
        secret_ref=ref,
        settings={"map_all": True},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with transaction(db, account_id=ACCOUNT) as session:
        return connections.add(session, new)
