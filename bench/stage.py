"""A simulated practice, connected to servers of its own, and one sync of it in another process."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from adapters import pms
from adapters.storage.practices.connections import NewConnection
from bench.playback import forget, playback
from console import setting_up
from console.setting_up import Wanted
from console.simulators import Running
from console.truth import Simulator
from console.wiring import Wiring, wired
from domain.connections import Connection, State
from infra.database import transaction

ACCOUNT = "default"
TIMEOUT = 120.0

_WAL = text("SELECT pg_current_wal_insert_lsn()::text")
_WAL_SINCE = text(
    "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), CAST(:since AS pg_lsn))::bigint"
)
# Every write of a row raises its version, so their sum counts writes.
_WRITES = text("SELECT COALESCE(sum(version), 0)::bigint FROM run_sheet_appointments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The practice, where it is played, and the first and last of its days."""

    wiring: Wiring
    connection: Connection
    simulator: Simulator
    url: str
    tenant: str
    first: date
    last: date

    def violations(self, limits: str) -> int:
        """What the simulator judges of the requests it has seen."""
        return int(self._control("GET", f"violations?limit={limits}")["violations"])

    def live(self, changes: int) -> None:
        """Let so many things happen at the practice."""
        self._control("POST", "live", {"tenant": self.tenant, "changes": changes})
        if self.url != self.simulator.url:
            forget(self.url)

    def _control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.simulator.url}/_sim/{path}"
        answer = httpx.request(method, url, json=body, timeout=TIMEOUT, trust_env=False)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def stage(options: Sequence[str], days: Sequence[date], *, played: bool) -> Iterator[Stage]:
    """Durable servers and a Gentu practice; `played` puts its answers into memory."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-sync-bench-")))
        wiring = stack.enter_context(wired(home=home))
        told = [*options, "--days", f"{days[0]}..{days[-1]}"]
        described = stack.enter_context(Running("gentu", told))
        url = stack.enter_context(playback(described["url"])) if played else described["url"]
        simulator, tenant = Simulator(described["url"]), described["tenants"][0]
        yield Stage(
            wiring=wiring,
            connection=connected(wiring, simulator, tenant, url),
            simulator=simulator,
            url=url,
            tenant=tenant["tenantId"],
            first=days[0],
            last=days[-1],
        )


def sync_apart(stage: Stage, clock: str = "wide") -> dict[str, Any]:
    """One sync in a process of its own: how long, how large, what it did, what it wrote."""
    writes = _one(stage, _WRITES)
    command = ["bench.passes", *_named(stage), clock]
    told = wal_of(stage, lambda: _in_a_process(stage, command))
    return {**told, "writes": int(_one(stage, _WRITES)) - int(writes)}


def ceiling(stage: Stage, what: str) -> dict[str, Any]:
    """A part of a sync alone, in a process of its own."""
    return _in_a_process(stage, ["bench.passes", *_named(stage), what])


def wal_of(stage: Stage, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What it answers, and the write-ahead log the whole server wrote meanwhile."""
    before = _one(stage, _WAL)
    return {**work(), "wal": int(_one(stage, _WAL_SINCE, since=before))}


def _named(stage: Stage) -> list[str]:
    return [str(stage.connection.id), stage.first.isoformat(), stage.last.isoformat()]


def _in_a_process(stage: Stage, arguments: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", *arguments],
        env={**os.environ, **stage.wiring.environment()},  # noqa: TID251 - handed on whole
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _one(stage: Stage, query: Any, **values: Any) -> Any:
    with transaction(stage.wiring.engine) as db:
        return db.execute(query, values).scalar_one()


def connected(
    wiring: Wiring, simulator: Simulator, tenant: Mapping[str, Any], url: str
) -> Connection:
    """That practice, as `connections add` would have it."""
    site = str(tenant["tenantId"])
    about, credentials = pms.vendor("gentu"), simulator.credentials(site)
    new = NewConnection(
        account_id=ACCOUNT,
        vendor="gentu",
        site=site,
        timezone=str(tenant["timezone"]),
        base_url=f"{url}/v1",
        token_url=f"{url}/v1/oauth2/token",
        settings={"map_all": True},
        telehealth_only=False,
        state=State.ACTIVE,
    )
    secrets = {key: str(credentials[key]) for key in about.secrets}
    # Not tested on the way in: a bench counts its own requests.
    return setting_up.create(wiring, Wanted(vendor=about, new=new, secrets=secrets, test=False))
