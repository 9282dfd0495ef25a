"""What a number of calls would meet at a vendor: what is left, until when, the wait, the money."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from domain.limits import Budget, Limit, Outlook, Throttle, Tier
from domain.window import local_day

A_WEEK = 8
"""Days to look ahead for the next change of hours, a weekend and the day before included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Whether the vendor's stricter hours hold, on its own clock, and when that changes."""

    timezone: str
    is_peak: bool
    changes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """One bucket, for so many calls now: `left` of the `limit` that binds, and what comes `then`.

    Waiting for their turns the calls are through after `seconds` and cost nothing; sent at once,
    `excess` of them would be beyond the limit and cost `cost` US dollars. That is None where a
    vendor sends no bill: it refuses, or locks out.
    """

    calls: int
    left: int
    limit: Limit
    then: int
    hours: Hours | None
    at: datetime
    seconds: float
    excess: int
    cost: Decimal | None


def prospect(
    throttle: Throttle, budget: Budget, *, calls: int = 1, excess_cost: Decimal | None = None
) -> Prospect:
    """By the clock all processes share; spends nothing."""
    outlook = throttle.outlook([budget], requests=max(1, calls))
    left, limit = _tightest(outlook)
    hours = hours_of(budget.tiers[0], outlook.at) if budget.tiers else None
    excess = max(0, calls - left)
    return Prospect(
        calls=calls,
        left=left,
        limit=limit,
        then=_then(budget, hours),
        hours=hours,
        at=outlook.at,
        seconds=outlook.seconds if calls else 0.0,
        excess=excess,
        cost=None if excess_cost is None else excess * excess_cost,
    )


def prospects(
    throttle: Throttle,
    buckets: Mapping[str, Budget],
    *,
    calls: Mapping[str, int],
    excess_cost: Decimal | None = None,
) -> Mapping[str, Prospect]:
    """The same of each bucket that is asked for and known."""
    return {
        name: prospect(throttle, buckets[name], calls=times, excess_cost=excess_cost)
        for name, times in calls.items()
        if name in buckets
    }


def hours_of(tier: Tier, now: datetime) -> Hours:
    """By the tier's own hours; the seconds it is kept longer at either end are not told."""
    yesterday = local_day(now, tier.zone) - timedelta(days=1)
    spans = tier.spans(yesterday, days=A_WEEK + 1)
    is_peak = any(start <= now < stop for start, stop in spans)
    changes = min(at for span in spans for at in span if at > now)
    return Hours(timezone=tier.zone, is_peak=is_peak, changes_at=changes)


def _tightest(outlook: Outlook) -> tuple[int, Limit]:
    found = min(outlook.allowances, key=lambda one: (one.left, one.limit.requests))
    return found.left, found.limit


def _then(budget: Budget, hours: Hours | None) -> int:
    """How many the hours after these allow."""
    looser = min(limit.requests for limit in budget.limits)
    stricter = min(limit.requests for limit in budget.every_limit())
    return looser if hours and hours.is_peak else stricter
