"""What the checks of a desk are made of: a practice, played, and a line to it that can break."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import Enum, auto
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from adapters.phones import normalised, region_of
from adapters.pms import vendor
from adapters.rest.ports import Ports
from adapters.rest.vendor import Vendor
from console.simulators import Running
from domain.connections import Connection
from domain.desk import Outcome, OutcomeUnknown, PracticeDesk, Receipt, Verdict
from domain.errors import Transient
from domain.window import Window
from domain.wishes import Booking, Wish, Write
from infra.clock import system_clock
from infra.http import Client, NotSent
from tests.contract.kit import FakeThrottle, HttpAnswer
from tests.fakes import FakeTokens
from tests.plain import NO_TLS

FIXTURES = Path(__file__).parents[1] / "fixtures" / "desks"
MINUTES = 30
A_MINUTE = timedelta(minutes=1)
LONGEST = 60.0
"""Seconds until a write that was taken on is done, or never will be."""

AT_ONCE, LATER = timedelta(), timedelta(minutes=2)
"""When a write is read back: at once, and when whatever was under way has come or will not."""

Row = Mapping[str, Any]


class Ends(Enum):
    """How the line serves the next write."""

    LOST = auto()  # done, and no answer comes
    NEVER_THERE = auto()  # it left, never came, and nobody can know
    UNSENT = auto()  # it certainly never left


@dataclass
class Line:
    """The real way out; `serves` is how the next write fares, an answer being one not theirs."""

    client: Client
    is_write: re.Pattern[str]
    serves: Ends | HttpAnswer | None = None
    asked: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)

    def send(self, method: str, url: str, **request: Any) -> Any:
        named = f"{method} {urlsplit(url).path}"
        self.asked.append(named)
        if not self.is_write.fullmatch(named):
            return self.client.send(method, url, **request)
        self.writes.append(named)
        serves, self.serves = self.serves, None
        if serves is Ends.UNSENT:
            raise NotSent("no line")
        if serves is Ends.NEVER_THERE:
            raise Transient("the line dropped")
        if isinstance(serves, HttpAnswer):
            return serves
        answer = self.client.send(method, url, **request)
        if serves is Ends.LOST:
            raise Transient("the line dropped")
        return answer


@dataclass
class Played:
    """One practice at its simulator; `ahead` is by how much later it is for the desk."""

    described: Vendor
    told: Mapping[str, Any]
    simulator: httpx.Client
    connection: Connection
    secrets: Mapping[str, str]
    line: Line
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    codes: dict[str, Any] = field(default_factory=dict)
    ahead: timedelta = AT_ONCE
    receipts: set[str] = field(default_factory=set)

    def desk(self) -> PracticeDesk:
        """As another process would have it, for a caller who waits."""
        assert self.described.desk is not None
        ports = Ports(
            sender=self.line,
            tokens=self.tokens,
            throttle=self.throttle,
            clock=lambda: system_clock() + self.ahead,
            voice=True,
            codes=self.codes,
        )
        return self.described.desk(
            self.described, self.connection, secrets=self.secrets, ports=ports
        )

    def truth(self) -> dict[str, Row]:
        """What stands in the practice's book, by its id."""
        answer = self.simulator.get("/_sim/truth", params={"tenant": self.connection.site})
        answer.raise_for_status()
        return {one["id"]: one for one in answer.json()["appointments"]}

    def control(self, name: str, **body: Any) -> Mapping[str, Any]:
        told = {"tenant": self.connection.site, **body}
        answer = self.simulator.post(f"/_sim/{name}", json=told)
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
        return found

    def whose(self, row: Row) -> str:
        """In whose column it stands."""
        return str(row[self.told.get("column", "practitioner_id")])

    def visits(self) -> list[Row]:
        """To come, of one patient each, and nothing has happened to them yet."""
        return [
            one
            for one in self.truth().values()
            if one["meaning"] == "booked" and len(one["patients"]) == 1 and one["end_utc"]
        ]

    def a_visit(self) -> Row:
        """Somebody's, with a name and a date of birth."""
        return next(one for one in self.visits() if is_known(one["patients"][0]))

    def window(self) -> Window:
        """All that is in the book."""
        every = self.truth().values()
        return Window(min(map(start, every)), max(map(end, every)))

    def a_time(self) -> datetime:
        """When nobody has anything: not the practitioners, and not the patients."""
        every = [(start(one), end(one)) for one in self.truth().values()]
        place = ZoneInfo(self.connection.timezone)
        for day in sorted({begins.astimezone(place).date() for begins, _ in every}):
            for quarter in range(4 * 9, 4 * 17):
                at = time(quarter // 4, quarter % 4 * 15)
                begins = datetime.combine(day, at, place).astimezone(UTC)
                ends = begins + timedelta(minutes=MINUTES)
                if not any(one < ends and begins < other for one, other in every):
                    return begins
        raise AssertionError("the simulator's book is full: play it with fewer appointments")

    def a_booking(self, **told: Any) -> Booking:
        row = self.a_visit()
        usual = {
            "patient_id": row["patients"][0]["id"],
            "start": self.a_time(),
            "minutes": MINUTES,
            "practitioner_id": self.whose(row),
            "operatory_id": row.get("operatory"),
            "type_id": row["type_id"],
        }
        return Booking(**{**usual, **told})

    def carried(self, wish: Wish) -> Outcome:
        """Sent, and followed to its end; what is called done is looked for in the book."""
        desk, write = self.desk(), written(wish)
        receipt = desk.submit(write)
        return self.followed(desk, write, receipt)

    def followed(self, desk: PracticeDesk, write: Write, receipt: Receipt) -> Outcome:
        if receipt.number is not None:
            self.receipts.add(receipt.number)
        if receipt.is_final:
            return Outcome(verdict=Verdict.DONE, pms_id=receipt.pms_id)
        until = system_clock() + timedelta(seconds=LONGEST)
        while (found := desk.outcome(write, receipt)).verdict is Verdict.PENDING:
            assert system_clock() < until, "it is neither done nor refused after a minute"
            Event().wait(0.05)
        return found

    def doubted(self, wish: Wish, *, serves: Ends | HttpAnswer) -> Write:
        """Sent on a line that fails so that nobody can know what became of it."""
        write = written(wish)
        self.line.serves = serves
        try:
            receipt = self.desk().submit(write)
        except OutcomeUnknown:
            return write
        raise AssertionError(f"no answer came, and yet it says {receipt}")

    def read_back(self, write: Write, *, after: timedelta = LATER) -> Outcome:
        """By a process that knows that it left, and the numbers of all others that did."""
        self.ahead = after
        try:
            return self.desk().find(replace(write, others=frozenset(self.receipts)))
        finally:
            self.ahead = AT_ONCE

    def settles(self, version: int) -> None:
        """Until what left has come into the book: a vendor may take its time over it."""
        until = system_clock() + timedelta(seconds=LONGEST)
        while self.version() == version:
            assert system_clock() < until, "the simulator did not do what it took on"
            Event().wait(0.05)

    def version(self) -> int:
        """How many changes there were at the practice."""
        answer = self.simulator.get("/_sim/truth", params={"tenant": self.connection.site})
        return int(answer.json()["version"])


def written(wish: Wish) -> Write:
    """As it leaves, under a number of its own."""
    marker = uuid4().hex[:6].upper().translate(str.maketrans("01", "GH"))
    return Write(wish=wish, marker=marker, submitted_at=system_clock())


def start(row: Row) -> datetime:
    return datetime.fromisoformat(row["start_utc"])


def end(row: Row) -> datetime:
    return datetime.fromisoformat(row["end_utc"]) if row["end_utc"] else start(row) + A_MINUTE


def is_known(person: Row) -> bool:
    return all(person[key] for key in ("first", "last", "phone", "date_of_birth"))


def dialled(person: Row, connection: Connection) -> str:
    """Their number as it is shown to whoever they call."""
    found = normalised(person["phone"], region_of(connection.timezone)).e164
    assert found is not None, "the simulator's numbers are none of its country"
    return found


def told_of(name: str, *, folder: Path = FIXTURES) -> Mapping[str, Any]:
    """How the vendor's simulator is played for its desk, as data."""
    path = folder / f"{name}.json"
    assert path.exists(), f"{path.name} is missing in tests/fixtures/desks: see adding-a-desk.md"
    found: Mapping[str, Any] = json.loads(path.read_text())
    return found


@contextmanager
def played(name: str, *, described: Vendor | None = None) -> Iterator[Played]:
    """A week of a small practice, connected."""
    told = told_of(name)
    options = ["--practitioners", "3", "--appointments", "6", "--days", "+1..+7", "--limit", "off"]
    with (
        Running(name, [*options, *told.get("simulator", ())]) as said,
        httpx.Client(base_url=said["url"], verify=NO_TLS, timeout=30) as simulator,
    ):
        if knobs := told.get("knobs"):
            simulator.post("/_sim/knobs", json=knobs).raise_for_status()
        with connected(described or vendor(name), told, said, simulator) as found:
            yield found


@contextmanager
def connected(
    described: Vendor, told: Mapping[str, Any], said: Mapping[str, Any], simulator: httpx.Client
) -> Iterator[Played]:
    tenant = said["tenants"][0]
    secrets = simulator.get("/_sim/credentials", params={"tenant": tenant["tenantId"]}).json()
    connection = Connection(
        id=UUID(int=1),
        account_id="a",
        vendor=described.name,
        site=tenant["tenantId"],
        timezone=tenant["timezone"],
        base_url=said["base_url"],
        token_url=said.get("token_url"),
        pms_type=tenant.get("pms"),
        settings=told.get("settings", {}),
        opening_hours=told.get("opening_hours", {}),
        telehealth_only=False,
    )
    with Client(described.hosts(connection), "Example", allow_loopback_http=True) as client:
        line = Line(client, re.compile(told["writes"]))
        yield Played(described, told, simulator, connection, secrets, line)


def answered(status: int, body: bytes = b"{}", **headers: str) -> HttpAnswer:
    return HttpAnswer(status, headers, body)


def busy_at(desk: PracticeDesk, row: Row) -> Sequence[str]:
    """What stands in the way of that visit's time."""
    window = Window(start(row), end(row))
    return [one.pms_id or "" for one in desk.busy(window)]
