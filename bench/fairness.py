"""Plays 500 connections on one allowance, one of them a hundred times the size: who is late.

python -m bench fairness [--connections 500]

The allowance is Gentu's, 60 a minute and 1,000 an hour for one application, or Halaxy's 500 a
minute; how often each connection is synced is chosen so that all of them together ask for 80 % of
it. How it is played is told in `bench.crowd`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import quantiles
from time import monotonic

from redis import Redis

import migrations
from adapters import pms
from bench.crowd import Crowd, Told, of_the_small, prepare_standing, sizes
from domain.limits import Budget
from domain.shares import fair_shares, jain
from infra import embedded
from infra.database import engine

HEADINGS = (
    "", "syncs", "late p50", "p95", "longest", "worst age", "promise", "broken", "Jain", "used"
)  # fmt: skip
BEGINS = datetime(2026, 3, 2, 9, tzinfo=UTC)
DEMAND = 0.8
TIMES = 100
SMALL = 2
CYCLES = 5
AN_HOUR = 3600

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Case:
    """Whose allowance, and whether all connections begin at the same instant."""

    title: str
    vendor: str
    at_once: bool = False


CASES = (
    Case("Gentu, begun one after another", "gentu"),
    Case("Gentu, all begun at once", "gentu", at_once=True),
    Case("Halaxy, begun one after another", "halaxy"),
)


def rows(*, connections: int) -> Iterator[Row]:
    for case in CASES:
        with servers() as (database_url, redis_url):
            started = monotonic()
            crowd = played(case, database_url, redis_url, connections=connections)
            took = monotonic() - started
        giant = [one for one in crowd.told.values() if one not in of_the_small(crowd.told)]
        yield _row(f"{case.title}: the others", crowd, of_the_small(crowd.told))
        yield _row(f"  the giant (took {took:.0f} s)", crowd, giant)


@contextmanager
def servers() -> Iterator[tuple[str, str]]:
    """Of a crowd alone; nothing here is measured in real seconds, so they need not be durable."""
    with (
        tempfile.TemporaryDirectory(prefix="pms-sync-bench-") as home,
        embedded.start(Path(home), durable=False) as running,
    ):
        prepare_standing(running.database_url)
        migrations.upgrade(running.database_url)
        yield running.database_url, running.redis_url


def played(
    case: Case, database_url: str, redis_url: str, *, connections: int, cycles: int = CYCLES
) -> Crowd:
    """So many times the interval, after a first that fills the windows."""
    db = engine(database_url, application_name="bench")
    budget = Budget("shared", pms.vendor(case.vendor).limits["default"])
    asked = sizes(connections, small=SMALL, times=TIMES)
    every = interval(budget, requests=sum(asked))
    with Redis.from_url(redis_url) as redis:
        crowd = Crowd(engine=db, redis=redis, now=BEGINS, budget=budget, every=every)
        crowd.connect(asked, at_once=case.at_once)
        crowd.run(BEGINS + every * cycles)
        crowd.judge()
    db.dispose()
    return crowd


def interval(budget: Budget, *, requests: int) -> timedelta:
    """In whole minutes, so that so many requests each time are 80 % of what the budget allows."""
    minutes = requests / (DEMAND * an_hour_of(budget)) * AN_HOUR / 60
    return timedelta(minutes=max(1, ceil(minutes)))


def an_hour_of(budget: Budget) -> float:
    return min(limit.requests * AN_HOUR / limit.seconds for limit in budget.limits)


def evenness(crowd: Crowd, some: Sequence[Told]) -> float:
    """What each was granted by its fair share of what all of them asked for."""
    hours = crowd.every * CYCLES / timedelta(hours=1)
    wanted = {number: one.size * max(1, len(one.late)) for number, one in enumerate(some)}
    fair = fair_shares(wanted, an_hour_of(crowd.budget) * hours)
    return jain([one.granted / fair[number] for number, one in enumerate(some)])


def _row(title: str, crowd: Crowd, some: Sequence[Told]) -> Row:
    late = [seconds for one in some for seconds in one.late] or [0.0]
    spread = quantiles(late, n=100) if len(late) > 1 else late * 99
    granted = sum(one.granted for one in crowd.told.values())
    spent = (crowd.now - BEGINS).total_seconds() / AN_HOUR * an_hour_of(crowd.budget)
    return (
        title,
        f"{sum(len(one.late) for one in some):,}",
        f"{spread[49]:.0f} s",
        f"{spread[94]:.0f} s",
        f"{max(late):.0f} s",
        f"{max(one.oldest for one in some) / timedelta(minutes=1):.0f} min",
        f"{2 * crowd.every / timedelta(minutes=1):.0f} min",
        f"{sum(one.broken for one in some)}",
        f"{evenness(crowd, some):.3f}",
        f"{granted / spent:.0%}",
    )
