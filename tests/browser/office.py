"""The product as real processes with nothing connected yet, and a simulated Gentu to connect to."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any, Generic, TypeVar

import httpx
from sqlalchemy import Engine, text

from adapters.storage.people.sessions import make_login_link
from adapters.storage.sheet.sheet_events import CHANNEL
from domain.people import Role
from domain.window import local_day
from infra.clock import system_clock
from infra.database import dispatch, engine, transaction
from infra.notices import Listener
from simulators.gentu import GentuSimulator, Knobs
from simulators.serving import running
from simulators.setup import Setup
from tests.e2e.stack import Process, free_port
from tests.plain import NO_TLS

ROOT = Path(__file__).parent.parent.parent
KEY = "89abcdef01234567" * 4
ZONE = "Australia/Melbourne"
PROCESSES = (
    ("scheduler",),
    ("worker", "--pool", "all", "--threads", "2"),
)
STARTED = {
    "ingress": "ingress.started",
    "scheduler": "scheduler.started",
    "worker": "worker.started",
}
"""What each process says once it is there."""
START_SECONDS = 60


Played = TypeVar("Played")


@dataclass
class Premises(Generic[Played]):
    """A service that runs, its simulated vendor, and the database both end up in."""

    base: str
    simulator: Played
    vendor: str
    database: Engine
    redis_url: str
    home: Path
    processes: list[Process] = field(default_factory=list)
    outputs: list["Output"] = field(default_factory=list)

    def link(self) -> str:
        with dispatch(self.database) as db:
            return make_login_link(
                db,
                account_id="default",
                name="Sam Owner",
                role=Role.OWNER,
                now=system_clock(),
                minutes=15,
            )

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call to the simulator's control desk."""
        answer = httpx.request(method, f"{self.vendor}/_sim/{path}", json=body, verify=NO_TLS)
        answer.raise_for_status()
        return answer.json()

    def read(self, query: str) -> list[Any]:
        with transaction(self.database, account_id="default") as db:
            return list(db.execute(text(query)).mappings())

    def start(self, *arguments: str) -> None:
        output = Output(self.home / f"{arguments[0]}.log", STARTED[arguments[0]])
        process = Process(arguments, self._environment(), output.entrance)
        self.processes.append(process)
        self.outputs.append(output)
        process.start()
        output.entrance.close()

    def until_ready(self) -> None:
        """Each process has said that it is there; one that ends instead closes its output."""
        for output in self.outputs:
            assert output.told.wait(START_SECONDS), self.logs()
        assert all(one.is_alive() for one in self.processes), self.logs()

    def until_read(self, query: str, *, seconds: float) -> list[Any]:
        """The rows once there are any, looked for each time the sheet's events tell of news."""
        until = time.monotonic() + seconds
        with Listener(self._database_url(), CHANNEL) as listener:
            while not (found := self.read(query)):
                assert time.monotonic() < until, self.logs()
                listener.wait(timeout=until - time.monotonic())
        return found

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
        for output in self.outputs:
            output.join()

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in self.home.glob("*.log"))

    def _database_url(self) -> str:
        url = self.database.url.set(drivername="postgresql")
        return url.render_as_string(hide_password=False)

    @property
    def vendor_addresses(self) -> dict[str, str]:
        """Where its processes find the simulated vendor."""
        return {}

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PMS_SYNC_HOME": str(self.home),
            "PMS_SYNC_PROFILE": "test",
            "DATABASE_URL": self._database_url(),
            "REDIS_URL": self.redis_url,
            "ENCRYPTION_KEY": KEY,
            "LOG_FORMAT": "json",
            "APP_BASE_URL": self.base,
            **self.vendor_addresses,
        }


@dataclass
class Office(Premises[GentuSimulator]):
    """Such a service with a Gentu to connect to."""

    @property
    def vendor_addresses(self) -> dict[str, str]:
        return {
            "GENTU_BASE_URL": f"{self.vendor}/v1",
            "GENTU_TOKEN_URL": f"{self.vendor}/v1/oauth2/token",
        }


class Output(Thread):
    """Keeps what a process says in its log; `told` once it has said a word, or has ended."""

    def __init__(self, log: Path, word: str) -> None:
        super().__init__(daemon=True)
        outlet, entrance = os.pipe()
        self.entrance: IO[bytes] = os.fdopen(entrance, "wb")
        self.told = Event()
        self._outlet, self._log, self._word = os.fdopen(outlet, "rb"), log, word.encode()
        self.start()

    def run(self) -> None:
        with self._outlet, self._log.open("wb", buffering=0) as kept:
            for line in self._outlet:
                kept.write(line)
                if self._word in line:
                    self.told.set()
        self.told.set()


@contextmanager
def office(database_url: str, redis_url: str) -> Iterator[Office]:
    """A practice with four practitioners and thirty appointments today, not paired yet."""
    today = local_day(system_clock(), ZONE)
    simulator = GentuSimulator(
        Setup(seed=11, practitioners=4, appointments=30, timezone=ZONE, days=(today,), limits=()),
        Knobs(is_paired=False),
    )
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-office-")))
        vendor = stack.enter_context(running(simulator))
        db = engine(database_url, application_name="tests", pool_size=4)
        stack.callback(db.dispose)
        port = free_port()
        made = Office(f"http://127.0.0.1:{port}", simulator, vendor, db, redis_url, home)
        stack.callback(made.stop)
        made.start("ingress", "--port", str(port))
        for arguments in PROCESSES:
            made.start(*arguments)
        made.until_ready()
        yield made
