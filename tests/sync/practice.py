"""A practice at a simulated Gentu, connected to our sheet: what the sync tests act on."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import redis
from sqlalchemy import Engine, text

from adapters.opening import Opener
from adapters.storage.jobs.ledger import put
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices import connections
from adapters.storage.sheet.entries import EntrySeal
from adapters.throttle.clock import RedisThrottle
from domain.connections import State
from domain.jobs import JobState
from domain.limits import Throttle
from domain.runs import SyncType
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import dispatch, engine, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from simulators.gentu import GentuSimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup
from tests.fakes import FakeSecrets, FakeTokens
from workers.here import run_here
from workers.works import Parts

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
DAY = date(2026, 6, 2)
ZONE = "Australia/Melbourne"
ACCOUNT = "default"


@dataclass
class Practice:
    """One connection, its simulator, and the parts that sync it in this process."""

    parts: Parts
    simulator: GentuSimulator
    url: str
    connection_id: UUID
    secrets: FakeSecrets
    day: date = DAY

    @property
    def engine(self) -> Engine:
        return self.parts.engine

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call to the simulator's control desk."""
        payload = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sim/{path}", data=payload)  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def heal(self) -> None:
        """No fault any more, neither dialled nor scripted."""
        request = urllib.request.Request(f"{self.url}/_sim/faults", method="DELETE")  # noqa: S310
        urllib.request.urlopen(request).close()  # noqa: S310

    def truth(self) -> dict[str, Any]:
        """The simulator's appointments by id."""
        told = self.control("truth")
        return {one["id"]: one for one in told["appointments"]}

    def put_sync(self, **options: Any) -> int:
        job = sync_job(
            account_id=ACCOUNT,
            connection_id=self.connection_id,
            vendor="gentu",
            first_day=options.pop("first", self.day),
            last_day=options.pop("last", self.day),
            sync_type=SyncType.MANUAL,
            **options,
        )
        with transaction(self.engine, account_id=ACCOUNT) as db:
            return put(db, job)

    def sync(self, **options: Any) -> dict[str, Any]:
        """Run one sync here and answer its row of the log."""
        job_id = self.put_sync(**options)
        assert self.run(job_id) in {JobState.DONE, JobState.DEAD}
        return self.run_of(job_id)

    def run(self, job_id: int) -> JobState:
        """Carry a job to its end in this process."""
        return run_here(self.parts, job_id)

    def seal(self) -> EntrySeal:
        return EntrySeal(self.parts.sealer, account_id=ACCOUNT)

    def change(self, statement: str) -> None:
        """Change the connection by hand; `:id` is its id."""
        with transaction(self.engine, account_id=ACCOUNT) as db:
            db.execute(text(statement), {"id": self.connection_id})

    def run_of(self, job_id: int) -> dict[str, Any]:
        query = text("SELECT * FROM pms_sync_log WHERE job_id = :id")
        with transaction(self.engine, account_id=ACCOUNT) as db:
            return dict(db.execute(query, {"id": job_id}).mappings().one())

    def rows(self) -> list[dict[str, Any]]:
        """The connection's rows, opened."""
        query = text(
            "SELECT * FROM run_sheet_appointments WHERE pms_connection_id = :id"
            " ORDER BY appointment_time, id"
        )
        seal = EntrySeal(self.parts.sealer, account_id=ACCOUNT)
        with transaction(self.engine, account_id=ACCOUNT) as db:
            found = db.execute(query, {"id": self.connection_id}).mappings().all()
        return [{**row, **seal.values(row)} for row in found]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(ZONE)

    def versions(self) -> dict[UUID, tuple[int, datetime]]:
        """What changes with every write of a row."""
        return {row["id"]: (row["version"], row["updated_at"]) for row in self.rows()}

    @property
    def tokens(self) -> FakeTokens:
        tokens = self.parts.opener.tokens
        assert isinstance(tokens, FakeTokens)
        return tokens

    def state(self) -> str:
        return str(self._one("SELECT state FROM pms_connections WHERE id = :id"))

    def spent_rows(self) -> int:
        query = text("SELECT count(*) FROM vendor_requests")
        with dispatch(self.engine) as db:
            return int(db.execute(query).scalar_one())

    def runs_ended(self) -> int:
        query = "SELECT count(completed_at) FROM pms_sync_log WHERE pms_connection_id = :id"
        return int(self._one(query))

    def jobs_of_kind(self, kind: str) -> int:
        query = text("SELECT count(*) FROM jobs WHERE kind = :kind")
        with dispatch(self.engine) as db:
            return int(db.execute(query, {"kind": kind}).scalar_one())

    def rejects_of(self, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        query = text("SELECT * FROM pms_rejects WHERE run_id = :id")
        with transaction(self.engine, account_id=ACCOUNT) as db:
            return [dict(row) for row in db.execute(query, {"id": run["id"]}).mappings()]

    def _one(self, query: str) -> Any:
        with transaction(self.engine, account_id=ACCOUNT) as db:
            return db.execute(text(query), {"id": self.connection_id}).scalar_one()

    def diff_of(self, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The lines of a dry run, opened."""
        seal = EntrySeal(self.parts.sealer, account_id=ACCOUNT)
        lines = seal.open_document(run["id"], "diff", run["diff"], table="pms_sync_log")
        return list(lines)

    def live_rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {
            (row["pms_appointment_id"], row["pms_patient_id"]): row
            for row in self.rows()
            if row["removed_at"] is None
        }


@contextmanager
def practice(
    database_url: str,
    client: redis.Redis,
    *,
    setup: Setup | None = None,
    knobs: Knobs | None = None,
    throttle: Throttle | None = None,
    day: date = DAY,
) -> Iterator[Practice]:
    """A connected practice with every practitioner mapped and the telehealth filter off."""
    simulator = GentuSimulator(
        setup or Setup(seed=7, practitioners=4, appointments=30, days=(day,), limits=()),
        knobs or Knobs(),
    )
    db = engine(database_url, application_name="tests", pool_size=10)
    with running(simulator) as url:
        secrets = FakeSecrets()
        ref = secrets.put("gentu", _secrets(simulator))
        connection_id = _connect(db, simulator, url, ref)
        opener = Opener(
            secrets=secrets,
            tokens=FakeTokens(),
            throttle=throttle or RedisThrottle(client, StoredSpent(db)),
            clock=system_clock,
        )
        parts = Parts(
            engine=db,
            sealer=Sealer(Keyring.from_hex(KEY)),
            opener=opener,
            clock=system_clock,
            stopping=Stopping(),
        )
        yield Practice(parts, simulator, url, connection_id, secrets, day)
        opener.close()
    db.dispose()


def _secrets(simulator: GentuSimulator) -> dict[str, str]:
    return {key: str(value) for key, value in asdict(simulator.credentials).items()}


def _connect(db: Engine, simulator: GentuSimulator, url: str, ref: str) -> UUID:
    tenant = next(iter(simulator.clinics))
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor="gentu",
        site=str(tenant),
        timezone=ZONE,
        name="Example Clinic",
        base_url=f"{url}/v1",
        token_url=f"{url}/v1/oauth2/token",
        secret_ref=ref,
        settings={"map_all": True},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with transaction(db, account_id=ACCOUNT) as session:
        return connections.add(session, new)
