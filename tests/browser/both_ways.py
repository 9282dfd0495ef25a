"""The product as real processes at a practice of a simulated AdvancedMD, synced once."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from adapters.secrets.file import FileSecretStore
from adapters.storage.practices import connections
from domain.connections import State
from domain.window import local_day
from infra.clock import system_clock
from infra.database import engine, transaction
from infra.sealing import Keyring, Sealer
from simulators.advancedmd import AdvancedmdSimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup
from tests.browser.office import KEY, Premises
from tests.e2e.stack import free_port

ZONE = "America/New_York"
FIRST_SYNC_SECONDS = 60


@dataclass
class BothWays(Premises[AdvancedmdSimulator]):
    """An office at AdvancedMD."""

    connection: UUID | None = None

    @property
    def vendor_addresses(self) -> dict[str, str]:
        return {
            "ADVANCEDMD_BASE_URL": self.simulator.described(self.vendor)["base_url"],
            "ADVANCEDMD_TOKEN_URL": self.simulator.described(self.vendor)["token_url"],
        }

    def connect(self) -> None:
        office = self.control("GET", "credentials")
        store = FileSecretStore(self.home, Sealer(Keyring.from_hex(KEY)))
        new = connections.NewConnection(
            account_id="default",
            vendor="advancedmd",
            site=office["office_key"],
            timezone=ZONE,
            name="Northside Behavioral Health",
            secret_ref=store.put("northside", office),
            settings={"map_all": True, "deep_link": "https://app.example.org/visits/{id}"},
            telehealth_only=False,
            frequency_minutes=1440,
            state=State.ACTIVE,
        )
        with transaction(self.database, account_id="default") as db:
            self.connection = connections.add(db, new)


@contextmanager
def both_ways(database_url: str, redis_url: str) -> Iterator[BothWays]:
    """Two clinicians and a dozen visits today, read once."""
    with unconnected(database_url, redis_url) as made:
        made.connect()
        done = "SELECT 1 FROM pms_sync_log WHERE status = 'success'"
        made.until_read(done, seconds=FIRST_SYNC_SECONDS)
        yield made


@contextmanager
def unconnected(database_url: str, redis_url: str, *, offices: int = 1) -> Iterator[BothWays]:
    """The same with nothing connected yet."""
    today = local_day(system_clock(), ZONE)
    days = tuple(today + timedelta(days=one) for one in range(-1, 3))
    simulator = AdvancedmdSimulator(
        Setup(
            seed=21,
            tenants=offices,
            practitioners=3,
            appointments=14,
            timezone=ZONE,
            days=days,
            limits=(),
        ),
        Knobs(login_seconds=0, null_patients=False),
    )
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-both-ways-")))
        vendor = stack.enter_context(running(simulator))
        db = engine(database_url, application_name="tests", pool_size=4)
        stack.callback(db.dispose)
        port = free_port()
        made = BothWays(f"http://127.0.0.1:{port}", simulator, vendor, db, redis_url, home)
        stack.callback(made.stop)
        made.start("ingress", "--port", str(port))
        made.start("scheduler")
        made.start("worker", "--pool", "all", "--threads", "2")
        made.until_ready()
        yield made
