"""An account whose endpoint is told of changes, with the program that listens there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from adapters.opening import Opener
from adapters.outgoing.posting import Poster
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.outgoing.ripe_endpoints import put_ripe
from adapters.storage.outgoing.telling import TellingStore
from domain.errors import Throttled
from domain.jobs import Job, JobState, NewJob
from domain.work import TELL_ENDPOINT
from infra.clock import system_clock
from infra.database import dispatch
from infra.stopping import Stopping
from tests.contract.kit import FakeThrottle
from tests.fakes import FakeTokens
from tests.outgoing.receiver import Receiver, receiving
from tests.producers.conftest import Site
from workers.execution import Execution, Running
from workers.handlers.tell_endpoint import tell_endpoint
from workers.works import Parts, works

ENDPOINTS = "/api/webhook-endpoints"
PATIENT = "Ann Example"

_LAST = text(
    """
    SELECT id FROM jobs WHERE kind = 'tell_endpoint' AND state = 'ready' ORDER BY id DESC LIMIT 1
    """
)


@dataclass
class Office:
    """An account with an endpoint, and a worker that carries one job when it is asked to."""

    site: Site
    receiver: Receiver
    endpoint: str = ""
    secret: str = ""

    def ask(self, method: str, path: str = "", **more: Any) -> Any:
        headers = self.site.bearer()
        return self.site.client.request(method, f"{ENDPOINTS}{path}", headers=headers, **more)

    def done(self, method: str, path: str = "", **more: Any) -> dict[str, Any]:
        answer = self.ask(method, path, **more)
        assert answer.status_code < 300, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def act(self, what: str) -> dict[str, Any]:
        return self.done("POST", f"/{self.endpoint}/{what}")

    def change(self, *patients: str) -> None:
        with self.site.everything() as db:
            db.execute(
                text(
                    "UPDATE run_sheet_appointments SET version = version + 1 WHERE id = ANY(:ids)"
                ),
                {"ids": [self.site.ids[one] for one in patients]},
            )

    def ripe(self) -> int:
        return put_ripe(self.site.ports.database, clock=self.site.clock)

    def carry(self, *, is_production: bool = False) -> Mapping[str, Any] | Throttled:
        """What a worker does with the job; or the wait it asks for."""
        ports = self.site.ports
        store = TellingStore(engine=ports.database, clock=self.site.clock)
        post = Poster(secrets=ports.secrets, clock=self.site.clock, is_production=is_production)
        try:
            return tell_endpoint(self._job(), tellings=store, post=post)
        except Throttled as wait:
            return wait

    def work(self) -> JobState | None:
        """What a worker makes of the job that the scheduler wrote last."""
        ports, stopping = self.site.ports, Stopping()
        opener = Opener(
            secrets=ports.secrets, tokens=FakeTokens(), throttle=FakeThrottle(), clock=system_clock
        )
        parts = Parts(
            engine=ports.database,
            sealer=ports.sealer,
            opener=opener,
            clock=self.site.clock,
            stopping=stopping,
        )
        execution = Execution(
            ledger=Ledger(ports.database, worker="tests"),
            works=works(parts),
            running=Running(),
            stopping=stopping,
            clock=system_clock,
            chance=lambda: 0.0,
        )
        with self.site.everything() as db:
            job_id = db.execute(_LAST).scalar_one()
        return execution.run(job_id)

    def tell(self) -> Mapping[str, Any] | Throttled:
        assert self.ripe() == 1
        return self.carry()

    def pass_time(self, **length: float) -> None:
        """On our clock, and for jobs that ended."""
        passed = timedelta(**length)
        self.site.clock.now += passed
        with self.site.everything() as db:
            db.execute(
                text("UPDATE jobs SET finished_at = finished_at - :passed"), {"passed": passed}
            )

    def _job(self) -> Job:
        ledger = Ledger(self.site.ports.database, worker="tests")
        about = NewJob(
            kind=TELL_ENDPOINT, account_id="default", args={"endpoint_id": self.endpoint}
        )
        with dispatch(self.site.ports.database) as db:
            job_id = put(db, about)
        job = ledger.claim(job_id)
        assert job is not None
        return job

    def shown(self) -> dict[str, Any]:
        (one,) = self.done("GET")["endpoints"]
        shown: dict[str, Any] = one
        return shown

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.done("GET", "/messages")["messages"]
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def office(site: Site, receiver: Receiver) -> Office:
    made = Office(site, receiver)
    told = made.done("POST", json={"url": receiver.address})
    made.endpoint, made.secret = told["id"], told["secret"]
    return made
