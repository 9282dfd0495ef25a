"""Simulated practices to be connected over HTTP, and a worker that carries the checks."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import httpx
from redis import Redis
from sqlalchemy import text

from adapters.opening import Opener
from adapters.storage.jobs.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from console.truth import Simulator
from domain.work import CHECK
from infra.clock import system_clock
from infra.database import dispatch
from infra.notices import Listener
from infra.stopping import Stopping
from simulators.gentu import GentuSimulator
from simulators.halaxy import HalaxySimulator
from simulators.medirecords import MedirecordsSimulator
from simulators.serving import running
from simulators.setup import Setup
from tests.fakes import FakeTokens
from tests.plain import NO_TLS
from tests.producers.conftest import Site
from workers.here import run_here
from workers.works import Parts

CONNECTIONS = "/api/pms/connections"
_READY = text("SELECT id FROM jobs WHERE kind = :kind AND state = 'ready' AND due_at <= now()")


@dataclass(frozen=True)
class Vendor:
    """A PMS over HTTP, and its desk behind it."""

    name: str
    told: Mapping[str, Any]
    desk: Simulator

    @property
    def site(self) -> str:
        return str(self.told["tenants"][0]["tenantId"])

    @cached_property
    def secrets(self) -> dict[str, str]:
        held = self.desk.credentials(self.site)
        return {key: one for key, one in held.items() if key != "app_id"}

    @property
    def addresses(self) -> dict[str, str]:
        return {key: self.told[key] for key in ("base_url", "token_url") if key in self.told}

    def control(self, path: str, body: Mapping[str, Any]) -> None:
        httpx.post(f"{self.desk.url}/_sim/{path}", json=body, verify=NO_TLS).raise_for_status()


@dataclass
class Office:
    """The API as a practice manager's browser uses it, with a worker behind it."""

    site: Site
    parts: Parts
    headers: dict[str, str]

    def begin(self, vendor: Vendor, **more: Any) -> dict[str, Any]:
        body = {"vendor": vendor.name, "secrets": vendor.secrets, **vendor.addresses, **more}
        answer = self.send("POST", "", body, key=str(uuid4()))
        assert answer.status_code == 201, answer.text
        return dict(answer.json()["connection"])

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        version: int | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or self.headers)
        sent |= {"Idempotency-Key": key} if key else {}
        sent |= {"If-Match": f'"{version}"' if version != "*" else "*"} if version else {}
        url = path if path.startswith("/") and path.startswith("/api") else f"{CONNECTIONS}{path}"
        return self.site.client.request(method, url, json=body, headers=sent, timeout=30)

    def one(self, connection_id: str) -> dict[str, Any]:
        return dict(self.send("GET", f"/{connection_id}").json()["connection"])

    def check(self, connection_id: str, path: str, body: Any) -> dict[str, Any]:
        answer = self.send("POST", f"/{connection_id}/{path}", body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["check"])

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with self.site.everything() as db:
            return list(db.execute(text(statement), values))

    def value(self, statement: str, **values: Any) -> Any:
        return self.rows(statement, **values)[0][0]

    @property
    def kept(self) -> dict[str, dict[str, str]]:
        """All that is in the store of secrets."""
        kept: dict[str, dict[str, str]] = self.site.ports.secrets.kept  # type: ignore[attr-defined]
        return kept


@contextmanager
def gentu(*, tenants: int = 1, **more: Any) -> Iterator[Vendor]:
    setup = Setup(seed=12, tenants=tenants, practitioners=4, appointments=12, limits=(), **more)
    with running(simulator := GentuSimulator(setup)) as url:
        yield Vendor("gentu", simulator.described(url), Simulator(url))


@contextmanager
def halaxy() -> Iterator[Vendor]:
    setup = Setup(seed=13, practitioners=2, appointments=8, limits=())
    with running(simulator := HalaxySimulator(setup)) as url:
        yield Vendor("halaxy", simulator.described(url), Simulator(url))


@contextmanager
def medirecords() -> Iterator[Vendor]:
    setup = Setup(seed=14, practitioners=2, appointments=8, limits=())
    with running(simulator := MedirecordsSimulator(setup)) as url:
        yield Vendor("medirecords", simulator.described(url), Simulator(url))


@contextmanager
def office(site: Site, redis: Redis, url: str, *, works: bool = True) -> Iterator[Office]:
    """The API with, or without, a worker that carries checks as soon as they are written."""
    opener = Opener(
        secrets=site.ports.secrets,
        tokens=FakeTokens(),
        throttle=RedisThrottle(redis, StoredSpent(site.ports.database)),
        clock=system_clock,
        presets=site.ports.presets,
        urls=site.ports.urls,
    )
    parts = Parts(
        engine=site.ports.database,
        sealer=site.ports.sealer,
        opener=opener,
        clock=system_clock,
        stopping=Stopping(),
    )
    worker = threading.Thread(target=_carry, args=(parts, url), daemon=True)
    if works:
        worker.start()
    yield Office(site, parts, site.bearer())
    parts.stopping.ask()
    if works:
        worker.join(timeout=10)
    opener.close()


def _carry(parts: Parts, url: str) -> None:
    with Listener(url, "jobs") as bell:
        while not parts.stopping.asked:
            with dispatch(parts.engine) as db:
                ids = db.execute(_READY, {"kind": CHECK}).scalars().all()
            for job_id in ids:
                run_here(parts, job_id)
            bell.wait(timeout=0.2)
