"""Measures vendor clocks in real time: processes that compete for one budget, side by side."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from redis import Redis

from bench.peers import environments
from bench.voice_told import Row, load, share
from infra.embedded import valkey, valkey_binary
from infra.embedded.valkey import Valkey

FOLDER = Path(__file__).parent / "clocks"
NO_CLOCKS = {"__init__", "kit", "limits_kit"}
LIMIT, WINDOW_S = 60, 60
HOLDERS = ("giant", "giant", "small 1", "small 2")
"""Four processes of three tenants: one has two of them."""
SETTLED_S = 5
"""Interpreters differ in how long they take to start, and all of a round start at once."""
HEADINGS: Row = (
    "clock", "used %", "over, at grant", "over, at the door", "fullest", "trips", "Jain", "ms p50",
    "ms p95", "rounds", "load",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one process saw: Unix times of its grants and arrivals, seconds of each question."""

    holder: str
    granted: Sequence[float]
    arrived: Sequence[float]
    costs: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """How one clock did while it was asked without end; `costs` are milliseconds."""

    used: float
    over_at_grant: int
    over_at_door: int
    fullest: int
    trips: float
    fairness: float
    costs: Sequence[float]
    load: float


def rows(*, seconds: int, rounds: int) -> Iterator[Row]:
    """The medians of all rounds, of the fullest window the fullest.

    In a round all clocks are asked at the same time, `seconds` long, each over a server of its own.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-sync-bench-")))
        servers = {name: stack.enter_context(_server(home / name)) for name in names()}
        pool = stack.enter_context(ThreadPoolExecutor(len(servers)))
        taken = []
        for _ in range(rounds):
            round_ = pool.map(lambda name: measured(name, servers[name], seconds), servers)
            taken.append(list(round_))
            # A run takes long: whoever waits sees how far it is, and keeps what was measured.
            for name, one in zip(servers, taken[-1], strict=True):
                told = {"clock": name, **asdict(one), "costs": median(one.costs)}
                sys.stderr.write(json.dumps(told) + "\n")
    for name, of_one in zip(servers, zip(*taken, strict=True), strict=True):
        yield _told(name, of_one)


def names() -> list[str]:
    """Every file is a clock; ours comes first."""
    found = {path.stem for path in FOLDER.glob("*.py")} - NO_CLOCKS
    return ["ours", *sorted(found - {"ours"})]


def measured(name: str, redis_url: str, seconds: int) -> Round:
    key, until = f"bench-{uuid4().hex}", time.time() + SETTLED_S + seconds
    with Redis.from_url(redis_url) as client:
        before = _reads(client)
        told = _asked(name, redis_url, key, (until - seconds, until))
        trips = _reads(client) - before - 1
    granted = sorted(at for each in told for at in each.granted)
    at_grant = over(granted)
    at_door = over([at for each in told for at in each.arrived])
    return Round(
        used=used(granted, until),
        over_at_grant=at_grant[0],
        over_at_door=at_door[0],
        fullest=max(at_grant[1], at_door[1]),
        trips=trips / len(granted),
        fairness=fairness(_by_holder(told)),
        costs=[cost * 1000 for each in told for cost in each.costs],
        load=load(),
    )


def _told(name: str, rounds: Sequence[Round]) -> Row:
    return (
        name,
        f"{median(one.used for one in rounds):.0%}",
        f"{median(one.over_at_grant for one in rounds):.0f}",
        f"{median(one.over_at_door for one in rounds):.0f}",
        f"{max(one.fullest for one in rounds)} of {LIMIT}",
        f"{median(one.trips for one in rounds):.1f}",
        f"{median(one.fairness for one in rounds):.2f}",
        f"{median(median(one.costs) for one in rounds):.2f}",
        f"{median(share(one.costs, 0.95) for one in rounds):.2f}",
        f"{len(rounds)}",
        f"{median(one.load for one in rounds):.1f}",
    )


@contextmanager
def _server(home: Path) -> Iterator[str]:
    home.mkdir()
    server = Valkey(binary=valkey_binary(), home=home, sockets=home)
    server.start()
    try:
        yield valkey.url(home)
    finally:
        server.stop()


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


def _asked(name: str, redis_url: str, key: str, between: tuple[float, float]) -> list[Told]:
    since, until = between
    wanted = {"redis_url": redis_url, "key": key, "limit": LIMIT, "seconds": WINDOW_S}
    python = _python_of(name)
    asking = [
        subprocess.Popen(  # noqa: S603 - our own module
            [
                *(python, "-m", f"bench.clocks.{name}"),
                json.dumps({**wanted, "holder": holder, "since": since, "until": until}),
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
