"""A practice that sends texts: our ingress and worker over real storage, a simulated Twilio."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from adapters.storage.phone import texts
from adapters.storage.phone.texts import TextStore
from adapters.texts.twilio import Twilio
from domain.errors import Throttled
from domain.jobs import Job, Queue
from infra.database import transaction
from infra.http import Client
from simulators.serving import running
from simulators.twilio import TwilioSimulator
from tests.plain import NO_TLS
from tests.producers.conftest import Site
from workers.handlers.send_text import Sender, send_text

ACCOUNT = "default"
CALLER = "+12025550143"
BODY = "Elm Street Dental: You are booked. Confirmation number K7M2QP."


@dataclass
class Office:
    site: Site
    twilio: TwilioSimulator
    url: str
    sender: Twilio
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def store(self) -> TextStore:
        ports = self.site.ports
        return TextStore(engine=ports.database, sealer=ports.sealer, clock=lambda: self.now)

    def put(self, *, recipient: str = CALLER, body: str = BODY) -> UUID:
        """A text that is due; its id."""
        before = {row["id"] for row in self.rows()}
        with transaction(self.site.ports.database, account_id=ACCOUNT) as db:
            texts.put(
                db,
                self.site.ports.sealer,
                account_id=ACCOUNT,
                write_id=None,
                recipient=recipient,
                purpose="outcome",
                body=body,
            )
        return UUID(str(next(row["id"] for row in self.rows() if row["id"] not in before)))

    def send(self, text_id: UUID, *, sender: Sender | None = None, off: bool = False) -> Any:
        """What the job's handler answers, or the wait it asks for."""
        try:
            return send_text(
                job(text_id),
                texts=self.store,
                sender=None if off else sender or self.sender,
                clock=lambda: self.now,
            )
        except Throttled as wait:
            return wait

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def rows(self) -> list[dict[str, Any]]:
        with self.site.everything() as db:
            found = db.execute(text("SELECT * FROM text_messages ORDER BY created_at")).mappings()
            return [dict(row) for row in found]

    def state(self, text_id: UUID) -> str:
        return str(next(row["state"] for row in self.rows() if row["id"] == text_id))

    def awaited(self, text_id: UUID, state: str) -> str:
        """Its state once it is so, or after a while."""
        ends = time.monotonic() + 30
        while self.state(text_id) != state and time.monotonic() < ends:
            threading.Event().wait(0.02)
        return self.state(text_id)

    def control(self, path: str, **given: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/_sim/{path}", json=given, verify=NO_TLS)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(httpx.get(f"{self.url}/_sim/truth", verify=NO_TLS).json()["messages"])


def job(text_id: UUID) -> Job:
    return Job(
        id=1,
        fence=1,
        kind="send_text",
        queue=Queue.DEFAULT,
        account_id=ACCOUNT,
        connection_id=None,
        vendor=None,
        args={"text_id": str(text_id)},
        attempts=1,
        failures=0,
        checkpoint={},
        trace_id="t",
        created_at=datetime.now(UTC),
    )


@contextmanager
def office(site: Site, simulator: TwilioSimulator) -> Iterator[Office]:
    with (
        running(simulator) as url,
        Client({"127.0.0.1"}, "tests", allow_loopback_http=True) as line,
    ):
        account = simulator.account
        sender = Twilio(
            sender=line,
            account_sid=account.sid,
            auth_token=account.auth_token,
            messaging_service_sid=account.messaging_service_sid,
            clock=lambda: datetime.now(UTC),
            base_url=url,
            status_url=f"{site.ports.base_url}/twilio/status",
        )
        yield Office(site, simulator, url, sender)
