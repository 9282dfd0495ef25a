"""Dental offices at a simulated Sikka, our ingress for its marketplace, and the job in between."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from redis import Redis
from sqlalchemy import Engine, RowMapping, text

from adapters.opening import Opener
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.people import accounts
from adapters.storage.people.accounts import Account
from adapters.storage.practices import authorisation_tokens
from adapters.throttle.clock import RedisThrottle
from domain.jobs import Job, JobState
from domain.work import AUTHORISE, authorise_job
from infra import database
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from infra.vendor_urls import VendorUrls
from producers.marketplace import Marketplace
from simulators.serving import running
from simulators.setup import Setup
from simulators.sikka import SikkaSimulator
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.webhooks.serving import bearer, served
from workers.here import run_here
from workers.works import Parts

KEY = "89abcdef01234567" * 4
ACCOUNT = "default"
OTHER = "other"
WEBHOOK = "/pms/sikka/webhook/authorize"
OFFICE, SECOND = "D90001", "D90002"


@dataclass
class Market:
    """The simulator, the ingress, and a worker's parts."""

    parts: Parts
    vendor: httpx.Client
    ingress: httpx.Client
    secrets: FakeSecrets
    app_id: str

    @property
    def engine(self) -> Engine:
        return self.parts.engine

    def control(self, path: str, **body: Any) -> Any:
        reply = self.vendor.post(f"/_sim/{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def buys(self, office: str = OFFICE, *, state: str | None = None, **more: Any) -> list[int]:
        """The office buys the application: what our ingress answered to the events."""
        query = f"?state={state}" if state else ""
        url = f"{self.ingress.base_url}{WEBHOOK}{query}"
        told = self.control("authorise", tenant=office, url=url, **more)
        return list(told["statuses"])

    def leaves(self, office: str = OFFICE, *, tells: bool = True) -> None:
        url = {"url": f"{self.ingress.base_url}{WEBHOOK}"} if tells else {}
        self.control("revoke", tenant=office, **url)

    def post(self, body: Any, *, state: str | None = None, **headers: str) -> int:
        """An event of somebody's own making."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        params = {"state": state} if state else None
        return self.ingress.post(
            WEBHOOK, content=content, params=params, headers=headers
        ).status_code

    def event(self, office: str = OFFICE, **more: Any) -> dict[str, Any]:
        return {"event": "app.authorized", "app_id": self.app_id, "office_id": office, **more}

    def state(self, account_id: str = ACCOUNT) -> str:
        with transaction(self.engine, account_id=account_id) as db:
            return authorisation_tokens.make_state(
                db,
                self.parts.sealer,
                vendor="sikka",
                account_id=account_id,
                asked_by="Sam",
                now=system_clock(),
            )

    def code(self, account_id: str = ACCOUNT) -> str:
        with transaction(self.engine, account_id=account_id) as db:
            return authorisation_tokens.make_code(
                db,
                self.parts.sealer,
                vendor="sikka",
                account_id=account_id,
                asked_by="Sam",
                now=system_clock(),
            )

    def ask(
        self, method: str, path: str = "", *, account_id: str = ACCOUNT, **more: Any
    ) -> httpx.Response:
        url = f"/api/pms/sikka/authorisations{path}"
        return self.ingress.request(method, url, headers=bearer(account_id), **more)

    def work(self) -> list[JobState]:
        """Carry every authorise job that waits, as if its hour had come."""
        waiting = self.jobs()
        self.execute("UPDATE jobs SET due_at = now() WHERE id = ANY(:ids)", {"ids": waiting})
        return [run_here(self.parts, job_id) for job_id in waiting]

    def jobs(self) -> list[int]:
        query = f"SELECT id FROM jobs WHERE kind = '{AUTHORISE}' AND state = 'ready' ORDER BY id"  # noqa: S608
        return [row["id"] for row in self.select(query)]

    def claimed_together(self, count: int) -> list[Job]:
        """So many jobs that run at once, as if their keys did not keep them apart."""
        for number in range(count):
            self.put_job(ACCOUNT if number % 2 else None)
        self.execute(
            "UPDATE jobs SET due_at = now(), exclusive_key = id::text WHERE state = 'ready'"
        )
        ledger = Ledger(self.engine, worker="tests")
        found = [ledger.claim(job_id) for job_id in self.jobs()[:count]]
        return [job for job in found if job is not None]

    def put_job(self, account_id: str | None = None) -> int:
        with dispatch(self.engine) as db:
            return put(db, authorise_job(account_id=account_id))

    def connections(self) -> Sequence[RowMapping]:
        return self.select(
            "SELECT * FROM pms_connections WHERE removed_at IS NULL ORDER BY account_id, site"
        )

    def rows(self) -> Sequence[RowMapping]:
        return self.select("SELECT * FROM pms_authorisations ORDER BY first_seen_at, id")

    def states(self) -> list[str]:
        return [row["state"] for row in self.rows()]

    def deliveries(self) -> Sequence[RowMapping]:
        return self.select("SELECT * FROM deliveries ORDER BY received_at, id")

    def audited(self, action: str) -> int:
        query = text("SELECT count(*) FROM pms_audit_logs WHERE action = :action")
        with transaction(self.engine) as db:
            return int(db.execute(query, {"action": action}).scalar_one())

    def grow_older(self, by: timedelta) -> None:
        """Everything noted so far was noted that much earlier."""
        self.execute(
            "UPDATE pms_authorisations"
            " SET first_seen_at = first_seen_at - make_interval(secs => :seconds)",
            {"seconds": by.total_seconds()},
        )

    def select(self, query: str) -> Sequence[RowMapping]:
        with transaction(self.engine) as db:
            return db.execute(text(query)).mappings().all()

    def execute(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        with transaction(self.engine) as db:
            db.execute(text(statement), values or {})

    def row_id(self) -> UUID:
        found: UUID = self.rows()[-1]["id"]
        return found


@contextmanager
def market(
    database_url: str, client: Redis, *, callback_key: str | None = None, tenants: int = 2
) -> Iterator[Market]:
    """Offices that have not let us in yet, and two accounts of ours."""
    setup = Setup(
        seed=7,
        practitioners=2,
        appointments=6,
        tenants=tenants,
        timezone="America/New_York",
        limits=(),
    )
    db = database.engine(database_url, application_name="tests", pool_size=16)
    sealer, secrets = Sealer(Keyring.from_hex(KEY)), FakeSecrets()
    with dispatch(db) as connection:
        accounts.add(connection, Account(id=OTHER, name="Another group"))
    with (
        running(SikkaSimulator(setup)) as url,
        httpx.Client(base_url=url, timeout=10, verify=NO_TLS) as vendor,
    ):
        told = vendor.get("/_sim/credentials").json()
        keys = {"app_id": told["app_id"], "app_key": told["app_key"]}
        opener = Opener(
            secrets=secrets,
            tokens=FakeTokens(),
            throttle=RedisThrottle(client, StoredSpent(db)),
            clock=system_clock,
            urls={"sikka": VendorUrls(base_url=f"{url}/v4")},
            presets={"sikka": keys},
        )
        parts = Parts(
            engine=db,
            sealer=sealer,
            opener=opener,
            clock=system_clock,
            stopping=Stopping(),
            secrets_prefix="tests",
        )
        for number in range(1, tenants + 1):
            vendor.post("/_sim/revoke", json={"tenant": f"D9000{number}"})
        more = {
            "presets": {"sikka": keys},
            "marketplace": Marketplace(url=f"{url}/marketplace", callback_key=callback_key),
            "secrets": secrets,
        }
        with served(db, database_url, client, sealer, **more) as ingress:
            yield Market(parts, vendor, ingress, secrets, keys["app_id"])
        opener.close()
    db.dispose()
