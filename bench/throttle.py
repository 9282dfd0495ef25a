"""Measures vendor clocks: processes that compete for one budget in real time, clock by clock."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from redis import Redis

from bench.peers import environments
from bench.voice_told import Row, load, share
from infra import embedded

FOLDER = Path(__file__).parent / "clocks"
NO_CLOCKS = {"__init__", "kit", "limits_kit"}
LIMIT, WINDOW_S = 60, 60
HOLDERS = ("giant", "giant", "small 1", "small 2")
"""Four processes of three tenants: one has two of them."""
SETTLED_S = 2
"""Interpreters differ in how long they take to start."""
HEADINGS: Row = (
    "clock", "used %", "over, at grant", "over, at the door", "fullest", "trips", "Jain", "ms p50",
    "ms p95", "load",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one process saw: Unix times of its grants and arrivals, seconds of each question."""

    holder: str
    granted: Sequence[float]
    arrived: Sequence[float]
    costs: Sequence[float]


def rows(*, seconds: int) -> Iterator[Row]:
    """One clock after another, each alone; `seconds` is how long each is asked without end."""
    with (
        tempfile.TemporaryDirectory(prefix="pms-sync-bench-") as home,
        embedded.start(Path(home)) as servers,
    ):
        for name in names():
            yield measured(name, servers.redis_url, seconds)


def names() -> list[str]:
    """Every file is a clock; ours comes first."""
    found = {path.stem for path in FOLDER.glob("*.py")} - NO_CLOCKS
    return ["ours", *sorted(found - {"ours"})]


def measured(name: str, redis_url: str, seconds: int) -> Row:
    key, until = f"bench-{uuid4().hex}", time.time() + SETTLED_S + seconds
    with Redis.from_url(redis_url) as client:
        before = _reads(client)
        told = _asked(name, redis_url, key, until)
        trips = _reads(client) - before - 1
    granted = sorted(at for each in told for at in each.granted)
    arrived = [at for each in told for at in each.arrived]
    costs = [cost * 1000 for each in told for cost in each.costs]
    at_grant, at_door = over(granted), over(arrived)
    return (
        name,
        f"{used(granted, until):.0%}",
        f"{at_grant[0]}",
        f"{at_door[0]}",
        f"{max(at_grant[1], at_door[1])} of {LIMIT}",
        f"{trips / len(granted):.1f}",
        f"{fairness(_by_holder(told)):.2f}",
        f"{median(costs):.2f}",
        f"{share(costs, 0.95):.2f}",
        f"{load():.1f}",
    )


def over(instants: Sequence[float]) -> tuple[int, int]:
    """How many windows that begin at a request hold too many, and the fullest of them."""
    ordered = sorted(instants)
    last, many, worst = 0, 0, 0
    for first, start in enumerate(ordered):
        while last < len(ordered) and ordered[last] < start + WINDOW_S:
            last += 1
        many += last - first > LIMIT
        worst = max(worst, last - first)
    return many, worst


def used(granted: Sequence[float], until: float) -> float:
    """Of what the limit allows once the first window is over."""
    settled = granted[0] + WINDOW_S
    allowed = (until - settled) * LIMIT / WINDOW_S
    return sum(at > settled for at in granted) / allowed


def fairness(counts: Sequence[int]) -> float:
    """Jain's index: 1 is equal."""
    return sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts))


def _by_holder(told: Sequence[Told]) -> list[int]:
    return [
        sum(len(each.granted) for each in told if each.holder == holder)
        for holder in sorted(set(HOLDERS))
    ]


def _asked(name: str, redis_url: str, key: str, until: float) -> list[Told]:
    wanted = {"redis_url": redis_url, "key": key, "limit": LIMIT, "seconds": WINDOW_S}
    python = _python_of(name)
    asking = [
        subprocess.Popen(  # noqa: S603 - our own module
            [
                *(python, "-m", f"bench.clocks.{name}"),
                json.dumps({**wanted, "holder": holder, "until": until}),
            ],
            cwd=FOLDER.parent.parent,
            stdout=subprocess.PIPE,
            text=True,
        )
        for holder in HOLDERS
    ]
    answers = [process.communicate()[0] for process in asking]
    return [Told(**json.loads(answer)) for answer in answers]


def _python_of(name: str) -> str:
    """`limits_moving` is a way to use `limits`; what has no lock is ours to run."""
    peers = [peer for peer in environments.known() if name.startswith(peer)]
    return environments.python_of(peers[0]) if peers else sys.executable


def _reads(client: "Redis") -> int:
    """What reached the server; what a script does there is no way to it and back."""
    return int(client.info("stats")["total_reads_processed"])
