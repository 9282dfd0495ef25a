"""One pass over a practice in this process, for `stage.sync_apart`; prints what it took as JSON.

python -m bench.passes CONNECTION FIRST_DAY LAST_DAY wide|real|none|fetch|parse
"""

import cProfile
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from adapters import pms
from adapters.rest.ports import Answer, Sender
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections
from adapters.storage.runs import runs
from adapters.throttle.passing import Passing
from console.wiring import Wiring, wired
from domain.connections import Connection
from domain.limits import Budget, Limit, Throttle
from domain.runs import SyncType
from domain.window import Window, whole_days
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import transaction
from infra.memory import keep_what_is_loaded
from workers.here import run_here

ACCOUNT = "default"
VERY_HIGH = (Limit(1_000_000, 60), Limit(10_000_000, 3600))


class Wide(Passing):
    """The real clock with limits no bench reaches."""

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        wide = [replace(budget, limits=VERY_HIGH) for budget in budgets]
        return super().spend(wide, holder=holder, voice=voice)

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        """What the vendor says of its allowance would narrow it."""


class AtOnce(Wide):
    """No clock at all."""

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        return system_clock()


@dataclass(slots=True)
class FromMemory:
    """A line to the vendor that asks once and then remembers."""

    sender: Sender
    kept: dict[str, Answer]

    def send(self, method: str, url: str, **told: Any) -> Answer:
        if url not in self.kept:
            self.kept[url] = self.sender.send(method, url, **told)
        return self.kept[url]


CLOCKS: Mapping[str, Callable[[Throttle], Throttle]] = {
    "wide": Wide,
    "none": AtOnce,
    "real": lambda clock: clock,
}


def sync(wiring: Wiring, connection_id: UUID, days: tuple[date, date], clock: str) -> Any:
    """A whole sync through the ledger, as a worker would run it."""
    parts = wiring.parts()
    throttle = CLOCKS[clock](parts.opener.throttle)
    parts = replace(parts, opener=replace(parts.opener, throttle=throttle))
    job = sync_job(
        account_id=ACCOUNT,
        connection_id=connection_id,
        vendor="gentu",
        first_day=days[0],
        last_day=days[1],
        sync_type=SyncType.MANUAL,
    )
    with transaction(wiring.engine, account_id=ACCOUNT) as db:
        job_id = put(db, job)
    took = _timed(lambda: run_here(parts, job_id))
    with transaction(wiring.engine, account_id=ACCOUNT) as db:
        run = runs.of_job(db, job_id)
    return {**took, "run": asdict(run) if run else {}}


def read(wiring: Wiring, connection: Connection, window: Window, what: str) -> Any:
    """Every page fetched and thrown away, or parsed out of memory."""
    opener = replace(wiring.opener, throttle=AtOnce(wiring.opener.throttle))
    ports = opener.ports(connection)
    memory = FromMemory(ports.sender, {})
    secrets = opener.secrets_of(connection)

    def walk() -> int:
        source = pms.open_source(connection, secrets=secrets, ports=replace(ports, sender=memory))
        queries = source.queries(window, source.practitioners())
        return sum(len(page.records) for query in queries for page in source.pages(query))

    def fetch() -> int:
        headers = {"authorization": "Bearer"}
        return sum(len(ports.sender.send("GET", url, headers=headers).body) for url in pages)

    rows = walk()
    pages = [url for url in memory.kept if "/appointments" in url]
    took = _timed({"parse": walk, "fetch": fetch}[what])
    return {**took, "rows": rows, "pages": len(pages)}


def _timed(work: Callable[[], Any]) -> dict[str, Any]:
    profile = cProfile.Profile() if "--profile" in sys.argv else None
    started, used = perf_counter(), process_time()
    profile.runcall(work) if profile else work()
    took = {"seconds": perf_counter() - started, "cpu": process_time() - used}
    if profile:
        profile.dump_stats(sys.argv[-1])
    return {**took, "rss_mb": _peak_mb()}


def _peak_mb() -> float:
    """The most memory this process held; the resource module would tell of its parent too."""
    told = Path(f"/proc/{os.getpid()}/status").read_text(encoding="ascii")
    line = next(line for line in told.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    named, first, last, what = sys.argv[1:5]
    days = date.fromisoformat(first), date.fromisoformat(last)
    with wired(migrated=False) as wiring:
        with transaction(wiring.engine, account_id=ACCOUNT) as db:
            connection = connections.load(db, UUID(named))
        keep_what_is_loaded()
        if what in CLOCKS:
            answer = sync(wiring, connection.id, days, what)
        else:
            answer = read(wiring, connection, whole_days(*days, connection.timezone), what)
    print(json.dumps(answer, default=str))  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
