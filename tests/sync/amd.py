"""An office at a simulated AdvancedMD, connected to our sheet: what its tests act on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import redis
from sqlalchemy import Engine, text

from adapters import pms
from adapters.opening import Opener
from adapters.storage.audit.audit import Access
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections, practice_book
from adapters.storage.sheet.entries import EntrySeal
from adapters.storage.sheet.reading import read_sheet
from console.sheet import as_answer
from console.simulators import Running
from console.truth import Difference, differences, untold
from domain.connections import State
from domain.credentials import ForgettableTokens
from domain.desk import PracticeDesk
from domain.jobs import JobState
from domain.limits import Throttle
from domain.runs import SyncType
from domain.sheet import as_json
from domain.sources import AppointmentSource
from domain.window import local_day
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import engine, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.sync.living import NoLimit
from tests.sync.practice import ACCOUNT, KEY
from workers.here import run_here
from workers.works import Parts

VENDOR = "advancedmd"
ZONE = "America/New_York"
DAYS = 3
"""From today, as the timetable reads them: a mark is kept for such days only."""


@dataclass
class Office:
    """One connection, its simulated practice, and the parts that sync it in this process."""

    parts: Parts
    simulator: httpx.Client
    tenant: Mapping[str, Any]
    connection_id: UUID
    secrets: FakeSecrets
    first: date
    last: date

    @property
    def engine(self) -> Engine:
        return self.parts.engine

    @property
    def source(self) -> AppointmentSource:
        with transaction(self.engine, account_id=ACCOUNT) as db:
            return self.parts.opener(connections.load(db, self.connection_id))

    @property
    def desk(self) -> PracticeDesk:
        with transaction(self.engine, account_id=ACCOUNT) as db:
            connection = connections.load(db, self.connection_id)
        desk = self.parts.opener.desk(connection)
        assert desk is not None
        return desk

    def control(self, name: str, **body: Any) -> Mapping[str, Any]:
        answer = self.simulator.post(f"/_sim/{name}", json=body)
        answer.raise_for_status()
        told: Mapping[str, Any] = answer.json() if answer.content else {}
        return told

    def told(self, name: str) -> Any:
        params = {"tenant": self.tenant["tenantId"]}
        answer = self.simulator.get(f"/_sim/{name}", params=params)
        answer.raise_for_status()
        return answer.json()

    def truth(self) -> dict[str, dict[str, Any]]:
        """The simulator's appointments by id."""
        return {one["id"]: one for one in self.told("truth")["appointments"]}

    def sync(self, sync_type: SyncType = SyncType.MANUAL, **options: Any) -> dict[str, Any]:
        """Run one sync here and answer its row of the log."""
        job = sync_job(
            account_id=ACCOUNT,
            connection_id=self.connection_id,
            vendor=VENDOR,
            first_day=self.first,
            last_day=self.last,
            sync_type=sync_type,
            **options,
        )
        with transaction(self.engine, account_id=ACCOUNT) as db:
            job_id = put(db, job)
        assert run_here(self.parts, job_id) in {JobState.DONE, JobState.DEAD}
        query = text("SELECT * FROM pms_sync_log WHERE job_id = :id")
        with transaction(self.engine, account_id=ACCOUNT) as db:
            return dict(db.execute(query, {"id": job_id}).mappings().one())

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The sheet as the API answers it."""
        with transaction(self.engine, account_id=ACCOUNT) as db:
            found = read_sheet(
                db,
                EntrySeal(self.parts.sealer, account_id=ACCOUNT),
                account_id=ACCOUNT,
                first_day=self.first,
                last_day=self.last,
                access=Access(user="judge"),
                connection_id=self.connection_id,
            )
        return [as_json(as_answer(one)) for one in found.entries]

    def wrong(self) -> list[Difference]:
        """Where the sheet is not what the simulator says is true."""
        return differences(
            self.told("truth"),
            self.rows(),
            first=self.first,
            last=self.last,
            untold=untold(pms.vendor(VENDOR)),
        )


@contextmanager
def office(
    database_url: str,
    client: redis.Redis,
    *options: str,
    settings: Mapping[str, Any] | None = None,
    tokens: ForgettableTokens | None = None,
    throttle: Throttle | None = None,
) -> Iterator[Office]:
    """A connected office with every column mapped; the simulator grants what is asked."""
    first = local_day(system_clock(), ZONE)
    last = first + timedelta(days=DAYS - 1)
    given = ["--tenants", "1", "--practitioners", "3", "--appointments", "25"]
    given += ["--timezone", ZONE, "--days", f"{first}..{last}", *(options or ("--limit", "off"))]
    with (
        Running(VENDOR, given) as described,
        httpx.Client(base_url=described["url"], verify=NO_TLS) as simulator,
    ):
        db = engine(database_url, application_name="tests", pool_size=10)
        secrets = FakeSecrets()
        opener = Opener(
            secrets=secrets,
            tokens=tokens or FakeTokens(),
            throttle=throttle or NoLimit(),
            clock=system_clock,
        )
        parts = Parts(
            engine=db,
            sealer=Sealer(Keyring.from_hex(KEY)),
            opener=opener,
            clock=system_clock,
            stopping=Stopping(),
        )
        tenant = described["tenants"][0]
        connection_id = _connected(db, simulator, described, secrets, settings or {})
        yield Office(parts, simulator, tenant, connection_id, secrets, first, last)
        opener.close()
        db.dispose()


def _connected(
    db: Engine,
    simulator: httpx.Client,
    described: Mapping[str, Any],
    secrets: FakeSecrets,
    settings: Mapping[str, Any],
) -> UUID:
    tenant = described["tenants"][0]
    told = simulator.get("/_sim/credentials", params={"tenant": tenant["tenantId"]}).json()
    ref = secrets.put(VENDOR, {key: told[key] for key in pms.vendor(VENDOR).secrets})
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor=VENDOR,
        site=tenant["tenantId"],
        timezone=tenant["timezone"],
        base_url=described["base_url"],
        secret_ref=ref,
        settings={"map_all": True, **settings},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with transaction(db, account_id=ACCOUNT) as session:
        connections.add(session, new)
        stored = connections.load(session, new.id)
        practice_book.mark_telehealth(session, stored, tenant["telehealth_type_ids"])
        ahead = text("UPDATE pms_connections SET sync_days_ahead = :ahead WHERE id = :id")
        session.execute(ahead, {"ahead": DAYS - 1, "id": new.id})
    return new.id
