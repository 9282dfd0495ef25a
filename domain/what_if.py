"""What a day would come to if connections were synced otherwise, or a vendor allowed otherwise."""

from bisect import bisect_right, insort
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import merge
from typing import Any

from domain.freshness import LATE_AFTER
from domain.limits import Budget, Limit, Tier
from domain.rhythm import Rhythm, busiest_day, slots
from domain.shares import fair_shares

A_DAY = timedelta(days=1)
A_DAY_SECONDS = 86_400
_BESIDES = "besides"
FARTHEST = 20_000
"""Requests of one day that are laid out one by one; of more only the rates are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How a connection is synced: so many requests each time, `waiting` of them due already.

    `every` is None where it is synced only when somebody asks. A `rhythm` says when less often.
    """

    key: Hashable
    requests: int
    every: timedelta | None
    next_at: datetime
    waiting: int = 0
    rhythm: Rhythm | None = None

    @property
    def at_its_interval(self) -> float:
        """What a day would come to were it always busy."""
        return self.requests * (A_DAY / self.every) if self.every else 0.0

    @property
    def a_day(self) -> float:
        """Of a day on which it is open."""
        if self.every is None or self.rhythm is None or not self.rhythm.is_adaptive:
            return self.at_its_interval
        return float(self.requests * busiest_day(self.rhythm, self.next_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Allowances that some connections share: every request spends from each of the budgets.

    `spent` is what left of late by bucket; `besides` is what else is asked in a day.
    """

    budgets: Sequence[Budget]
    spent: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    besides: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One window: what a day asks for and what it allows; `share` over 1 is too much.

    `hours` is how long a day it holds.
    """

    bucket: str
    limit: Limit
    hours: float
    asked: float
    allowed: float

    @property
    def share(self) -> float:
        return self.asked / self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One connection: how far apart its syncs really end, which is how old its sheet gets.

    `really` is None where none would ever end.
    """

    key: Hashable
    a_day: float
    every: timedelta | None
    really: timedelta | None

    @property
    def is_late(self) -> bool:
        """Its promise is two intervals."""
        return bool(self.every and (not self.really or self.really > LATE_AFTER * self.every))

    @property
    def is_slowed(self) -> bool:
        return bool(self.every and (not self.really or self.really > self.every))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """A day of it; without `through_at` it is too much to lay out, or is never through."""

    a_day: float
    loads: Sequence[Load]
    paces: Sequence[Pace]
    through_at: datetime | None

    @property
    def binding(self) -> Load:
        return max(self.loads, key=lambda one: one.share)

    @property
    def late(self) -> Sequence[Pace]:
        return [one for one in self.paces if one.is_late]


def foresee(shared: Shared, habits: Sequence[Habit], *, now: datetime, until: datetime) -> Foreseen:
    """From now on; `until` is the end of the day whose work is to be through."""
    # The windows as if all were open at once: a quiet night gives nothing back to a busy hour.
    at_once = sum(one.at_its_interval for one in habits) + shared.besides
    loads = [load for one in shared.budgets for load in _loads(one, at_once, now)]
    return Foreseen(
        a_day=sum(one.a_day for one in habits) + shared.besides,
        loads=loads,
        paces=_paces(habits, loads, shared),
        through_at=_through(shared, habits, now=now, until=until),
    )


def _loads(budget: Budget, a_day: float, now: datetime) -> Iterator[Load]:
    for limit in budget.limits:
        yield _load(budget, limit, hours=24.0, asked=a_day)
    for tier in budget.tiers:
        hours = _hours(tier, now)
        for limit in tier.limits if hours else ():
            yield _load(budget, limit, hours=hours, asked=a_day * hours / 24)


def _load(budget: Budget, limit: Limit, *, hours: float, asked: float) -> Load:
    allowed = _open_to(budget, limit) * hours * 3600 / (limit.seconds + budget.headroom)
    return Load(bucket=budget.bucket, limit=limit, hours=hours, asked=asked, allowed=allowed)


def _open_to(budget: Budget, limit: Limit) -> int:
    """Without what is kept for callers."""
    open_to = limit.open_to(voice=False, voice_share=budget.voice_share)
    return max(1, open_to)


def _hours(tier: Tier, now: datetime) -> float:
    """How long a day the tier holds, of the days around now that it does hold on."""
    spans = tier.spans(now.date() - A_DAY, days=8)
    return max(((end - start) / timedelta(hours=1) for start, end in spans), default=0.0)


def _paces(habits: Sequence[Habit], loads: Sequence[Load], shared: Shared) -> Sequence[Pace]:
    """By fair shares of what the tightest window lets through in a day."""
    capacity = min(A_DAY_SECONDS * load.allowed / (load.hours * 3600) for load in loads)
    wanted: dict[Hashable, float] = {one.key: one.at_its_interval for one in habits}
    fair = fair_shares({**wanted, _BESIDES: shared.besides}, capacity)
    return [_pace(one, fair[one.key], loads) for one in habits]


def _pace(habit: Habit, fair: float, loads: Sequence[Load]) -> Pace:
    """Slowed by the others, or by its own size."""
    really = None
    if habit.every is not None and fair > 0:
        alone = max((_alone(habit.requests, load) for load in loads), default=timedelta())
        really = max(habit.every * max(1.0, habit.at_its_interval / fair), alone)
    return Pace(key=habit.key, a_day=habit.a_day, every=habit.every, really=really)


def _alone(requests: int, load: Load) -> timedelta:
    """How long one sync takes when nobody else asks."""
    open_to = max(1, round(load.allowed * load.limit.seconds / (load.hours * 3600)))
    return timedelta(seconds=(requests - 1) // open_to * load.limit.seconds)


def _through(
    shared: Shared, habits: Sequence[Habit], *, now: datetime, until: datetime
) -> datetime | None:
    """When the last request that is due until then has left."""
    due = list(_due(shared, habits, now=now, until=until))
    if len(due) > FARTHEST:
        return None
    lines = [_Line(one, shared.spent.get(one.bucket, ()), now) for one in shared.budgets]
    at = now
    for instant in due:
        at = _earliest(lines, max(at, instant))
        for line in lines:
            line.take(at)
    return at


def _due(
    shared: Shared, habits: Sequence[Habit], *, now: datetime, until: datetime
) -> Iterator[datetime]:
    """Every request in the order it falls due, no more than can be laid out."""
    waiting = (now for one in habits for _ in range(min(one.waiting, FARTHEST)))
    besides = _spread(shared.besides, now=now, until=until)
    lines: list[Iterator[datetime]] = [waiting, besides, *(_slots(o, now, until) for o in habits)]
    for number, instant in enumerate(merge(*lines)):
        if number > FARTHEST:
            return
        yield instant


def _slots(habit: Habit, now: datetime, until: datetime) -> Iterator[datetime]:
    if habit.every is None:
        return
    first = max(now, habit.next_at)
    for at in _times(habit.every, habit.rhythm, first, until):
        for _ in range(habit.requests):
            yield at


def _times(
    every: timedelta, rhythm: Rhythm | None, first: datetime, until: datetime
) -> Iterator[datetime]:
    if rhythm is not None:
        yield from slots(rhythm, first=first, until=until)
        return
    at = first
    while at < until:
        yield at
        at += every


def _spread(a_day: float, *, now: datetime, until: datetime) -> Iterator[datetime]:
    if a_day <= 0:
        return
    apart, at = A_DAY / a_day, now
    while (at := at + apart) < until:
        yield at


def _earliest(lines: Sequence["_Line"], at: datetime) -> datetime:
    """The first instant from then on to which every line agrees."""
    while True:
        free = max(line.earliest(at) for line in lines)
        if free == at:
            return at
        at = free


@dataclass(slots=True)
class _Line:
    """One bucket's requests so far, the played ones behind those that really left."""

    budget: Budget
    given: Sequence[datetime]
    now: datetime
    taken: list[datetime] = field(default_factory=list)
    held: Sequence[tuple[Limit, datetime | None, datetime | None]] = ()

    def __post_init__(self) -> None:
        self.taken = sorted(self.given)
        always: list[Any] = [(limit, None, None) for limit in self.budget.limits]
        first: date = self.now.date() - A_DAY
        peaks = [
            (limit, start, end)
            for tier in self.budget.tiers
            for start, end in tier.spans(first, days=4)
            for limit in tier.limits
        ]
        self.held = (*always, *peaks)

    def earliest(self, at: datetime) -> datetime:
        """Like the clock's own answer: no window that ends then would hold too many."""
        for limit, start, end in self.held:
            if start is not None and end is not None and not start <= at < end:
                continue
            free = self._free(limit, at)
            at = max(at, free if end is None else min(free, end))
        return at

    def _free(self, limit: Limit, at: datetime) -> datetime:
        place = _open_to(self.budget, limit)
        span = timedelta(seconds=limit.seconds + self.budget.headroom)
        before = bisect_right(self.taken, at)
        return self.taken[before - place] + span if before >= place else at

    def take(self, at: datetime) -> None:
        insort(self.taken, at)
