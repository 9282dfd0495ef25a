"""What may still be asked of a vendor whose limits follow its own hours, and what holds it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from adapters import pms
from adapters.rest.budgets import budgets_by_name
from adapters.storage.jobs.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from domain.connections import Connection
from domain.errors import SyncError
from domain.limits import Budget, Throttle
from domain.prospects import Hours, Prospect, prospects
from infra.vendor_urls import VendorUrls
from producers.asking import loaded
from producers.doors import Door

LOGIN = "login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The clock that all processes share, and one connection's buckets in it.

    A call beyond them costs `excess_cost` US dollars, where the vendor sends a bill for it.
    """

    throttle: Throttle
    buckets: Mapping[str, Budget] = field(default_factory=dict)
    excess_cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One bucket now; `is_binding` where it holds up more than any other."""

    name: str
    next: Prospect
    is_binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """All buckets of one connection, at one instant."""

    parts: Sequence[Part]
    hours: Hours | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What so many calls would meet: a wait of `seconds`, or a bill of `cost` for not waiting."""

    seconds: float
    excess: int
    cost: Decimal | None


def of_connection(door: Door, connection_id: UUID) -> Clock:
    """Without buckets where its secrets cannot be had: they tell whose allowance it is."""
    held = loaded(door, connection_id)
    vendor = pms.vendor(held.vendor)
    throttle = RedisThrottle(door.ports.redis, StoredSpent(door.ports.database))
    try:
        buckets = buckets_of(door, held)
    except SyncError:
        buckets = {}
    return Clock(throttle=throttle, buckets=buckets, excess_cost=vendor.excess_cost)


def buckets_of(door: Door, held: Connection) -> Mapping[str, Budget]:
    """By name; none where nobody has signed in. Its secrets are asked for."""
    ports, vendor = door.ports, pms.vendor(held.vendor)
    urls = ports.urls.get(held.vendor, VendorUrls())
    here = replace(held, base_url=held.base_url or urls.base_url)
    own = ports.secrets.get(held.secret_ref) if held.secret_ref else {}
    secrets = {**ports.presets.get(held.vendor, {}), **own}
    auth = vendor.auth_by(secrets)
    if auth is None:
        return {}
    return budgets_by_name(vendor, list(vendor.limits), here, auth=auth, secrets=secrets)


def spending(clock: Clock) -> Spending | None:
    """By the clock's own time; None while it cannot be asked, or knows no bucket."""
    found = _asked(clock, dict.fromkeys(clock.buckets, 1))
    if not found:
        return None
    return Spending(
        parts=_bound([Part(name=name, next=one) for name, one in found.items()]),
        hours=next((one.hours for one in found.values() if one.hours), None),
        at=max(one.at for one in found.values()),
    )


def asked(clock: Clock, calls: Mapping[str, int]) -> Asked | None:
    """So many calls of each bucket; None where nobody can tell."""
    found = _asked(clock, calls).values()
    if not found:
        return None
    costs = [one.cost for one in found if one.cost is not None]
    return Asked(
        seconds=max(one.seconds for one in found),
        excess=sum(one.excess for one in found),
        cost=sum(costs, Decimal()) if clock.excess_cost is not None else None,
    )


def _asked(clock: Clock, calls: Mapping[str, int]) -> Mapping[str, Prospect]:
    try:
        return prospects(clock.throttle, clock.buckets, calls=calls, excess_cost=clock.excess_cost)
    except SyncError:
        return {}


def _bound(parts: Sequence[Part]) -> Sequence[Part]:
    """Mark the part whose next call waits longest, or of which the least share is left.

    A login lasts for hours: that the next must wait holds up nothing.
    """
    of_work = [one for one in parts if one.name != LOGIN] or parts
    worst = max(of_work, key=lambda one: (one.next.seconds, -_share(one)))
    return [replace(one, is_binding=one is worst and _share(one) < 1) for one in parts]


def _share(part: Part) -> float:
    return part.next.left / part.next.limit.requests
