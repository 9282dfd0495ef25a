"""An account's week in figures: what is counted, when it is told, and which promises broke."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import MappingProxyType

from domain.freshness import LATE_AFTER, Facts, Status, assess
from domain.window import Window, local_day, whole_days, zone

FROM_HOUR = time(6)
"""On Monday, by the account's own clock."""

STEP = timedelta(minutes=5)
"""How finely a broken promise is measured."""

A_WEEK = timedelta(days=7)
NO_RESTS: Mapping[datetime, datetime] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TopError:
    """What a run said when it failed, and how often."""

    said: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week's figures; `late_times` promises were broken, for `late_minutes` in all.

    `busiest_hour` is the hour of the account's own day in which most calls came.
    """

    syncs: int = 0
    complete: int = 0
    partial: int = 0
    failed: int = 0
    mean_seconds: float | None = None
    read: int = 0
    created: int = 0
    updated: int = 0
    removed: int = 0
    unreadable: int = 0
    conflicts: int = 0
    conflicts_open: int = 0
    calls: int = 0
    busiest_hour: int | None = None
    bookings: int = 0
    booked: int = 0
    bookings_failed: int = 0
    late_times: int = 0
    late_minutes: int = 0
    errors: Sequence[TopError] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Nothing was synced and nobody called, as before an account's first practice."""
        return not (self.syncs or self.calls or self.bookings)

    @property
    def complete_share(self) -> float | None:
        return self.complete / self.syncs if self.syncs else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A week that begins on Monday `week`, beside the one before it."""

    week: date
    timezone: str
    this: Week
    before: Week


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def owed(now: datetime, timezone: str) -> date:
    """The Monday of the week that is to be told by now: last week's from Monday morning on."""
    local = now.astimezone(zone(timezone))
    this = monday(local.date())
    is_early = local.date() == this and local.time() < FROM_HOUR
    return this - (2 * A_WEEK if is_early else A_WEEK)


def running(now: datetime, timezone: str) -> date:
    """The Monday of the week that is going on."""
    return monday(local_day(now, timezone))


def span_of(week: date, timezone: str) -> Window:
    """Monday's midnight to Monday's midnight, on the account's own clock."""
    return whole_days(week, week + A_WEEK - timedelta(days=1), timezone)


def broken(
    facts: Facts,
    completions: Sequence[datetime],
    within: Window,
    *,
    rests: Mapping[datetime, datetime] = NO_RESTS,
) -> tuple[int, int]:
    """How often the promise was broken in that time, and for how many minutes in all.

    `completions` are when its sheet was fresh, oldest first, the last one before `within` too;
    `rests` say of some until when the next could be left.
    """
    if facts.every is None:
        return 0, 0
    known = [one for one in completions if one < within.end] or [facts.created_at]
    spans = [
        sum(1 for _ in _late(replace(facts, rests_until=rests.get(fresh)), fresh, until, within))
        for fresh, until in pairwise([*known, within.end])
    ]
    return sum(1 for steps in spans if steps), sum(spans) * int(STEP / timedelta(minutes=1))


def _late(facts: Facts, fresh: datetime, until: datetime, within: Window) -> Iterator[datetime]:
    """Each step between two syncs at which the sheet was older than promised."""
    every = facts.every or timedelta()
    at = max(fresh + LATE_AFTER * every, within.start)
    held = replace(facts, last_complete_at=fresh)
    while at < until:
        if assess(held, now=at.astimezone(UTC)).status is Status.LATE:
            yield at
        at += STEP
