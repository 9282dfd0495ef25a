"""Measures the vendor clock: processes that compete for one budget in real time.

python -m bench.throttle --redis-url redis://localhost:6379/9 --seconds 60 --per 10
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from random import Random
from statistics import median
from time import monotonic, perf_counter, sleep, time
from uuid import uuid4

from redis import Redis

from adapters.throttle.clock import RedisThrottle
from domain.errors import Throttled
from domain.limits import Budget, Limit

ARRIVAL_SECONDS = 0.2
"""A request reaches the vendor up to this much after its grant."""


class NothingStored:
    """A bench that starts with an empty window."""

    def since(self, bucket: str, instant: datetime) -> Sequence[tuple[datetime, int]]:
        return ()

    def unsaved(self, bucket: str) -> int | None:
        return None


@dataclass(frozen=True, slots=True)
class Told:
    """What one process saw."""

    holder: str
    granted: tuple[float, ...]
    arrived: tuple[float, ...]
    trips: int
    costs: tuple[float, ...]


def demand(arguments: Namespace, prefix: str, holder: str, until: float) -> Told:
    """Ask without end, wait as told, and note when each request would have arrived."""
    luck = Random(holder)  # noqa: S311 - spreads arrivals, guards nothing
    granted, arrived, costs = list[float](), list[float](), list[float]()
    budget = Budget("bench", (Limit(arguments.limit, arguments.per),), voice_share=arguments.share)
    with Redis.from_url(arguments.redis_url) as client:
        throttle = RedisThrottle(client, NothingStored(), prefix=prefix)
        while time() < until:
            start = perf_counter()
            try:
                at = throttle.spend([budget], holder=holder)
            except Throttled as wait:
                costs.append(perf_counter() - start)
                sleep(max(0.0, (min(wait.until.timestamp(), until) - time())))
                continue
            costs.append(perf_counter() - start)
            granted.append(at.timestamp())
            arrived.append(at.timestamp() + luck.uniform(0, ARRIVAL_SECONDS))
            sleep(arguments.work)
    return Told(holder, tuple(granted), tuple(arrived), len(costs), tuple(costs))


def violations(instants: Sequence[float], limit: int, seconds: float) -> tuple[int, int]:
    """How many windows that begin at a request hold too many, and the fullest of them."""
    ordered = sorted(instants)
    last, over, worst = 0, 0, 0
    for first, start in enumerate(ordered):
        while last < len(ordered) and ordered[last] < start + seconds:
            last += 1
        over += last - first > limit
        worst = max(worst, last - first)
    return over, worst


def fairness(counts: Sequence[int]) -> float:
    """Jain's index: 1 is equal."""
    return sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts))


def parse() -> Namespace:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--per", type=int, default=60)
    parser.add_argument("--share", type=float, default=0.0)
    parser.add_argument("--work", type=float, default=0.05, help="seconds a request takes")
    parser.add_argument("--giant", type=int, default=2, help="processes of the largest holder")
    parser.add_argument("--small", type=int, default=2, help="holders with one process each")
    return parser.parse_args()


def measure(arguments: Namespace) -> list[Told]:
    prefix, until = f"bench:{uuid4()}", time() + arguments.seconds
    holders = ["giant"] * arguments.giant + [f"small {n}" for n in range(arguments.small)]
    asked = [(arguments, prefix, holder, until) for holder in holders]
    with get_context("spawn").Pool(len(holders)) as pool:
        return pool.starmap(demand, asked)


def main() -> None:
    arguments, started = parse(), monotonic()
    told = measure(arguments)
    granted = [at for each in told for at in each.granted]
    arrived = [at for each in told for at in each.arrived]
    costs = sorted(cost for each in told for cost in each.costs)
    counts = [
        sum(len(each.granted) for each in told if each.holder == holder)
        for holder in sorted({each.holder for each in told})
    ]
    settled = min(granted) + arguments.per
    allowed = (max(granted) - settled) * arguments.limit / arguments.per
    used = sum(at > settled for at in granted) / allowed
    late = costs[int(len(costs) * 0.95)]
    for title, value in {
        "run": f"{monotonic() - started:.0f} s, {len(told)} processes",
        "used after the first window": f"{used:.1%} of {allowed:.0f}",
        "violations at the grant, fullest window": violations(
            granted, arguments.limit, arguments.per
        ),
        "violations at the door, fullest window": violations(
            arrived, arguments.limit, arguments.per
        ),
        "per holder": counts,
        "fairness (Jain)": f"{fairness(counts):.3f}",
        "trips per grant": f"{sum(each.trips for each in told) / len(granted):.2f}",
        "ms per call p50, p95": f"{median(costs) * 1e3:.2f}, {late * 1e3:.2f}",
    }.items():
        print(f"{title:42}{value}")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
