"""Many practices behind Sikka, each an account of its own, and callers who all want their times."""

import asyncio
import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import Engine, text

from adapters.secrets.file import FileSecretStore
from adapters.storage.people import accounts
from adapters.storage.people.accounts import Account
from adapters.storage.practices import connections
from domain.connections import State
from domain.tools import TOO_MANY
from infra import database
from infra.sealing import Keyring, Sealer
from tests.clusters import migrated
from tests.e2e.stack import free_port
from tests.e2e.switchboard import POOLS, SECRET, SOON, Switchboard, environment
from tests.plain import NO_TLS
from tests.sync.practice import KEY

ROOT = Path(__file__).parent.parent.parent
HOURS = (9, 10, 11, 14, 15)
"""The slots of each practice: one chair and one dentist have them once."""

AREAS = ("212", "213", "312", "305", "404", "415", "503", "602", "617", "702")
SATURDAY = 5
MOST_TRIES = 4
PATIENCE_SECONDS = 20.0
"""After which Vapi itself stops waiting for an answer."""

OUTCOMES = {
    "could not reach the practice": "fallback",
    "too many requests": "turned away",
    "did not accept": "not accepted",
    "is not free": "taken",
}
"""What the last sentence was about, where nothing was booked."""

HEAD = (
    b"POST /vapi/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"X-Vapi-Secret: " + SECRET.encode() + b"\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One account's practice, and the numbers of the people it knows."""

    site: str
    number: str
    zone: ZoneInfo
    patients: Sequence[Json]
    before: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Caller:
    """One phone call; what was said to each delivery of each of its tool calls."""

    id: str
    number: str
    branch: Branch
    patient: Json
    dice: random.Random
    heard: list[list[str]] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def words(self) -> list[str]:
        return [one for each in self.heard for one in each]

    @property
    def is_confirmed(self) -> bool:
        signs = ("is confirmed for", "It is booked", "was made in this call already")
        return any(sign in one for one in self.words for sign in signs)

    @property
    def is_requested(self) -> bool:
        signs = ("it is not final yet", "was requested in this call already")
        return any(sign in one for one in self.words for sign in signs)

    @property
    def has_heard_twice(self) -> bool:
        """Whether two deliveries of one tool call were answered differently.

        Somebody whom a busy ingress turns away, before it has looked at anything, hears nothing of
        what became of a request.
        """
        return any(len({one for one in each if one != TOO_MANY}) > 1 for each in self.heard)

    @property
    def missed(self) -> int:
        """How many answers did not arrive, so that nobody knows what they said."""
        return sum(count for status, count in self.statuses.items() if status != "200")

    @property
    def told(self) -> str:
        """The outcome as this caller understood it."""
        if self.is_confirmed:
            return "confirmed"
        if self.is_requested:
            return "requested"
        last = self.heard[-1][0] if self.heard[-1] else ""
        return next((name for sign, name in OUTCOMES.items() if sign in last), "no answer")

    async def talk(self, port: int, *, small_talk: float) -> None:
        """Asks for one time after another until one is theirs, or they have tried enough.

        All are on the line at once, and nobody speaks in chorus.
        """
        await asyncio.sleep(self.dice.uniform(0, small_talk))
        for turn in range(MOST_TRIES):
            hour = self.dice.choice(HOURS)
            body = self._message(f"t{turn}", hour)
            copies = self.dice.choice([1, 1, 2, 3])
            said = await asyncio.gather(*(self._deliver(port, body) for _ in range(copies)))
            self.heard.append([one for one in said if one])
            if self.is_confirmed or self.is_requested:
                return
            await asyncio.sleep(self.dice.uniform(1, 2 + small_talk / 10))

    async def _deliver(self, port: int, body: Json) -> str:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                status, said = await _posted(port, json.dumps(body).encode())
        except OSError as lost:
            self.statuses[type(lost).__name__] += 1
            return ""
        self.statuses[str(status)] += 1
        (entry,) = json.loads(said)["results"]
        return str(entry.get("result") or entry["error"])

    def _message(self, tool_call: str, hour: int) -> Json:
        arguments = {
            "date": f"{day(self.branch.zone):%Y-%m-%d}",
            "time": f"{hour:02}:00",
            "duration": 30,
            "firstName": self.patient["first"],
            "lastName": self.patient["last"],
            "dateOfBirth": self.patient["date_of_birth"],
        }
        function = {"name": "book-appointment", "arguments": json.dumps(arguments)}
        return {
            "message": {
                "type": "tool-calls",
                "toolCallList": [{"id": tool_call, "type": "function", "function": function}],
                "call": {"id": self.id, "customer": {"number": self.number}},
                "phoneNumber": {"number": self.branch.number},
            }
        }


@dataclass
class Exchange(Switchboard):
    """A switchboard with many practices, and the texts that leave it."""

    branches: list[Branch] = field(default_factory=list)
    texting: httpx.Client = field(default_factory=httpx.Client)

    def books(self) -> Mapping[str, Json]:
        """What each practice holds in truth."""
        return {one.site: _truth(self.desk, one.site) for one in self.branches}

    def texts(self) -> Mapping[str, Sequence[str]]:
        """Everything each number was sent."""
        found: dict[str, list[str]] = {}
        for one in self.texting.get("/_sim/truth").json()["messages"]:
            found.setdefault(one["to"], []).append(one["body"])
        return found

    def is_quiet(self) -> bool:
        """Whether every write has an end and every text that tells of one has left."""
        query = text(
            """
            SELECT (SELECT count(*) FROM pms_writes
                    WHERE state NOT IN ('confirmed', 'failed', 'withdrawn')
                       OR (told = 'requested' AND text_state IS NULL))
                 + (SELECT count(*) FROM text_messages
                    WHERE state IN ('due', 'sending', 'unknown'))
            """
        )
        with database.transaction(self.engine) as db:
            return int(db.execute(query).scalar_one()) == 0


def day(zone: ZoneInfo) -> datetime:
    """A weekday soon, on which nobody has an appointment yet."""
    found = datetime.now(zone) + SOON
    while found.weekday() >= SATURDAY:
        found += timedelta(days=1)
    return found


def callers(exchange: Exchange, *, count: int, seed: int) -> list[Caller]:
    """As many at each practice; everybody is somebody else, from a number of their own."""
    each = count // len(exchange.branches)
    found: list[Caller] = []
    for branch in exchange.branches:
        if len(branch.patients) < each:
            raise ValueError(f"{branch.site} knows only {len(branch.patients)} people")
        for patient in branch.patients[:each]:
            number = len(found)
            found.append(
                Caller(
                    id=uuid4().hex,
                    number=f"+1{AREAS[number // 100]}55501{number % 100:02}",
                    branch=branch,
                    patient=patient,
                    dice=random.Random(f"{seed}/{number}"),  # noqa: S311 - a test's dice
                )
            )
    return found


async def play(exchange: Exchange, calling: Sequence[Caller], *, small_talk: float) -> None:
    """All of them at once; the longest first word takes that many seconds."""
    port = httpx.URL(exchange.url).port or 0
    await asyncio.gather(*(one.talk(port, small_talk=small_talk) for one in calling))


async def _posted(port: int, body: bytes) -> tuple[int, bytes]:
    """Over a line of its own; as bytes, for a client of HTTP is slower than what it judges."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(HEAD % len(body) + body)
        head, _, said = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if not head:
        raise ConnectionResetError("closed without an answer")
    return int(head.split()[1]), said


@contextmanager
def exchange(*, practices: int) -> Iterator[Exchange]:
    with ExitStack() as parts:
        home = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="pms-e2e-")))
        sikka = parts.enter_context(
            _simulator("sikka", "--tenants", str(practices), "--practitioners", "1",
                       "--appointments", "120", "--limit", "off", "--latency-ms", "10")
        )  # fmt: skip
        twilio = parts.enter_context(_simulator("twilio"))
        servers = parts.enter_context(migrated(home / "servers"))
        engine = database.engine(servers.database_url, application_name="tests")
        parts.callback(engine.dispose)
        desk = parts.enter_context(httpx.Client(base_url=sikka["url"], timeout=30, verify=NO_TLS))
        texting = parts.enter_context(
            httpx.Client(base_url=twilio["url"], timeout=30, verify=NO_TLS)
        )
        port = free_port()
        made = Exchange(
            servers=servers,
            engine=engine,
            desk=desk,
            url=f"http://127.0.0.1:{port}",
            environment=environment(home, servers, sikka) | _texting(twilio, port),
            home=home,
            patients=[],
            branches=_opened(engine, home, desk, sikka),
            texting=texting,
        )
        parts.callback(made.stop)
        made.begin(port, POOLS)
        yield made


def _texting(twilio: Json, port: int) -> dict[str, str]:
    return {
        "APP_BASE_URL": f"http://127.0.0.1:{port}",
        "TWILIO_ACCOUNT_SID": twilio["account_sid"],
        "TWILIO_AUTH_TOKEN": twilio["auth_token"],
        "TWILIO_MESSAGING_SERVICE_SID": twilio["messaging_service_sid"],
        "TWILIO_BASE_URL": twilio["base_url"],
    }


@contextmanager
def _simulator(name: str, *arguments: str) -> Iterator[Json]:
    """A simulator as a process of its own, as it describes itself."""
    command = [sys.executable, "-m", f"simulators.{name}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own command
        assert running.stdout is not None
        try:
            described: Json = json.loads(running.stdout.readline())
            yield described
        finally:
            running.terminate()


def _opened(engine: Engine, home: Path, desk: httpx.Client, sikka: Json) -> list[Branch]:
    """Each office's first practice as the only one of an account with a number of its own."""
    offices = [one for one in sikka["tenants"] if ":" not in one["tenantId"]]
    return [
        _branch(engine, home, desk, sikka, office, number=f"+120255501{number:02}")
        for number, office in enumerate(offices)
    ]


def _branch(
    engine: Engine, home: Path, desk: httpx.Client, sikka: Json, office: Json, *, number: str
) -> Branch:
    site, zone = office["tenantId"], office["timezone"]
    account = f"office-{site.lower()}"
    held = desk.get("/_sim/credentials", params={"tenant": site}).json()
    store = FileSecretStore(home, Sealer(Keyring.from_hex(KEY)))
    values = {name: str(value) for name, value in held.items() if isinstance(value, str)}
    new = connections.NewConnection(
        account_id=account,
        vendor="sikka",
        site=site,
        timezone=zone,
        name=office["tenantName"],
        base_url=sikka["base_url"],
        secret_ref=store.put(f"sikka/{account}/e2e", values),
        settings={"map_all": True, "requests_a_minute": 10_000},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    with database.dispatch(engine) as db:
        accounts.add(db, Account(id=account, name=office["tenantName"], phones=[number]))
    with database.transaction(engine, account_id=account) as db:
        connections.add(db, new)
        db.execute(text("UPDATE pms_connections SET next_sync_at = NULL"))
    book = _truth(desk, site)
    return Branch(
        site=site,
        number=number,
        zone=ZoneInfo(zone),
        patients=_known_apart(book),
        before=frozenset(one["id"] for one in book["appointments"]),
    )


def _known_apart(book: Json) -> list[Json]:
    """People whose last name and birthday are nobody else's."""
    everybody = {one["id"]: one for row in book["appointments"] for one in row["patients"]}
    named = [one for one in everybody.values() if one["first"] and one["date_of_birth"]]
    alike = Counter((one["last"], one["date_of_birth"]) for one in named)
    return [one for one in named if alike[one["last"], one["date_of_birth"]] == 1]


def _truth(desk: httpx.Client, site: str) -> Json:
    told: Json = desk.get("/_sim/truth", params={"tenant": site}).json()
    return told
