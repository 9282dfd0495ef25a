"""Measures our sync beside the pipelines of others: one practice, one server, in turns.

Each round has servers of its own. Every system loads the practice first, in an order that is
another each round, then every one loads it again unchanged, then after 1 % of it has changed.
"""

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from psycopg import sql

from bench.peers import environments
from bench.pipeline import A_DAY, practice
from bench.pipes.kit import SCHEMA, TABLE, Wanted
from bench.stage import Stage, ceiling, sync_apart, wal_of
from bench.voice_told import Row, load
from domain.window import whole_days, zone

FOLDER = Path(__file__).parent / "pipes"
NO_PIPES = {"__init__", "kit"}
OURS = "ours"
LOADS = ("first load", "unchanged reload", "1 % changed")
CHANGED = 0.01
MARGIN = timedelta(days=1)
One = tuple[str, str, Mapping[str, float], float]
"""Which load, whose, what it took, and how busy the machine was."""
HEADINGS: Row = (
    "load", "system", "appointments/s", "time x ours", "seconds", "CPU s", "CPU x ours", "RSS MB",
    "WAL MB", "rounds", "load average",
)  # fmt: skip


@dataclass(slots=True)
class Taken:
    """What one system took for one kind of load, round by round."""

    rounds: list[Mapping[str, float]] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def middle(self, what: str) -> float:
        return median(one[what] for one in self.rounds)


def rows(*, rounds: int, days: int) -> Iterator[Row]:
    """The medians of all rounds; those of a load are told together, the fastest first."""
    taken = {(kind, name): Taken() for kind in LOADS for name in names()}
    dice = random.Random(rounds)  # noqa: S311 - shuffles, guards nothing
    for number in range(rounds):
        for kind, name, took, busy in _a_round(days, dice):
            told = {"round": number + 1, "load": kind, "system": name, **took, "busy": busy}
            told.pop("run", None)
            # A run takes long: whoever waits sees how far it is, and keeps what was measured.
            sys.stderr.write(json.dumps(told) + "\n")
            taken[kind, name].rounds.append(took)
            taken[kind, name].loads.append(busy)
    for kind in LOADS:
        ours = taken[kind, OURS]
        for name in sorted(names(), key=lambda name: taken[kind, name].middle("seconds")):
            yield _told(kind, name, taken[kind, name], ours=ours, count=days * A_DAY)


def names() -> list[str]:
    """Every file is a pipeline; ours comes first."""
    return [OURS, *sorted({path.stem for path in FOLDER.glob("*.py")} - NO_PIPES)]


def _told(kind: str, name: str, one: Taken, *, ours: Taken, count: int) -> Row:
    seconds, cpu = one.middle("seconds"), one.middle("cpu")
    return (
        kind,
        name,
        f"{count / seconds:,.0f}",
        f"{seconds / ours.middle('seconds'):.2f}",
        f"{seconds:.2f}",
        f"{cpu:.2f}",
        f"{cpu / ours.middle('cpu'):.2f}",
        f"{one.middle('rss_mb'):.0f}",
        f"{one.middle('wal') / 1e6:.2f}",
        f"{len(one.rounds)}",
        f"{median(one.loads):.1f}",
    )


def _a_round(
    days: int, dice: random.Random
) -> Iterator[tuple[str, str, Mapping[str, float], float]]:
    with practice(days) as here, tempfile.TemporaryDirectory(prefix="pms-sync-bench-") as home:
        with _databases(here) as db:
            for name in names()[1:]:
                db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        for kind in LOADS:
            if kind == LOADS[-1]:
                here.live(round(days * A_DAY * CHANGED))
            # The simulator is asked once for everything; from here on it is played back.
            ceiling(here, "fetch")
            for name in dice.sample(names(), len(names())):
                took = sync_apart(here) if name == OURS else _by_peer(here, name, Path(home))
                yield kind, name, took, load()
        for name in names()[1:]:
            _check(here, name, days * A_DAY)


def _by_peer(here: Stage, name: str, home: Path) -> dict[str, Any]:
    own = home / name
    own.mkdir(exist_ok=True)
    told = json.dumps(asdict(_wanted(here, name, own)))
    peer = name.partition("_")[0]
    command = [environments.python_of(peer), "-m", f"bench.pipes.{name}", told]
    return wal_of(here, lambda: _run(command, own))


def _run(command: Sequence[str], home: Path) -> dict[str, Any]:
    """What it logs is of use only if it fails."""
    with (home / "log").open("wb") as log:
        done = subprocess.run(  # noqa: S603 - our own module
            command, cwd=FOLDER.parent.parent, stdout=subprocess.PIPE, stderr=log, check=False
        )
    if done.returncode:
        raise RuntimeError((home / "log").read_text(encoding="utf-8")[-2000:])
    took: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return took


def _wanted(here: Stage, name: str, home: Path) -> Wanted:
    first, last = _bounds(here.first, here.last, here.connection.timezone)
    credentials = here.simulator.credentials(here.tenant)
    return Wanted(
        url=here.url,
        tenant=here.tenant,
        client_id=credentials["client_id"],
        client_secret=credentials["client_secret"],
        first=first,
        last=last,
        database_url=_address(here, name),
        home=str(home),
    )


def _bounds(first: date, last: date, timezone: str) -> tuple[str, str]:
    """As ours asks: with a day's margin, so that the same pages are played."""
    window, place = whole_days(first, last, timezone), zone(timezone)
    bounds = window.start.astimezone(place) - MARGIN, window.end.astimezone(place) + MARGIN
    return bounds[0].isoformat(timespec="seconds"), bounds[1].isoformat(timespec="seconds")


def _check(here: Stage, name: str, wanted: int) -> None:
    """A pipeline that lost appointments is not to be compared with."""
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(SCHEMA, TABLE))
    with psycopg.connect(_address(here, name)) as db:
        held = db.execute(query).fetchone()
    if held is None or held[0] < wanted:
        raise RuntimeError(f"{name} holds {held} of {wanted} appointments")


@contextmanager
def _databases(here: Stage) -> Iterator[Any]:
    """A peer has a database of its own on our server."""
    with psycopg.connect(_libpq(here.wiring.database_url), autocommit=True) as db:
        yield db


def _address(here: Stage, name: str) -> str:
    before, _, after = _libpq(here.wiring.database_url).partition("/pms_sync?")
    return f"{before}/{name}?{after}"


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg:", "postgresql:")
