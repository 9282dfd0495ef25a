"""Two practices behind Sikka, played by its simulator, and the product that answers their phones.

The ingress is served over HTTP, jobs are claimed from the real ledger and carried by the real
works; whoever plays says when a worker runs and what befalls it, and when time passes.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, Queue
from typing import Any
from uuid import UUID, uuid4

import httpx
import redis
from sqlalchemy import Engine, text

from adapters.replies import Replies
from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.people import accounts
from adapters.storage.practices import connections
from adapters.throttle.clock import RedisThrottle
from adapters.throttle.steering import steer
from adapters.vapi.verifying import short_plans
from domain.connections import State
from domain.window import local_day
from domain.work import SEND_TEXT, SETTLE, SYNC, sync_job
from infra import database
from infra.clock import system_clock
from infra.sealing import Keyring, Sealer
from infra.stopping import Stopping
from producers.callers import Voice
from simulators.records import Patient
from simulators.serving import running
from simulators.setup import Setup
from simulators.sikka import Knobs, SikkaSimulator
from simulators.sikka.offices import Location
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.voice.line import KEY, SECRET, Carrier
from tests.voice.stops import Killed, Life, Sent, WatchedOpener, living, watch
from tests.webhooks.serving import bearer, served
from workers.execution import Execution, Running
from workers.works import Parts, works

SEALER = Sealer(Keyring.from_hex(KEY))
ZONE = "America/New_York"
OTHERS = (SETTLE, SYNC, SEND_TEXT)
SUNDAY = 6
LOOK_SECONDS = 0.01
MOST_RUNS = 4
SOON = 0.35
"""Real seconds after which the hasty ingress speaks in a worker's place."""

LEFT = timedelta(seconds=25)
"""What a worker believes to have, whichever ingress took the call."""

_LAPSED = "UPDATE jobs SET lease_until = now() - interval '1 s' WHERE id = :id RETURNING id"
_DUE = """
    SELECT id, due_at FROM jobs
    WHERE account_id = ANY(:accounts) AND kind = ANY(:kinds)
      AND (state = 'ready' OR state = 'running' AND lease_until < now())
    ORDER BY due_at, id
"""
_NOW = "UPDATE jobs SET due_at = now() WHERE id = :id RETURNING id"
_TEXTS = "SELECT * FROM text_messages WHERE account_id = ANY(:owners) ORDER BY created_at"
_ASKED = "SELECT tool_call_id FROM tool_calls WHERE job_id = :id"


@dataclass
class Time:
    """The product's clock; the vendor's goes with it."""

    ahead: timedelta = timedelta()
    others: Callable[[float], None] = lambda _: None

    def __call__(self) -> datetime:
        return system_clock() + self.ahead

    def passes(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)
        self.others(seconds)


@dataclass(frozen=True, slots=True)
class Passing(Stopping):
    """Waits take no time: the clock moves instead."""

    time: Time = field(default_factory=Time)

    def wait(self, seconds: float) -> None:
        self.time.passes(seconds)


@dataclass
class Announced:
    """What the ingress has announced, for whoever plays the workers."""

    engine: Engine
    waiting: dict[str, "Queue[int]"] = field(default_factory=dict)

    def announce(self, queue: str, job_ids: Sequence[int]) -> None:
        for one in job_ids:
            with database.transaction(self.engine) as db:
                name = db.execute(text(_ASKED), {"id": one}).scalar_one()
            self.of(name).put(one)

    def of(self, tool_call_id: str) -> "Queue[int]":
        return self.waiting.setdefault(tool_call_id, Queue())


@dataclass(frozen=True, slots=True)
class Exchange:
    """The served ingresses: one that is patient, and one that soon speaks in a worker's place."""

    patient: httpx.Client
    hasty: httpx.Client
    engine: Engine
    redis: redis.Redis
    time: Time
    announced: Announced
    carrier: Carrier = field(default_factory=Carrier)


@contextmanager
def exchange(database_url: str, client: redis.Redis, redis_url: str) -> Iterator[Exchange]:
    engine = database.engine(database_url, application_name="tests", pool_size=30)
    watch(engine)
    time, announced = Time(), Announced(engine)

    def voice(seconds: float) -> Voice:
        return Voice(
            plans=short_plans(SECRET, allow_bare=False),
            replies=Replies(redis_url),
            announcer=announced,
            fallback_seconds=seconds,
            answer_seconds=seconds,
            last_seconds=seconds + 2,
            turn_seconds=20.0,
            sends_texts=True,
            calls_a_minute=100_000,
        )

    def ahead() -> datetime:
        return time() + LEFT - timedelta(seconds=SOON)

    with ExitStack() as open_:
        more = (database_url, client, SEALER)
        patient = served(engine, *more, voice=voice(LEFT.total_seconds()), clock=time)
        hasty = served(engine, *more, voice=voice(SOON), clock=ahead)
        yield Exchange(
            open_.enter_context(patient),
            open_.enter_context(hasty),
            engine,
            client,
            time,
            announced,
        )
    engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    site: str
    account: str
    connection_id: UUID
    number_id: str
    timezone: str
    location: Location
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A tool call as Vapi sends it, and may send it again."""

    call_id: str
    tool_call_id: str
    tool: str
    arguments: Mapping[str, Any]
    caller: str | None
    practice: Practice

    def body(self) -> bytes:
        made = {"name": self.tool, "arguments": self.arguments}
        customer = {"number": self.caller} if self.caller else {}
        call = self.call() | {"customer": customer, "status": "in-progress"}
        listed = [{"id": self.tool_call_id, "type": "function", "function": made}]
        message = {"type": "tool-calls", "toolCallList": listed, "call": call}
        return json.dumps({"message": {**message, "customer": customer}}).encode()

    def end(self) -> bytes:
        message = {"type": "end-of-call-report", "endedReason": "hung up", "call": self.call()}
        return json.dumps({"message": message}).encode()

    def call(self) -> dict[str, Any]:
        about = {"type": "inboundPhoneCall", "phoneNumberId": self.practice.number_id}
        return {"id": self.call_id, "orgId": str(UUID(int=7)), **about}


class Town:
    """One example: practices of their own, and everything that is asked of them."""

    def __init__(self, lines: Exchange, *, number: int, together: bool, few: bool) -> None:
        self.lines, self.time, self.engine = lines, lines.time, lines.engine
        self.stack = ExitStack()
        self.pool = self.stack.enter_context(ThreadPoolExecutor(max_workers=24))
        self.time.ahead, self.prefix = timedelta(), f"town{uuid4().hex}"
        today = local_day(self.time(), ZONE)
        days = [today + timedelta(days=one) for one in (3, 4)]
        self.day = next(one for one in days if one.weekday() != SUNDAY)
        self.simulator = self._simulator(number, few=few)
        url = self.stack.enter_context(running(self.simulator))
        self.desk = self.stack.enter_context(httpx.Client(base_url=url, verify=NO_TLS))
        self.time.others = self._others
        self.sent = Sent(lambda: [one.id for one in list(self.simulator.vendor.cloud.queue.all)])
        self.secrets = FakeSecrets()
        self.practices = self._practices(url, number, together=together)
        self.parts = self._parts()

    def _simulator(self, number: int, *, few: bool) -> SikkaSimulator:
        setup = Setup(
            seed=7 + number % 800,
            tenants=4,
            practitioners=3 if few else 6,
            appointments=0,
            timezone=ZONE,
            days=(self.day,),
            limits=(),
        )
        knobs = Knobs(fastest_write=0.2, slowest_write=8.0, refresh_seconds=0.0, silent_seconds=0.3)
        return SikkaSimulator(setup, knobs)

    def _others(self, seconds: float) -> None:
        self.simulator.clock.advance(seconds)
        steer(self.lines.redis, prefix=self.prefix, at=self.time())

    def _practices(self, url: str, number: int, *, together: bool) -> list[Practice]:
        sites = list(self.simulator.vendor.cloud.locations)
        # Of one office with two practices, or of two offices with different systems.
        first = 2 * (number % 4)
        chosen = [sites[first], sites[first + 1 if together else (first + 2) % len(sites)]]
        numbers = [str(uuid4()) for _ in chosen]
        owners = [f"a{uuid4().hex}"] * 2 if together else [f"a{uuid4().hex}" for _ in chosen]
        for owner in dict.fromkeys(owners):
            own = [one for one, other in zip(numbers, owners, strict=True) if other == owner]
            with database.transaction(self.engine) as db:
                account = accounts.Account(id=owner, name="Example", vapi_number_ids=tuple(own))
                accounts.add(db, account)
        made = zip(chosen, owners, numbers, strict=True)
        return [self._practice(url, *one, together=together) for one in made]

    def _practice(
        self, url: str, site: str, account: str, number_id: str, *, together: bool
    ) -> Practice:
        location = self.simulator.vendor.cloud.locations[site]
        answer = self.desk.get("/_sim/credentials", params={"tenant": site}).json()
        held = {key: str(one) for key, one in answer.items()}
        new = connections.NewConnection(
            account_id=account,
            vendor="sikka",
            site=site,
            timezone=location.clinic.zone.key,
            name=f"Example Dental {location.number}",
            base_url=f"{url}/v4",
            token_url=None,
            secret_ref=self.secrets.put(f"sikka {number_id}", held),
            settings={
                "map_all": True,
                "requests_a_minute": "10000",
                "staff": "S1",
                "booking_type": next(iter(location.clinic.types)),
                **({"phone_numbers": number_id} if together else {}),
            },
            telehealth_only=False,
            state=State.ACTIVE,
        )
        with database.transaction(self.engine, account_id=account) as db:
            connection_id = connections.add(db, new)
        at_work = location.clinic.practice.at_work
        return Practice(
            site=site,
            account=account,
            connection_id=connection_id,
            number_id=number_id,
            timezone=new.timezone,
            location=location,
            providers=tuple(
                one.id for one in at_work if one.is_active and one.opens in range(7, 11)
            ),
        )

    def _parts(self) -> Parts:
        opener = WatchedOpener(
            secrets=self.secrets,
            tokens=FakeTokens(),
            throttle=RedisThrottle(
                self.lines.redis, StoredSpent(self.engine), prefix=self.prefix, test_time=True
            ),
            clock=self.time,
            sent={"all": self.sent},
        )
        self.stack.callback(opener.close)
        return Parts(
            engine=self.engine,
            sealer=SEALER,
            opener=opener,
            clock=self.time,
            stopping=Passing(time=self.time),
            redis=self.lines.redis,
            texts=self.lines.carrier,
        )

    def close(self) -> None:
        self.stack.close()

    # Who comes, and what their practice says of itself.

    def registers(self, practice: Practice, patient: Patient) -> str:
        return practice.location.clinic.register(patient).id

    def truth(self, practice: Practice) -> dict[str, Any]:
        answer = self.desk.get("/_sim/truth", params={"tenant": practice.site})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def control(self, name: str, **told: Any) -> dict[str, Any]:
        answer = self.desk.post(f"/_sim/{name}", json=told)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    # Calls.

    def ask(
        self,
        message: Message,
        *,
        life: Life | None = None,
        is_hasty: bool = False,
        posted: "list[Future[httpx.Response]] | None" = None,
    ) -> str:
        """What is heard; a worker that dies is followed by another, unless it died for good."""
        client = self.lines.hasty if is_hasty else self.lines.patient
        post = self.pool.submit(self.send, message.body(), client)
        if posted is not None:
            posted.append(post)
        jobs = self.lines.announced.of(message.tool_call_id)
        while not post.done():
            try:
                self.carries(jobs.get(timeout=LOOK_SECONDS), life)
                life = None
            except Empty:
                continue
        answer = post.result()
        assert answer.status_code == 200, answer.text
        (entry,) = answer.json()["results"]
        return str(entry.get("result") or entry["error"])

    def send(self, body: bytes, client: httpx.Client | None = None) -> httpx.Response:
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"x-vapi-signature": signature}
        chosen = client or self.lines.patient
        return chosen.post("/vapi/webhook", content=body, headers=headers)

    # Workers.

    def carries(self, job_id: int, life: Life | None = None) -> None:
        """To its end, however many workers that takes."""
        for _ in range(MOST_RUNS):
            if self.pool.submit(self.carry, job_id, life).result():
                return
            if life is not None and not life.is_followed:
                return
            self.lapses(job_id)
            life = None

    def carry(self, job_id: int, life: Life | None = None) -> bool:
        """Whether the worker lived through it."""
        with living(life or Life()):
            try:
                self.execution().run(job_id)
            except Killed:
                return False
        return True

    def lapses(self, job_id: int) -> None:
        self.rows(_LAPSED, id=job_id)

    def execution(self) -> Execution:
        """Of a worker that does not notice how long it slept, however slow this machine is.

        What it would do then is left to what the ledger itself refuses.
        """
        return Execution(
            ledger=Ledger(self.engine, worker=f"tests:{uuid4().hex[:6]}"),
            works=works(self.parts),
            running=Running(seconds=lambda: 0.0),
            stopping=Stopping(),
            clock=self.time,
            chance=lambda: 0.0,
        )

    def waiting(self, kinds: Sequence[str] = OTHERS) -> list[Any]:
        owners = list({one.account for one in self.practices})
        return self.rows(_DUE, accounts=owners, kinds=list(kinds))

    def works(self, life: Life | None = None) -> int:
        """What is due of all but calls, once; how much that was."""
        due = [one.id for one in self.waiting() if one.due_at <= self.time()]
        for one in due:
            self.rows(_NOW, id=one)
            self.carries(one, life)
            life = None
        return len(due)

    def syncs(self, practice: Practice) -> None:
        job = sync_job(
            account_id=practice.account,
            connection_id=practice.connection_id,
            vendor="sikka",
            first_day=self.day,
            last_day=self.day,
            allow_removals=True,
        )
        with database.transaction(self.engine, account_id=practice.account) as db:
            job_id = put(db, job)
        self.rows(_NOW, id=job_id)
        self.carries(job_id)

    def texts(self) -> dict[UUID, list[tuple[str, str]]]:
        """What was written to be sent of each write, and for which purpose."""
        found: dict[UUID, list[tuple[str, str]]] = {}
        owners = list({one.account for one in self.practices})
        for row in self.rows(_TEXTS, owners=owners):
            place = {"table": "text_messages", "row": str(row.id), "account": row.account_id}
            body = SEALER.open_text(row.body, column="body", **place)
            found.setdefault(row.write_id, []).append((body, row.purpose))
        return found

    def recipients(self) -> dict[UUID, set[str]]:
        """To which numbers something of each write was written."""
        found: dict[UUID, set[str]] = {}
        owners = list({one.account for one in self.practices})
        for row in self.rows(_TEXTS, owners=owners):
            place = {"table": "text_messages", "row": str(row.id), "account": row.account_id}
            number = SEALER.open_text(row.recipient, column="recipient", **place)
            found.setdefault(row.write_id, set()).add(number)
        return found

    def to_be_told(self) -> list[dict[str, Any]]:
        """Whom the practices are asked to call."""
        found: list[dict[str, Any]] = []
        for owner in {one.account for one in self.practices}:
            answer = self.lines.patient.get("/api/pms/writes/untold", headers=bearer(owner))
            assert answer.status_code == 200, answer.text
            found += answer.json()["writes"]
        return found

    def rows(self, statement: str, **values: Any) -> list[Any]:
        with database.transaction(self.engine) as db:
            return list(db.execute(text(statement), values))
