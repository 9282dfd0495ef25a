"""Servers of their own, a scheduler and hands as processes, and jobs that are chores."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import redis
from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import put
from domain.jobs import NewJob
from infra import embedded
from infra.database import DatabaseAway, dispatch, engine
from tests.checks.hand import CHORE
from tests.clusters import migrated
from tests.e2e.stack import ROOT, TooLateError
from tests.sync.practice import KEY

LOOK = 0.05
HAND, PRODUCT = "tests.checks.hand", "console.main"


@dataclass
class Kept:
    """A process that is started again whenever it has ended, as a supervisor does."""

    command: Sequence[str]
    environment: dict[str, str]
    log: IO[bytes]
    starts: int = 0
    running: subprocess.Popen[bytes] | None = None

    def keep_up(self) -> None:
        if self.running is not None and self.running.poll() is None:
            return
        self.starts += 1
        self.running = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", *self.command],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        assert self.running is not None
        return self.running.poll()

    def told(self) -> bytes:
        return Path(self.log.name).read_bytes()

    def signal(self, how: signal.Signals) -> None:
        os.killpg(self.pid, how)

    def kill(self) -> None:
        assert self.running is not None
        if self.running.poll() is None:
            self.signal(signal.SIGKILL)
        self.running.wait(timeout=10)


@dataclass
class Ground:
    """What a check stands on; `wait_for` keeps every process running meanwhile."""

    home: Path
    servers: embedded.Servers
    engine: Engine
    kept: list[Kept] = field(default_factory=list)

    def start(self, module: str, *arguments: str) -> Kept:
        log = (self.home / f"{arguments[0]}-{len(self.kept)}.log").open("ab")
        made = Kept((module, *arguments), self.environment(), log)
        self.kept.append(made)
        made.keep_up()
        return made

    def hand(self, threads: int) -> Kept:
        return self.start(HAND, str(threads))

    def scheduler(self) -> Kept:
        return self.start(PRODUCT, "scheduler")

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PMS_SYNC_HOME": str(self.home),
            "PMS_SYNC_PROFILE": "test",
            "DATABASE_URL": self.servers.database_url,
            "REDIS_URL": self.servers.redis_url,
            "ENCRYPTION_KEY": KEY,
            "JWT_SECRET": "not-a-secret-but-long-enough-to-sign-with",
            "LOG_FORMAT": "json",
        }

    def wait_for(self, what: Callable[[], Any], *, seconds: float) -> float:
        """Poll until `what` holds; answers how long it took."""
        began = time.monotonic()
        while not what():
            for one in self.kept:
                one.keep_up()
            if time.monotonic() - began > seconds:
                raise TooLateError(f"not within {seconds} s\n{self.states()}\n{self.logs()}")
            time.sleep(LOOK)
        return time.monotonic() - began

    def put(self, count: int, kind: str = CHORE, **fields: Any) -> list[int]:
        with dispatch(self.engine) as db:
            return [put(db, NewJob(kind=kind, **fields)) for _ in range(count)]

    def rows(self, query: str, **values: Any) -> Sequence[Any]:
        with dispatch(self.engine) as db:
            return db.execute(text(query), values).all()

    def run(self, statement: str, **values: Any) -> None:
        with dispatch(self.engine) as db:
            db.execute(text(statement), values)

    def states(self, jobs: Sequence[int] | None = None) -> Counter[str]:
        rows = self.rows(
            "SELECT state, count(*) FROM jobs"
            " WHERE CAST(:all AS boolean) OR id = ANY(:ids) GROUP BY state",
            all=jobs is None,
            ids=list(jobs or ()),
        )
        return Counter({row.state: row.count for row in rows})

    def are_done(self, jobs: Sequence[int]) -> bool:
        return self.states(jobs)["done"] == len(jobs)

    def workers_alive(self) -> int:
        query = "SELECT count(*) AS alive FROM workers WHERE seen_at > now() - interval '5 s'"
        (row,) = self.rows(query)
        return int(row.alive)

    def warm_up(self, hands: int) -> None:
        """Until every hand has begun, and a job has gone the whole way."""
        self.wait_for(lambda: self.workers_alive() == hands, seconds=60)
        jobs = self.put(2)
        self.wait_for(lambda: self.are_done(jobs), seconds=60)

    def starts(self) -> list[int]:
        """How often each process was started."""
        return [one.starts for one in self.kept]

    def is_answering(self) -> bool:
        try:
            self.rows("SELECT 1")
        except DatabaseAway:
            return False
        return True

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.servers.redis_url)

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-2000:]}" for path in self.home.glob("*.log")
        )

    def stop(self) -> None:
        for one in self.kept:
            one.kill()
            one.log.close()


@contextmanager
def ground(**settings: str) -> Iterator[Ground]:
    """Servers and nobody at work yet; `settings` are Postgres's."""
    with tempfile.TemporaryDirectory(prefix="pms-checks-") as folder:
        home = Path(folder)
        with migrated(home / "servers", settings=settings) as servers:
            made = Ground(home, servers, engine(servers.database_url, application_name="tests"))
            try:
                yield made
            finally:
                made.stop()
                made.engine.dispose()
