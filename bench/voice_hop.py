"""Measures the way to a worker and back with nothing done there: ours, the limit, and peers."""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench.peers import environments
from bench.voice_hops.kit import READY
from bench.voice_told import Row, load, share, told
from infra import embedded
from infra.embedded import Servers

FOLDER = Path(__file__).parent / "voice_hops"
NO_SYSTEMS = {"__init__", "kit"}
LIMIT = "raw"
CALLS, WARMING, LONGEST_GAP = 40, 10, 0.2
HEADINGS: Row = ("what", "calls", "p50 ms", "p95 ms", "p50 x raw", "p95 x raw", "load")


@dataclass(slots=True)
class System:
    """One of them, running: its worker in one process and its caller in another."""

    name: str
    caller: "subprocess.Popen[str]"
    rounds: list[list[float]] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def ask(self, calls: int, *, seed: str) -> list[float]:
        line = json.dumps({"calls": calls, "longest_gap": LONGEST_GAP, "seed": seed})
        if self.caller.stdin is None or self.caller.stdout is None:
            raise ValueError("a caller is spoken to over pipes")
        self.caller.stdin.write(line + "\n")
        self.caller.stdin.flush()
        took: list[float] = json.loads(self.caller.stdout.readline())
        return took

    def typical(self, part: float) -> float:
        """The middle of all rounds' percentiles."""
        return median(share(one, part) for one in self.rounds)


def rows(*, rounds: int, pythons: Mapping[str, str]) -> Iterator[Row]:
    """All systems are up all the time, and asked in turns, in another order each round."""
    dice = random.Random(rounds)  # noqa: S311 - shuffles, guards nothing
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pms-sync-bench-")))
        servers = stack.enter_context(embedded.start(home))
        systems = [stack.enter_context(_running(name, servers, pythons)) for name in names()]
        for one in systems:
            one.ask(WARMING, seed="warming")
        for number in range(rounds):
            for one in dice.sample(systems, len(systems)):
                one.rounds.append(one.ask(CALLS, seed=f"round {number}"))
                one.loads.append(load())
    yield from _table(systems)


def names() -> list[str]:
    """Every file is a system; the limit comes first."""
    found = {path.stem for path in FOLDER.glob("*.py")} - NO_SYSTEMS
    return [LIMIT, *sorted(found - {LIMIT})]


def _table(systems: Sequence[System]) -> Iterator[Row]:
    """The limit, then the quickest first."""
    limit, *others = systems
    for one in [limit, *sorted(others, key=lambda one: one.typical(0.5))]:
        yield (
            one.name,
            f"{sum(map(len, one.rounds))}",
            told(one.typical(0.5)),
            told(one.typical(0.95)),
            f"{one.typical(0.5) / limit.typical(0.5):.1f}",
            f"{one.typical(0.95) / limit.typical(0.95):.1f}",
            f"{median(one.loads):.1f}",
        )


@contextmanager
def _running(name: str, servers: Servers, pythons: Mapping[str, str]) -> Iterator[System]:
    """A peer runs in the environment of its lock, or by the interpreter named for it."""
    python = pythons.get(name) or _python_of(name)
    with (
        _process(python, name, "worker", servers),
        _process(python, name, "caller", servers) as caller,
    ):
        yield System(name, caller)


def _python_of(name: str) -> str:
    """`celery_threads` is a way to run `celery`; what has no lock is ours to run."""
    peer = name.partition("_")[0]
    return environments.python_of(peer) if peer in environments.known() else sys.executable


@contextmanager
def _process(
    python: str, name: str, role: str, servers: Servers
) -> Iterator["subprocess.Popen[str]"]:
    """It ends when its input does."""
    addresses = [servers.redis_url, servers.database_url]
    command = [python, "-m", f"bench.voice_hops.{name}", role, *addresses]
    with subprocess.Popen(  # noqa: S603 - our own module
        command,
        cwd=FOLDER.parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is None or process.stdout.readline().strip() != READY:
            process.kill()
            raise RuntimeError(f"the {role} of {name} did not start")
        yield process
