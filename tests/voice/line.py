"""A telephone line: Vapi's messages, signed, to a served ingress with a real worker behind it."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import redis
from sqlalchemy import Engine, text

from adapters.opening import Opener
from adapters.queue import RedisAnnouncer
from adapters.replies import Replies
from adapters.storage.jobs.ledger import Ledger
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices import connections
from adapters.throttle.clock import RedisThrottle
from adapters.vapi.verifying import short_plans
from domain.connections import Connection, State
from domain.desk import PracticeDesk, Shift
from domain.window import Window, local_day, whole_day
from infra import database
from infra.broker import broker
from infra.clock import system_clock
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from producers.callers import Voice
from tests.fakes import FakeSecrets, FakeTokens
from tests.webhooks.serving import served
from tests.workers.tools.desk import CHAIR, LEE, ZONE, Desk
from workers.actors import listen
from workers.execution import Execution, Running
from workers.works import Parts, works

ACCOUNT = "default"
SECRET = "a shared secret of tests"  # noqa: S105 - made up
NUMBER_ID = "33333333-3333-4333-8333-333333333333"
KEY = "9f" * 32
ANN = "+12025550143"
FALLBACK_SECONDS = 20.0
LAST_SECONDS = 28.0
"""After the longest patience of any line here, and before the browser's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOpener(Opener):
    """Opens the desk of the test in place of a vendor's."""

    front: PracticeDesk | None = None

    def desk(self, connection: Connection, *, voice: bool = False) -> PracticeDesk | None:
        return self.front


@dataclass
class Carrier:
    """Takes texts and keeps what they say."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, recipient: str, body: str, *, text_id: UUID) -> str:
        self.sent.append((recipient, body))
        return f"SM{len(self.sent):032d}"

    def find(self, recipient: str, body: str, *, since: datetime) -> str | None:
        return None


@dataclass
class Line:
    """One practice's line; `call_id` is the call that is under way."""

    client: httpx.Client
    engine: Engine
    parts: Parts
    desk: Desk
    connection_id: UUID
    redis_url: str
    day: date
    call_id: str = field(default_factory=lambda: uuid4().hex)
    calls: int = 0

    def hang_up(self) -> None:
        self.call_id = uuid4().hex

    def ask(self, tool: str, *, caller: str = ANN, **arguments: Any) -> str:
        """The sentence that comes back for one tool call."""
        self.calls += 1
        entry = self.results(self.message([(f"call_{self.calls}", tool, arguments)], caller))[0]
        assert entry["toolCallId"] == f"call_{self.calls}"
        assert entry["name"] == tool
        return str(entry.get("result") or entry["error"])

    def results(self, message: Mapping[str, Any]) -> list[dict[str, str]]:
        answer = self.send(message)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    def message(
        self, asked: Sequence[tuple[str, str, Mapping[str, Any]]], caller: str = ANN
    ) -> dict[str, Any]:
        calls = [
            {"id": name, "type": "function", "function": {"name": tool, "arguments": given}}
            for name, tool, given in asked
        ]
        return {
            "message": {
                "type": "tool-calls",
                "timestamp": 1795000000123,
                "toolCallList": calls,
                "toolWithToolCallList": [],
                "call": {
                    "id": self.call_id,
                    "orgId": "22222222-2222-4222-8222-222222222222",
                    "type": "inboundPhoneCall",
                    "status": "in-progress",
                    "phoneNumberId": NUMBER_ID,
                    "customer": {"number": caller},
                },
                "customer": {"number": caller},
                "artifact": {"messages": []},
            }
        }

    def send(
        self, message: Mapping[str, Any], *, secret: str = SECRET, path: str = "/vapi/webhook"
    ) -> httpx.Response:
        body = json.dumps(message).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return self.client.post(path, content=body, headers={"x-vapi-signature": signature})

    @contextmanager
    def worker(self, *queues: str) -> Iterator[None]:
        """Threads that carry what is announced on these queues."""
        execution = self.execution()
        made = listen(
            broker(self.redis_url),
            execution.run,
            queues=queues or ("voice",),
            threads=4,
            idle_ms=100,
        )
        made.start()
        yield
        made.stop(timeout=5000)

    def carry(self, kind: str) -> int:
        """The ready jobs of a kind, one after another, as a worker of another pool would."""
        ids = [row.id for row in self.rows("SELECT id FROM jobs WHERE kind = :k", k=kind)]
        execution = self.execution()
        return sum(execution.run(one) is not None for one in ids)

    def execution(self) -> Execution:
        return Execution(
            ledger=Ledger(self.engine, worker=f"tests:{uuid4().hex[:6]}"),
            works=works(self.parts),
            running=Running(),
            stopping=self.parts.stopping,
            clock=system_clock,
            chance=lambda: 0.0,
        )

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with database.transaction(self.engine) as db:
            return list(db.execute(text(statement), values))

    def value(self, statement: str, **values: Any) -> Any:
        return self.rows(statement, **values)[0][0]


@contextmanager
def line(
    database_url: str,
    client: redis.Redis,
    redis_url: str,
    *,
    fallback_seconds: float = FALLBACK_SECONDS,
    answer_seconds: float = 25.0,
    texts: bool = True,
    **about: Any,
) -> Iterator[Line]:
    """As patient as the browser's 30 s allow: what is judged is the answer, not this machine."""
    engine = database.engine(database_url, application_name="tests", pool_size=20)
    sealer = Sealer(Keyring.from_hex(KEY))
    day = local_day(system_clock(), ZONE) + timedelta(days=3)
    desk = Desk(works=_morning(day))
    parts = Parts(
        engine=engine,
        sealer=sealer,
        opener=DeskOpener(
            secrets=FakeSecrets(),
            tokens=FakeTokens(),
            throttle=RedisThrottle(client, StoredSpent(engine)),
            clock=system_clock,
            front=desk,
        ),
        clock=system_clock,
        stopping=Stopping(),
        redis=client,
        texts=Carrier() if texts else None,
    )
    patience = {"turn_seconds": fallback_seconds, "last_seconds": LAST_SECONDS}
    about = patience | {"plans": short_plans(SECRET, allow_bare=False)} | about
    voice = Voice(
        replies=Replies(redis_url),
        announcer=RedisAnnouncer(redis_url),
        fallback_seconds=fallback_seconds,
        answer_seconds=answer_seconds,
        sends_texts=texts,
        **about,
    )
    connection_id = _connected(engine)
    with served(engine, database_url, client, sealer, voice=voice) as browser:
        yield Line(browser, engine, parts, desk, connection_id, redis_url, day)
    engine.dispose()


def _morning(day: date) -> list[Shift]:
    midnight = whole_day(day, ZONE).start
    span = Window(midnight + timedelta(hours=9), midnight + timedelta(hours=12))
    return [Shift(resource=one, window=span) for one in (LEE, CHAIR)]


def _connected(engine: Engine) -> UUID:
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site="D1",
        timezone=ZONE,
        name="Example Dental",
        base_url=None,
        token_url=None,
        secret_ref=None,
        settings={},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with database.transaction(engine, account_id=ACCOUNT) as db:
        found = connections.add(db, new)
    with database.transaction(engine) as db:
        values = {"number": NUMBER_ID, "human": "+12025550199"}
        db.execute(
            text(
                "UPDATE accounts SET vapi_number_ids = ARRAY[:number], transfer_to = ARRAY[:human]"
            ),
            values,
        )
    return found
