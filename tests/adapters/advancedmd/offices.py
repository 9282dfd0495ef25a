"""An office at a simulated AdvancedMD, spoken to over HTTP: what the adapter's tests act on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from adapters import pms
from adapters.advancedmd.source import AdvancedMdSource
from adapters.opening import Opener
from adapters.rest.caller import Caller
from console.simulators import Running
from domain.appointments import Appointment
from domain.connections import Connection
from domain.credentials import ForgettableTokens
from domain.desk import PracticeDesk
from domain.sources import AppointmentSource, Page
from domain.window import Window, whole_days
from infra.clock import system_clock
from tests.fakes import FakeSecrets, FakeTokens
from tests.plain import NO_TLS
from tests.sync.living import NoLimit

ZONE = "America/New_York"
FIRST, LAST = date(2031, 6, 2), date(2031, 6, 4)
"""A Monday to a Wednesday to come."""


@dataclass
class Office:
    """A simulated office, and openers of it that share one set of tokens."""

    simulator: httpx.Client
    connection: Connection
    tenant: Mapping[str, Any]
    secrets: FakeSecrets
    tokens: ForgettableTokens
    openers: list[Opener] = field(default_factory=list)

    def opener(self) -> Opener:
        """As another process would have it."""
        opener = Opener(
            secrets=self.secrets, tokens=self.tokens, throttle=NoLimit(), clock=system_clock
        )
        self.openers.append(opener)
        return opener

    def source(self, **settings: str) -> AppointmentSource:
        return self.opener()(self.set(**settings))

    def caller(self) -> Caller:
        source = self.source()
        assert isinstance(source, AdvancedMdSource)
        return source.line.caller

    def desk(self, **settings: str) -> PracticeDesk:
        found = self.opener().desk(self.set(**settings))
        assert found is not None
        return found

    def set(self, **settings: str) -> Connection:
        return replace(self.connection, settings={**self.connection.settings, **settings})

    @property
    def window(self) -> Window:
        return whole_days(FIRST, LAST, ZONE)

    def pages(self, source: AppointmentSource, *, since: str | None = None) -> list[Page]:
        practitioners = source.practitioners()
        source.types()
        queries = source.queries(self.window, practitioners, since=since)
        return [page for query in queries for page in source.pages(query)]

    def rows(self, **settings: str) -> list[Appointment]:
        pages = self.pages(self.source(**settings))
        found = [row for page in pages for row in page.records]
        return sorted(found, key=lambda row: (row.start, row.pms_id))

    def control(self, name: str, **body: Any) -> Mapping[str, Any]:
        answer = self.simulator.post(f"/_sim/{name}", json=body)
        answer.raise_for_status()
        told: Mapping[str, Any] = answer.json()
        return told

    def told(self, name: str) -> Any:
        answer = self.simulator.get(f"/_sim/{name}", params={"tenant": self.connection.site})
        answer.raise_for_status()
        return answer.json()

    def truth(self) -> dict[str, dict[str, Any]]:
        return {one["id"]: one for one in self.told("truth")["appointments"]}

    def asked(self) -> list[str]:
        """What was asked for, in order: the action of a message, else method and path."""
        return [
            one["query"].removeprefix("action=")
            if "action=" in one["query"]
            else f"{one['method']} {one['path'].rpartition('/scheduler/')[2]}"
            for one in self.told("requests")["requests"]
        ]

    def at(self, hour: int, *, day: date = FIRST) -> datetime:
        """A wall-clock hour of the office."""
        return datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(ZONE))


@contextmanager
def office(*, tokens: ForgettableTokens | None = None, appointments: int = 20) -> Iterator[Office]:
    days = f"{FIRST}..{LAST}"
    options = ["--tenants", "1", "--practitioners", "3", "--limit", "off", "--timezone", ZONE]
    options += ["--appointments", str(appointments), "--days", days]
    with (
        Running("advancedmd", options) as described,
        httpx.Client(base_url=described["url"], verify=NO_TLS) as simulator,
    ):
        # A minute between logins is the vendor clock's affair, and nobody waits for it here.
        simulator.post("/_sim/knobs", json={"login_seconds": 0}).raise_for_status()
        tenant = described["tenants"][0]
        secrets = FakeSecrets()
        connected = Office(
            simulator=simulator,
            connection=_connection(simulator, described, secrets),
            tenant=tenant,
            secrets=secrets,
            tokens=tokens or FakeTokens(),
        )
        yield connected
        for opener in connected.openers:
            opener.close()


def _connection(
    simulator: httpx.Client, described: Mapping[str, Any], secrets: FakeSecrets
) -> Connection:
    tenant = described["tenants"][0]
    told = simulator.get("/_sim/credentials", params={"tenant": tenant["tenantId"]}).json()
    kept = {key: told[key] for key in pms.vendor("advancedmd").secrets}
    return Connection(
        id=UUID(int=7),
        account_id="a",
        vendor="advancedmd",
        site=tenant["tenantId"],
        timezone=ZONE,
        base_url=described["base_url"],
        secret_ref=secrets.put("advancedmd", kept),
        telehealth_types=frozenset(tenant["telehealth_type_ids"]),
    )
