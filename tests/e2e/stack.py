"""The product as separate processes over servers of its own, with a simulated Gentu in front."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import redis
from sqlalchemy import text

from adapters.secrets.file import FileSecretStore
from infra import embedded
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from simulators.gentu import Knobs
from simulators.setup import Setup
from tests.clusters import migrated
from tests.sync.practice import ACCOUNT, DAY, KEY, Practice, practice

ROOT = Path(__file__).parent.parent.parent
LOOK = 0.02


class TooLateError(AssertionError):
    """What was awaited did not happen in time."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@dataclass
class Process:
    """One process of the product and its log; `clock` says how wrong its machine's is."""

    arguments: Sequence[str]
    environment: dict[str, str]
    log: IO[bytes]
    running: subprocess.Popen[bytes] | None = None
    clock: Path | None = None

    def start(self) -> None:
        how = ["tests.e2e.off_clock", str(self.clock)] if self.clock else ["console.main"]
        self.running = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", *how, *self.arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    def signal(self, how: signal.Signals) -> None:
        assert self.running is not None
        os.killpg(self.running.pid, how)

    def kill(self) -> None:
        """`kill -9`, without a chance to say goodbye."""
        assert self.running is not None
        if self.running.poll() is None:
            self.signal(signal.SIGKILL)
        self.running.wait(timeout=10)

    def is_alive(self) -> bool:
        return self.running is not None and self.running.poll() is None


@dataclass
class Stack:
    """Everything of one test: servers, a practice, and the processes started so far."""

    home: Path
    servers: embedded.Servers
    clinic: Practice
    client: redis.Redis
    environment: dict[str, str]
    processes: list[Process] = field(default_factory=list)

    def start(self, *arguments: str) -> Process:
        log = (self.home / f"{arguments[0]}-{len(self.processes)}.log").open("wb")
        process = Process(arguments, self.environment, log)
        self.processes.append(process)
        process.start()
        return process

    def worker(self) -> Process:
        return self.start("worker", "--pool", "sync", "--threads", "2")

    def scheduler(self) -> Process:
        return self.start("scheduler")

    def wait_for(self, what: Callable[[], Any], *, seconds: float) -> float:
        """Poll until `what` holds; answers how long it took."""
        began = time.monotonic()
        while not what():
            self.keep_up()
            if time.monotonic() - began > seconds:
                raise TooLateError(f"not within {seconds} s\n{self.logs()}")
            time.sleep(LOOK)
        return time.monotonic() - began

    def keep_up(self) -> None:
        """What a supervisor does: start again what ended by itself (crash-only workers)."""
        for process in self.processes:
            if process.running is not None and process.running.poll() == os.EX_TEMPFAIL:
                process.start()

    def ended(self, job_id: int) -> bool:
        return self.state(job_id) not in {"ready", "running"}

    def state(self, job_id: int) -> str:
        with dispatch(self.clinic.engine) as db:
            found = db.execute(text("SELECT state FROM jobs WHERE id = :id"), {"id": job_id})
            return str(found.scalar_one())

    def saved(self) -> int:
        """Rows on the sheet by now."""
        with transaction(self.clinic.engine, account_id=ACCOUNT) as db:
            return int(db.execute(text("SELECT count(*) FROM run_sheet_appointments")).scalar_one())

    def workers_alive(self) -> int:
        with dispatch(self.clinic.engine) as db:
            query = text("SELECT count(*) FROM workers WHERE seen_at > now() - interval '5 s'")
            return int(db.execute(query).scalar_one())

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-2000:]}" for path in self.home.glob("*.log")
        )

    def stop(self) -> None:
        for process in self.processes:
            if process.is_alive():
                process.signal(signal.SIGTERM)
        for process in self.processes:
            if process.running is not None:
                try:
                    process.running.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.log.close()


@contextmanager
def stack(*, setup: Setup | None = None, knobs: Knobs | None = None) -> Iterator[Stack]:
    """Servers, a connected practice with its secret in the file store, and no process yet."""
    with tempfile.TemporaryDirectory(prefix="pms-e2e-") as folder:
        home = Path(folder)
        with migrated(home / "servers") as servers:
            client = redis.Redis.from_url(servers.redis_url)
            sealer = Sealer(Keyring.from_hex(KEY))
            with practice(servers.database_url, client, setup=setup, knobs=knobs) as clinic:
                store = FileSecretStore(home, sealer)
                ref = store.put("gentu/default/e2e", clinic.secrets.kept["gentu"])
                _point_to(clinic, ref)
                running = Stack(home, servers, clinic, client, _environment(home, servers))
                try:
                    yield running
                finally:
                    running.stop()
            client.close()


def _point_to(clinic: Practice, ref: str) -> None:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        query = text("UPDATE pms_connections SET secret_ref = :ref, next_sync_at = NULL")
        db.execute(query, {"ref": ref})


def _environment(home: Path, servers: embedded.Servers) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PMS_SYNC_HOME": str(home),
        "PMS_SYNC_PROFILE": "test",
        "DATABASE_URL": servers.database_url,
        "REDIS_URL": servers.redis_url,
        "ENCRYPTION_KEY": KEY,
        "LOG_FORMAT": "json",
    }


__all__ = ["DAY", "Process", "Stack", "stack"]
