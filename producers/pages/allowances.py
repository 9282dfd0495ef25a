"""What may still be asked of a vendor whose limits follow its own hours, and when they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from adapters import pms
from adapters.rest.budgets import budgets
from adapters.storage.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from domain.errors import SyncError
from domain.limits import Budget, Outlook, Throttle, Tier
from domain.window import zone
from infra.vendor_urls import VendorUrls
from producers.asking import loaded
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
    at: datetime


def of_connection(door: Door, connection_id: UUID) -> tuple[Throttle, Mapping[str, Budget]]:
    """The clock that all processes share, and the buckets of that connection in it."""
    ports = door.ports
    throttle = RedisThrottle(ports.redis, StoredSpent(ports.database))
    held = loaded(door, connection_id)
    vendor = pms.vendor(held.vendor)
    urls = ports.urls.get(held.vendor, VendorUrls())
    here = replace(held, base_url=held.base_url or urls.base_url)
    try:
        own = ports.secrets.get(held.secret_ref) if held.secret_ref else {}
        secrets = {**ports.presets.get(held.vendor, {}), **own}
        auth = vendor.auth_by(secrets)
        if auth is None:
            return throttle, {}
        names = list(vendor.limits)
        found = budgets(vendor, names, here, auth=auth, secrets=secrets)
    except SyncError:
        # Whose allowance it is, is told by its secrets.
        return throttle, {}
    return throttle, dict(zip(names, found, strict=True))


def spending(throttle: Throttle, buckets: Mapping[str, Budget]) -> Spending | None:
    """By the clock's own time; None while it cannot be asked, or knows no bucket."""
    try:
        found = {name: throttle.outlook([one]) for name, one in buckets.items()}
    except SyncError:
        return None
    if not found:
        return None
    now = max(one.at for one in found.values())
    tiers = [tier for one in buckets.values() for tier in one.tiers]
    return Spending(
        parts=_bound([_part(name, buckets[name], one) for name, one in found.items()]),
        hours=_hours(tiers[0], now) if tiers else None,
        at=now,
    )


def wait(
    throttle: Throttle, buckets: Mapping[str, Budget], calls: Mapping[str, int]
) -> float | None:
    """Seconds until so many calls of each bucket would be through; None where nobody can tell."""
    try:
        return max(
            (
                throttle.outlook([buckets[name]], requests=times).seconds
                for name, times in calls.items()
                if times and name in buckets
            ),
            default=0.0,
        )
    except SyncError:
        return None


def _part(name: str, budget: Budget, outlook: Outlook) -> Part:
    left, most, seconds = _tightest(outlook)
    hours = _hours(budget.tiers[0], outlook.at) if budget.tiers else None
    looser = min(limit.requests for limit in budget.limits)
    stricter = min(limit.requests for limit in budget.every_limit())
    return Part(
        name=name,
        left=left,
        most=most,
        seconds=seconds,
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
