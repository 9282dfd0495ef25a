"""Measures how syncs scale: 1, 2 and 4 worker processes; 10, 100 and 1,000 small practices.

Each practice has 2 practitioners and 12 appointments on the day asked for, played back from memory.
All are put to be synced at the same instant; what counts is the time until the last is fresh. The
scheduler, the ledger, the claims, the leases and the workers are the product's own processes.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from sys import executable
from typing import Any

from sqlalchemy import text

from adapters.storage.jobs.ledger import put
from bench.playback import playback
from bench.stage import ACCOUNT, connected
from bench.voice_told import Row, load
from console.processes import children
from console.simulators import Running
from console.truth import Simulator
from console.wiring import Wiring, wired
from domain.connections import Connection
from domain.runs import SyncType
from domain.work import sync_job
from infra.database import dispatch, transaction
from infra.supervisor import Child, Supervisor

WORKERS, DAY = (1, 2, 4), date(2026, 6, 2)
SMALLEST = 10
OPTIONS = ("--practitioners", "2", "--appointments", "12", "--limit", "off")
PATIENCE, LOOK_SECONDS = 900.0, 0.05
NOWHERE = "http://127.0.0.1:9"
HEADINGS: Row = (
    "connections", "workers", "load", "rows", "rows/s", "syncs/s", "all fresh after s",
    "load average",
)  # fmt: skip

_QUIET = text("UPDATE pms_connections SET next_sync_at = NULL")
_WAITING = text("SELECT count(*) FROM jobs WHERE queue = 'sync' AND state IN ('ready', 'running')")
_LOST = text(
    "SELECT count(*) FROM jobs WHERE queue = 'sync' AND state NOT IN ('ready', 'running', 'done')"
)
_ROWS = text("SELECT COALESCE(sum(fetched), 0)::bigint FROM pms_sync_log")
_WORKERS = text("SELECT count(*) FROM workers")


@dataclass(frozen=True, slots=True)
class Practices:
    """All of them, connected to one product."""

    wiring: Wiring
    connections: Sequence[Connection]
    logs: Path

    def value(self, query: Any) -> int:
        with dispatch(self.wiring.engine) as db:
            return int(db.execute(query).scalar_one())

    def rows_read(self) -> int:
        with transaction(self.wiring.engine, account_id=ACCOUNT) as db:
            return int(db.execute(_ROWS).scalar_one())


def rows(*, connections: int) -> Iterator[Row]:
    """So many at most. A first load of all, then unchanged reloads in every combination."""
    sizes = _sizes(connections)
    with practices(connections) as here:
        with at_work(here, WORKERS[-1]):
            yield _measured(here, here.connections, WORKERS[-1], "first load")
        for workers, size in product(WORKERS, sizes):
            with at_work(here, workers):
                yield _measured(here, here.connections[:size], workers, "unchanged")


def _sizes(most: int) -> list[int]:
    """10, 100, 1,000 ..., and the most itself."""
    sizes, size = list[int](), SMALLEST
    while size < most:
        sizes.append(size)
        size *= 10
    return [*sizes, most]


def _measured(here: Practices, chosen: Sequence[Connection], workers: int, kind: str) -> Row:
    before = here.rows_read()
    _put(here, chosen)
    started = time.monotonic()
    _wait_until(lambda: not here.value(_WAITING))
    took = time.monotonic() - started
    if here.value(_LOST):
        raise RuntimeError("a sync did not end well")
    read = here.rows_read() - before
    return (
        f"{len(chosen):,}",
        f"{workers}",
        kind,
        f"{read:,}",
        f"{read / took:,.0f}",
        f"{len(chosen) / took:,.1f}",
        f"{took:.1f}",
        f"{load():.1f}",
    )


def _put(here: Practices, chosen: Sequence[Connection]) -> None:
    with dispatch(here.wiring.engine) as db:
        for one in chosen:
            job = sync_job(
                account_id=ACCOUNT,
                connection_id=one.id,
                vendor=one.vendor,
                first_day=DAY,
                last_day=DAY,
                sync_type=SyncType.MANUAL,
            )
            put(db, job)


@contextmanager
def practices(count: int) -> Iterator[Practices]:
    """Durable servers and so many Gentu practices of one application."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-sync-bench-")))
        wiring = stack.enter_context(wired(home=home))
        told = [*OPTIONS, "--tenants", f"{count}", "--days", f"{DAY}..{DAY}"]
        described = stack.enter_context(Running("gentu", told))
        url = stack.enter_context(playback(described["url"]))
        simulator = Simulator(described["url"])
        made = [connected(wiring, simulator, one, url) for one in described["tenants"]]
        with transaction(wiring.engine) as db:
            db.execute(_QUIET)
        yield Practices(wiring, made, home / "logs")


@contextmanager
def at_work(here: Practices, workers: int) -> Iterator[None]:
    """The product's scheduler, and so many worker processes with eight threads each."""
    with Supervisor(here.logs) as supervisor:
        processes = {one.name: one for one in children(here.wiring, port=0, base_url=NOWHERE)}
        scheduler = processes["scheduler"]
        supervisor.add(scheduler)
        for number in range(workers):
            command = [executable, "-m", "bench.wide_worker"]
            environment = scheduler.environment
            child = Child(name=f"worker-{number}", command=command, environment=environment)
            supervisor.add(child)
        _wait_until(lambda: here.value(_WORKERS) == workers)
        yield
    _wait_until(lambda: not here.value(_WORKERS))


def _wait_until(is_so: Any) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {PATIENCE:.0f} s")
        time.sleep(LOOK_SECONDS)
