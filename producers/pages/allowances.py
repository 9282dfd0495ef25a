"""What may still be asked of a vendor whose limits follow its own hours, and when they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from adapters.storage.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from domain.errors import SyncError
from domain.limits import Budget, Outlook, Throttle, Tier
from domain.window import zone
from producers.doors import Door

A_WEEK = 8
"""Days to look ahead for the next change of hours, a weekend and the day before included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Whether the vendor's stricter hours hold, on its own clock, and when that changes."""

    timezone: str
    is_peak: bool
    changes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One bucket now: `left` of `most` in `seconds`; `then` is how many after the hours change."""

    name: str
    left: int
    most: int
    seconds: int
    then: int
    wait: float
    is_binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """All buckets of one connection; the one that holds up most is `is_binding`."""

    parts: Sequence[Part]
    hours: Hours | None


def of_connection(door: Door, connection_id: UUID) -> tuple[Throttle, Mapping[str, Budget]]:
    """The clock that all processes share, and the buckets of that connection in it."""
    throttle = RedisThrottle(door.ports.redis, StoredSpent(door.ports.database))
    return throttle, {}


def spending(
    throttle: Throttle, budgets: Mapping[str, Budget], *, now: datetime
) -> Spending | None:
    """None while the clock cannot be asked."""
    try:
        found = [_part(throttle, name, one, now) for name, one in budgets.items()]
    except SyncError:
        return None
    tiers = [tier for one in budgets.values() for tier in one.tiers]
    return Spending(parts=_bound(found), hours=_hours(tiers[0], now) if tiers else None)


def wait(
    throttle: Throttle, budgets: Mapping[str, Budget], calls: Mapping[str, int]
) -> float | None:
    """Seconds until so many calls of each bucket would be through; None where nobody can tell."""
    try:
        return max(
            (
                throttle.outlook([budgets[name]], requests=times).seconds
                for name, times in calls.items()
                if times and name in budgets
            ),
            default=0.0,
        )
    except SyncError:
        return None


def _part(throttle: Throttle, name: str, budget: Budget, now: datetime) -> Part:
    outlook = throttle.outlook([budget])
    tightest = _tightest(outlook)
    hours = _hours(budget.tiers[0], now) if budget.tiers else None
    looser = min(limit.requests for limit in budget.limits)
    stricter = min(limit.requests for limit in budget.every_limit())
    return Part(
        name=name,
        left=tightest[0],
        most=tightest[1],
        seconds=tightest[2],
        then=looser if hours and hours.is_peak else stricter,
        wait=outlook.seconds,
    )


def _tightest(outlook: Outlook) -> tuple[int, int, int]:
    found = min(outlook.allowances, key=lambda one: (one.left, one.limit.requests))
    return found.left, found.limit.requests, found.limit.seconds


def _bound(parts: Sequence[Part]) -> Sequence[Part]:
    """Mark the part whose next call waits longest, or of which the least share is left."""
    worst = max(parts, key=lambda one: (one.wait, -one.left / one.most), default=None)
    return [replace(one, is_binding=one is worst and one.left < one.most) for one in parts]


def _hours(tier: Tier, now: datetime) -> Hours:
    today: date = now.astimezone(zone(tier.zone)).date()
    spans = tier.spans(today - timedelta(days=1), days=A_WEEK + 1)
    is_peak = any(start <= now < stop for start, stop in spans)
    changes = min(at for span in spans for at in span if at > now)
    return Hours(timezone=tier.zone, is_peak=is_peak, changes_at=changes)
