"""A clock under a steered time, with holders who ask, wait and ask again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from redis import Redis

from adapters.throttle.clock import Margins, RedisThrottle
from adapters.throttle.steering import steer
from domain.errors import Throttled
from domain.limits import Budget


@dataclass
class StoredRequests:
    """Stands in for the rows in Postgres."""

    rows: dict[str, list[datetime]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    at_most_unsaved: int | None = None

    def since(self, bucket: str, instant: datetime) -> Sequence[datetime]:
        self.asked.append(bucket)
        return [at for at in self.rows.get(bucket, []) if at >= instant]

    def unsaved(self, bucket: str) -> int | None:
        return self.at_most_unsaved


@dataclass
class Rig:
    client: Redis
    start: datetime
    margins: Margins
    prefix: str = "clock"
    now: datetime = field(init=False)
    spent: StoredRequests = field(default_factory=StoredRequests)
    throttle: RedisThrottle = field(init=False)
    granted: dict[str, list[datetime]] = field(default_factory=dict)
    trips: int = 0

    def __post_init__(self) -> None:
        self.throttle = self.another()
        self.at(self.start)

    @staticmethod
    def start_of_tests() -> datetime:
        return datetime(2026, 3, 2, 9, tzinfo=UTC)

    def another(self) -> RedisThrottle:
        """A second process over the same server."""
        return RedisThrottle(
            self.client, self.spent, prefix=self.prefix, margins=self.margins, test_time=True
        )

    def at(self, instant: datetime) -> None:
        self.now = instant
        steer(self.client, prefix=self.prefix, at=instant, speed=0)

    def after(self, seconds: float) -> None:
        self.at(self.now + timedelta(seconds=seconds))

    def ask(self, *budgets: Budget, holder: str = "a", voice: bool = False) -> datetime | None:
        """None when granted, else when to come back."""
        self.trips += 1
        try:
            at = self.throttle.spend(budgets, holder=holder, voice=voice)
        except Throttled as wait:
            return wait.until
        self.granted.setdefault(holder, []).append(at)
        for budget in budgets:
            self.spent.rows.setdefault(budget.bucket, []).append(at)
        return None

    def run(self, demand: dict[str, int], *budgets: Budget, until: datetime) -> None:
        """Every holder asks for its number of requests, each as soon as its turn comes."""
        left, due = dict(demand), dict.fromkeys(demand, self.now)
        while due and min(due.values()) < until:
            holder = min(due, key=lambda name: due[name])
            self.at(max(self.now, due[holder]))
            back = self.ask(*budgets, holder=holder)
            left[holder] -= back is None
            due[holder] = back or self.now
            if not left[holder]:
                del due[holder]

    def all_granted(self) -> list[datetime]:
        return sorted(at for each in self.granted.values() for at in each)


def worst_window(instants: Sequence[datetime], seconds: float) -> int:
    """The most instants in any half-open window of that length."""
    ordered, first, worst = sorted(instants), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= timedelta(seconds=seconds):
            first += 1
        worst = max(worst, last - first + 1)
    return worst
