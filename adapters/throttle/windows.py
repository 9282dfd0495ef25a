"""The limits of a budget as spans of microseconds, lengthened for the way to the vendor."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.throttle.instants import from_micros, span, to_micros
from domain.limits import Budget, Limit, Tier

ALWAYS = (0, 2**52)
TIER_DAYS = 5
"""A turn further off than that meets its tier when it is claimed."""


@dataclass(frozen=True, slots=True)
class Window:
    """One limit of one bucket, in force from `start` until `stop`."""

    limit: Limit
    span: int
    start: int
    stop: int

    def as_json(self) -> dict[str, Any]:
        return {
            "requests": self.limit.requests,
            "span": self.span,
            "from": self.start,
            "to": self.stop,
        }


def windows(budget: Budget, *, guard: float, now: int) -> tuple[Window, ...]:
    """Every limit, with the hours of its tiers around `now`; Redis's time decides at the grant."""
    return tuple(_windows(budget, guard, now))


def _windows(budget: Budget, guard: float, now: int) -> Iterator[Window]:
    longer = guard + budget.headroom
    for limit in budget.limits:
        yield Window(limit, span(limit.seconds + longer), *ALWAYS)
    for start, stop, tier, limit in _tier_spans(budget, from_micros(now)):
        # A request granted just before the hour arrives in it, and clocks differ.
        margin = span(guard + tier.drift)
        around = to_micros(start) - margin, to_micros(stop) + margin
        yield Window(limit, span(limit.seconds + longer), *around)


def _tier_spans(budget: Budget, now: datetime) -> Iterator[tuple[datetime, datetime, Tier, Limit]]:
    for tier in budget.tiers:
        # Two days back: the local date may be behind UTC's, and a night began the day before.
        first = now.date() - timedelta(days=2)
        for start, stop in tier.spans(first, days=TIER_DAYS):
            for limit in tier.limits:
                yield start, stop, tier, limit
