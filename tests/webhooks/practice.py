"""A practice at a simulated Halaxy, our ingress for its webhooks, and the jobs run in between."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import redis
from sqlalchemy import Engine, RowMapping, text

from adapters.opening import Opener
from adapters.storage.deliveries import webhook_keys
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.sheet.entries import EntrySeal
from adapters.throttle.clock import RedisThrottle
from domain.jobs import JobState
from domain.runs import SyncType
from domain.window import local_day
from domain.work import REFETCH, sync_job
from infra import database
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from producers.webhooks.senders import HEADER
from simulators.halaxy import HalaxySimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.sync.following import connect, undivided
from tests.webhooks.gate import Gate
from tests.webhooks.serving import bearer, served
from workers.execution import Execution, Running
from workers.here import run_here
from workers.works import Parts, works

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
ZONE = "Australia/Melbourne"
ACCOUNT = "default"
EVENTS: Mapping[str, str] = {
    "appointment.create": "created",
    "appointment.update": "updated",
    "appointment.delete": "deleted",
    "patient.update": "updated",
    "patient.create": "created",
}


@dataclass
class Practice:
    """One connection with its key, the simulator, the ingress and the parts of a worker."""

    parts: Parts
    gate: Gate
    desk: httpx.Client
    ingress: httpx.Client
    connection_id: UUID
    tenant: str
    day: date
    clock: datetime
    key: str = ""

    @property
    def engine(self) -> Engine:
        return self.parts.engine

    def control(self, path: str, **body: Any) -> Any:
        reply = self.desk.post(f"/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def book(self) -> Sequence[Mapping[str, Any]]:
        """What is true there: of a group whose patients fare apart, a row for each way."""
        return list(self.desk.get("/_sim/truth").json()["appointments"])

    def truth(self) -> dict[str, Any]:
        return {one["id"]: one for one in self.book()}

    def make_key(self) -> str:
        with transaction(self.engine, account_id=ACCOUNT) as db:
            self.key = webhook_keys.make(
                db, self.parts.sealer, self.connection_id, at=system_clock()
            )
        return self.key

    def listen(self) -> None:
        """Enter our addresses at the vendor, as a practice manager would."""
        for event, ours in EVENTS.items():
            url = f"{self.ingress.base_url}/webhooks/halaxy/{ours}"
            header = {"name": HEADER, "value": self.key}
            self.control("webhooks", event=event, url=url, header=header)

    def heard(self) -> None:
        """Every webhook fired so far has been answered."""
        assert self.control("webhooks/settle")["settled"]

    def change(self, pms_id: str, **action: Any) -> None:
        self.control(f"appointments/{pms_id}", **action)

    def notify(
        self,
        *pms_ids: str,
        event: str = "updated",
        kind: str = "Appointment",
        at: datetime | None = None,
        key: str | None = None,
    ) -> int:
        """A webhook of our own making; answers the status."""
        stamp = (at or self.clock).isoformat()
        references = [f"/main/{kind}/{one}" for one in pms_ids]
        return self.post(bundle(*references, stamp=stamp), event=event, key=key)

    def post(
        self, body: bytes, *, event: str = "updated", key: str | None = None, vendor: str = "halaxy"
    ) -> int:
        headers = {HEADER: self.key if key is None else key}
        url = f"/webhooks/{vendor}/{event}"
        return self.ingress.post(url, content=body, headers=headers).status_code

    def let_time_pass(self) -> None:
        """A minute, for us and for the vendor: what waits was gathered and may be read."""
        self.clock += timedelta(minutes=1)
        self.control("clock", now=self.clock.isoformat())
        earlier = "- interval '1 minute'"
        with transaction(self.engine) as db:
            for change in (
                f"UPDATE deliveries SET received_at = received_at {earlier} WHERE state = 'stored'",  # noqa: S608
                f"UPDATE jobs SET due_at = due_at {earlier} WHERE state = 'ready'",  # noqa: S608
            ):
                db.execute(text(change))

    def work(self) -> list[JobState]:
        """Carry every refetch that waits to its end."""
        self.let_time_pass()
        return [run_here(self.parts, job_id) for job_id in self.jobs("ready")]

    def jobs(self, *states: str) -> list[int]:
        query = text("SELECT id FROM jobs WHERE kind = :kind AND state = ANY(:states) ORDER BY id")
        with dispatch(self.engine) as db:
            found = db.execute(query, {"kind": REFETCH, "states": list(states)})
            return [row.id for row in found]

    def put_sync(self) -> int:
        job = sync_job(
            account_id=ACCOUNT,
            connection_id=self.connection_id,
            vendor="halaxy",
            first_day=self.day,
            last_day=self.day,
            sync_type=SyncType.MANUAL,
            allow_removals=True,
        )
        with transaction(self.engine, account_id=ACCOUNT) as db:
            return put(db, job)

    def sync(self) -> None:
        assert run_here(self.parts, self.put_sync()) is JobState.DONE

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What the sheet shows of the practice, opened."""
        seal = EntrySeal(self.parts.sealer, account_id=ACCOUNT)
        query = "SELECT * FROM run_sheet_appointments WHERE removed_at IS NULL"
        return {
            (row["pms_appointment_id"], row["pms_patient_id"]): {**row, **seal.values(row)}
            for row in self.select(query)
        }

    def deliveries(self) -> Sequence[RowMapping]:
        return self.select("SELECT * FROM deliveries ORDER BY received_at, id")

    def select(self, query: str) -> Sequence[RowMapping]:
        with transaction(self.engine) as db:
            return db.execute(text(query)).mappings().all()

    def execute(self, statement: str) -> None:
        with transaction(self.engine) as db:
            db.execute(text(statement))

    def requests(self) -> list[str]:
        """The paths the vendor was asked for so far."""
        told = self.desk.get("/_sim/requests").json()["requests"]
        return [one["path"] for one in told]

    def runs(self) -> int:
        """How often the practice was polled."""
        return len(self.select("SELECT 1 FROM pms_sync_log"))

    def replay(self, delivery_id: UUID) -> None:
        url = f"/api/deliveries/{delivery_id}/replay"
        answer = self.ingress.post(url, headers=bearer(ACCOUNT))
        assert answer.status_code == 202, answer.text

    def audited(self) -> int:
        """How many rows the audit has."""
        return len(self.select("SELECT 1 FROM pms_audit_logs"))

    def edit(self, row_id: UUID, field: str, value: str) -> None:
        """A person at the sheet."""
        headers = bearer(ACCOUNT)
        url = f"/api/run-sheet/appointments/{row_id}"
        tag = self.ingress.get(url, headers=headers).headers["etag"]
        reply = self.ingress.patch(url, json={field: value}, headers={**headers, "If-Match": tag})
        assert reply.is_success, reply.text

    def attempt(self, job_id: int) -> JobState | None:
        """What one worker does that is told of the job; None when it was not to be had."""
        execution = Execution(
            ledger=Ledger(self.engine, worker="tests"),
            works=works(self.parts),
            running=Running(),
            stopping=self.parts.stopping,
            clock=system_clock,
            chance=lambda: 0.0,
        )
        return execution.run(job_id)

    def somebody(self, *, patients: int = 1) -> str:
        """An appointment of the day with so many patients who all fare alike."""
        shown = self.rows()
        return next(
            str(one["id"])
            for one in undivided(self.book())
            if len(one["patients"]) == patients
            and (one["id"], one["patients"][0]["id"]) in shown
            and one["meaning"] in {"booked", "confirmed"}
        )


def bundle(*references: str, stamp: str | None) -> bytes:
    """A body as Halaxy sends it."""
    events = [{"timestamp": stamp, "focus": {"reference": one}} for one in references]
    status = {
        "resourceType": "SubscriptionStatus",
        "type": "event-notification",
        "topic": "SubscriptionTopic/00000000-0000-4000-8000-0000000000aa",
        "notificationEvent": events,
    }
    whole = {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}
    return json.dumps(whole).encode()


@contextmanager
def practice(
    database_url: str, client: redis.Redis, *, knobs: Knobs | None = None
) -> Iterator[Practice]:
    """Connected and listening; everything is tomorrow, so that nothing ends meanwhile."""
    day = local_day(system_clock(), ZONE) + timedelta(days=1)
    setup = Setup(seed=7, practitioners=3, appointments=20, days=(day,), limits=())
    simulator = HalaxySimulator(setup, knobs or Knobs(webhook_wait_seconds=0.01))
    db = database.engine(database_url, application_name="tests", pool_size=10)
    sealer, secrets = Sealer(Keyring.from_hex(KEY)), FakeSecrets()
    tenant = next(iter(simulator.clinics))
    with running(simulator) as url, httpx.Client(base_url=url, timeout=10, verify=NO_TLS) as desk:
        credentials = desk.get(f"/_sim/credentials?tenant={tenant}").json()
        ref = secrets.put("halaxy", {key: str(value) for key, value in credentials.items()})
        gate = Gate(RedisThrottle(client, StoredSpent(db)))
        opener = Opener(
            secrets=secrets,
            tokens=FakeTokens(),
            throttle=gate,
            clock=system_clock,
        )
        parts = Parts(
            engine=db, sealer=sealer, opener=opener, clock=system_clock, stopping=Stopping()
        )
        with served(db, database_url, client, sealer) as ingress:
            connection_id = connect(db, url, tenant, ref)
            made = Practice(
                parts, gate, desk, ingress, connection_id, tenant, day, clock=system_clock()
            )
            made.make_key()
            made.listen()
            yield made
        opener.close()
    db.dispose()
