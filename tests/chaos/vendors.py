"""The simulated vendors of a run, and what of them is asked over HTTP: truth, judgement, faults."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.line import Line, line
from tests.plain import NO_TLS

ROOT = Path(__file__).parent.parent.parent
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One vendor in one run: how many practices of which size, and how it is told apart."""

    name: str
    practices: int
    appointments: int  # of both days
    limit: Sequence[str]
    flags: Sequence[str] = ()
    knobs: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    keys: Sequence[str] = ("client_id", "client_secret")


def sorts(*, practices: Sequence[int], rows: Sequence[int]) -> list[Sort]:
    """Gentu, Halaxy, Medirecords and Sikka, in this order."""
    of = dict(zip(("gentu", "halaxy", "medirecords", "sikka"), zip(practices, rows, strict=True),
                  strict=True))  # fmt: skip
    return [
        Sort(
            name="gentu",
            practices=of["gentu"][0],
            appointments=of["gentu"][1],
            limit=("60/60", "1000/3600"),
            flags=("--practitioners", "3"),
            knobs={"short_pages": 0.5},
        ),
        Sort(
            name="halaxy",
            practices=of["halaxy"][0],
            appointments=of["halaxy"][1],
            limit=("500/60",),
            knobs={"absentees": 0.0},
        ),
        Sort(
            name="medirecords",
            practices=of["medirecords"][0],
            appointments=of["medirecords"][1],
            limit=("60/60", "1000/3600"),
            settings={"page_size": "10"},
            keys=("token",),
        ),
        Sort(
            name="sikka",
            practices=of["sikka"][0],
            appointments=of["sikka"][1],
            limit=("600/60",),
            flags=("--timezone", "America/New_York", "--practitioners", "7"),
            knobs={"fastest_write": 0.2, "slowest_write": 3.0, "refresh_seconds": 0.5},
            settings={"requests_a_minute": 600},
            keys=("office_id", "practice_id", "secret_key", "refresh_key", "app_id", "app_key"),
        ),
    ]


@dataclass
class Vendor:
    """One simulator as a process, the line that leads to it, and its control desk."""

    sort: Sort
    described: Json
    desk: httpx.Client
    line: Line

    @property
    def name(self) -> str:
        return self.sort.name

    @property
    def tenants(self) -> list[Json]:
        """The practices that are connected: of an office with several, the first."""
        own = [one for one in self.described["tenants"] if ":" not in one["tenantId"]]
        return own[: self.sort.practices]

    def through_the_line(self, address: str) -> str:
        """The same address as the product reaches it."""
        return str(httpx.URL(address).copy_with(port=self.line.port))

    def ask(self, path: str, **query: Any) -> Json:
        told: Json = self.desk.get(f"/_sim/{path}", params=query).raise_for_status().json()
        return told

    def tell(self, path: str, body: Json | None = None) -> Json:
        answer = self.desk.post(f"/_sim/{path}", json=body or {})
        told: Json = answer.raise_for_status().json()
        return told

    def heal(self) -> None:
        self.desk.delete("/_sim/faults").raise_for_status()

    def truth(self, tenant: str) -> Json:
        return self.ask("truth", tenant=tenant)

    def requests(self) -> list[Json]:
        found: list[Json] = self.ask("requests")["requests"]
        return found


@contextmanager
def vendor(sort: Sort, *, days: Sequence[date], seed: int, latency_ms: int) -> Iterator[Vendor]:
    flags = [*sort.flags, "--tenants", str(sort.practices), "--seed", str(seed)]
    flags += ["--days", ",".join(day.isoformat() for day in days)]
    flags += ["--appointments", str(sort.appointments // len(days))]
    flags += ["--latency-ms", str(latency_ms), "--jitter-ms", str(latency_ms)]
    flags += [word for one in sort.limit for word in ("--limit", one)]
    command = [sys.executable, "-m", f"simulators.{sort.name}", *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603 - our own command
        assert running.stdout is not None
        try:
            described = json.loads(running.stdout.readline())
            url = httpx.URL(described["url"])
            with (
                httpx.Client(base_url=url, timeout=60, verify=NO_TLS) as desk,
                line((str(url.host), url.port or 80)) as way,
            ):
                made = Vendor(sort, described, desk, way)
                if sort.knobs:
                    made.tell("knobs", dict(sort.knobs))
                yield made
        finally:
            running.terminate()
