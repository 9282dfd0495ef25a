"""A practice behind Sikka with the product around it as processes, and many callers at once."""

import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count as numbers
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import Engine, text

from adapters.secrets.file import FileSecretStore
from adapters.storage.practices import connections
from domain.connections import State
from domain.tools import BROKEN
from infra import database, embedded
from infra.sealing import Keyring, Sealer
from simulators.records import Patient
from simulators.serving import running
from simulators.setup import Setup
from simulators.sikka import Knobs, SikkaSimulator
from tests.clusters import migrated
from tests.e2e.stack import Process, TooLateError, free_port
from tests.plain import NO_TLS
from tests.sync.practice import ACCOUNT, KEY

ROOT = Path(__file__).parent.parent.parent
ZONE = "America/New_York"
SECRET = "a-secret-of-the-tests"  # noqa: S105 - invented
NUMBER, STRANGER = "+12025550100", "+13125550190"
POOLS = ("voice", "voice", "all")
SOON = timedelta(days=8)
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Call:
    """One caller with one wish; what was said to each delivery of it."""

    id: str
    patient: Patient
    start: datetime
    heard: list[str] = field(default_factory=list)

    @property
    def is_confirmed(self) -> bool:
        return _any_has(self.heard, "is confirmed for", "It is booked", "was made in this call")

    @property
    def is_requested(self) -> bool:
        return _any_has(self.heard, "it is not final yet", "was requested in this call already")

    @property
    def is_in_the_dark(self) -> bool:
        """Somebody was told nothing of what became of it, because nobody could look."""
        return BROKEN in self.heard


@dataclass
class Switchboard:
    """Servers, the simulated practice, the processes, and what goes wrong with them."""

    servers: embedded.Servers
    engine: Engine
    desk: httpx.Client
    url: str
    environment: dict[str, str]
    home: Path
    patients: Sequence[Patient]
    processes: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        log = (self.home / f"{name}.log").open("ab")
        own = Process(arguments, self.environment, log, clock=self.clock_of(name))
        self.processes[name] = own
        own.start()

    def clock_of(self, name: str) -> Path | None:
        """Where it is told how wrong its machine's clock is; None where it is right."""

    def begin(self, port: int, pools: Sequence[str]) -> None:
        self.start("ingress", "ingress", "--port", str(port))
        self.start("scheduler", "scheduler")
        for number, pool in enumerate(pools):
            self.start(f"worker-{pool}-{number}", "worker", "--pool", pool)
        self.wait_for(self.is_ready, seconds=90)

    def keep_up(self) -> None:
        """What a supervisor does."""
        for one in self.processes.values():
            if not one.is_alive():
                one.start()

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, verify=NO_TLS).status_code == 200
        except httpx.HTTPError:
            return False

    def truth(self) -> dict[str, Any]:
        told: dict[str, Any] = self.desk.get("/_sim/truth", params={"tenant": "D90001"}).json()
        return told

    def requests(self) -> list[dict[str, Any]]:
        """What the practice's PMS was asked for, and which fault each request met."""
        found: list[dict[str, Any]] = self.desk.get("/_sim/requests").json()["requests"]
        return found

    def control(self, path: str, **body: Any) -> None:
        self.desk.post(f"/_sim/{path}", json=body).raise_for_status()

    def deliver(self, call: Call) -> int:
        """One delivery of its booking, as Vapi sends it; the status of the answer."""
        local = call.start.astimezone(ZoneInfo(ZONE))
        arguments = {
            "date": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
            "duration": 30,
            "type": "Check-up",
            "firstName": call.patient.first,
            "lastName": call.patient.last,
            "dateOfBirth": f"{call.patient.born_on}",
        }
        function = {"name": "book-appointment", "arguments": json.dumps(arguments)}
        body = {
            "message": {
                "type": "tool-calls",
                "toolCallList": [{"id": "t1", "type": "function", "function": function}],
                "call": {"id": call.id, "customer": {"number": STRANGER}},
                "phoneNumber": {"number": NUMBER},
            }
        }
        answer = httpx.post(
            f"{self.url}/vapi/webhook",
            json=body,
            headers={"X-Vapi-Secret": SECRET},
            timeout=25,
            verify=NO_TLS,
        )
        if answer.status_code == 200:
            for one in answer.json().get("results", []):
                call.heard.append(str(one.get("result") or one.get("error")))
        return answer.status_code

    def open_writes(self) -> int:
        """Writes of which it is not known yet what became of them."""
        query = text(
            "SELECT count(*) FROM pms_writes WHERE state NOT IN ('confirmed','failed','withdrawn')"
        )
        with database.transaction(self.engine, account_id=ACCOUNT) as db:
            return int(db.execute(query).scalar_one())

    def wait_for(self, what: Callable[[], Any], *, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not what():
            self.keep_up()
            if time.monotonic() > ends:
                raise TooLateError(f"not within {seconds} s\n{self.logs()}")
            Event().wait(0.1)

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-1500:]}" for path in self.home.glob("*.log")
        )

    def stop(self) -> None:
        for one in self.processes.values():
            one.kill()
            one.log.close()


def _any_has(heard: Sequence[str], *signs: str) -> bool:
    return any(sign in one for one in heard for sign in signs)


def callers(board: Switchboard, *, count: int, seed: int, a_day: int) -> list[Call]:
    """So many patients want a time of one day, where many want the same, and then of the next."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    known = [one for one in board.patients if one.first and one.born_on and not one.is_deceased]
    alike = Counter((one.last, one.born_on) for one in known)
    people = [one for one in known if alike[one.last, one.born_on] == 1][:a_day]
    if len(people) < a_day:
        raise ValueError(f"there are only {len(people)} callers")
    wishes = ((day, one) for day in _weekdays() for one in people)
    return [Call(uuid4().hex, one, _time(day, dice)) for day, one in islice(wishes, count)]


def _weekdays() -> Iterator[date]:
    first = datetime.now(ZoneInfo(ZONE)).date() + SOON
    days = (first + timedelta(days=number) for number in numbers())
    return (day for day in days if day.weekday() < SATURDAY)


def play(board: Switchboard, calls: Sequence[Call], *, seed: int, at_once: int) -> list[int]:
    """All of them, each delivered one to three times; the statuses of all answers."""
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    deliveries = [call for call in calls for _ in range(dice.choice([1, 1, 2, 3]))]
    dice.shuffle(deliveries)
    with ThreadPoolExecutor(max_workers=at_once) as threads:
        return list(threads.map(board.deliver, deliveries))


def _time(day: date, dice: random.Random) -> datetime:
    hour, minute = dice.randrange(9, 16), dice.choice([0, 30])
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(ZONE))


@contextmanager
def switchboard(*, latency_ms: float = 20) -> Iterator[Switchboard]:
    setup = Setup(
        timezone=ZONE,
        practitioners=7,
        appointments=420,
        tenants=1,
        limits=(),
        latency_ms=latency_ms,
    )
    # The vendor's minutes pass in seconds.
    simulator = SikkaSimulator(
        setup, Knobs(practices=1, null_patients=False, fastest_write=0.2, slowest_write=3.0)
    )
    with tempfile.TemporaryDirectory(prefix="pms-e2e-") as folder, running(simulator) as url:
        home = Path(folder)
        with migrated(home / "servers") as servers:
            engine = database.engine(servers.database_url, application_name="tests")
            with httpx.Client(base_url=url, timeout=10, verify=NO_TLS) as desk:
                described = simulator.described(url)
                variables = environment(home, servers, described)
                _connected(engine, home, desk, described)
                port = free_port()
                board = Switchboard(
                    servers,
                    engine,
                    desk,
                    f"http://127.0.0.1:{port}",
                    variables,
                    home,
                    [
                        one
                        for clinic in simulator.clinics.values()
                        for one in clinic.patients.values()
                    ],
                )
                try:
                    board.begin(port, POOLS)
                    yield board
                finally:
                    board.stop()
                    engine.dispose()


def _connected(
    engine: Engine, home: Path, desk: httpx.Client, described: Mapping[str, Any]
) -> None:
    told = desk.get("/_sim/credentials", params={"tenant": "D90001"}).json()
    store = FileSecretStore(home, Sealer(Keyring.from_hex(KEY)))
    values = {name: str(value) for name, value in told.items() if isinstance(value, str)}
    new = connections.NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site="D90001",
        timezone=ZONE,
        name="Northside Dental",
        base_url=described["base_url"],
        secret_ref=store.put("sikka/default/e2e", values),
        settings={"map_all": True, "requests_a_minute": 10_000},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with database.transaction(engine, account_id=ACCOUNT) as db:
        connections.add(db, new)
        db.execute(text("UPDATE pms_connections SET next_sync_at = NULL"))
    with database.dispatch(engine) as db:
        db.execute(text("UPDATE accounts SET phones = ARRAY[:number]"), {"number": NUMBER})


def environment(
    home: Path, servers: embedded.Servers, described: Mapping[str, Any]
) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PMS_SYNC_HOME": str(home),
        "PMS_SYNC_PROFILE": "test",
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "ENCRYPTION_KEY": KEY,
        "JWT_SECRET": "not-a-secret-but-long-enough-to-sign-with",
        "VAPI_WEBHOOK_SECRET": SECRET,
        "VAPI_CALLS_A_MINUTE": "100000",
        "SIKKA_APP_ID": described["app_id"],
        "SIKKA_APP_KEY": described["app_key"],
        "SIKKA_BASE_URL": described["base_url"],
        "LOG_FORMAT": "json",
    }
