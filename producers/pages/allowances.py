"""What may still be asked of a vendor, in the parts its page shows: see `domain.prospects`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from adapters import pms
from adapters.rest.budgets import budgets
from adapters.storage.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from domain.errors import SyncError
from domain.limits import Budget, Throttle
from domain.prospects import Hours, Prospect, prospects
from infra.vendor_urls import VendorUrls
from producers.asking import loaded
from producers.doors import Door


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What so many calls would meet: a wait of `seconds`, or a bill of `cost` for not waiting."""

    seconds: float
    excess: int
    cost: Decimal | None


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
        found = prospects(throttle, buckets, calls=dict.fromkeys(buckets, 1))
    except SyncError:
        return None
    if not found:
        return None
    return Spending(
        parts=_bound([_part(name, one) for name, one in found.items()]),
        hours=next((one.hours for one in found.values() if one.hours), None),
        at=max(one.at for one in found.values()),
    )


def asked(
    throttle: Throttle,
    buckets: Mapping[str, Budget],
    calls: Mapping[str, int],
    *,
    excess_cost: Decimal | None = None,
) -> Asked | None:
    """So many calls of each bucket; None where nobody can tell."""
    try:
        found = prospects(throttle, buckets, calls=calls, excess_cost=excess_cost).values()
    except SyncError:
        return None
    costs = [one.cost for one in found if one.cost is not None]
    return Asked(
        seconds=max((one.seconds for one in found), default=0.0),
        excess=sum(one.excess for one in found),
        cost=sum(costs, Decimal()) if excess_cost is not None else None,
    )


def wait(
    throttle: Throttle, buckets: Mapping[str, Budget], calls: Mapping[str, int]
) -> float | None:
    """Seconds until so many calls of each bucket would be through; None where nobody can tell."""
    found = asked(throttle, buckets, calls)
    return None if found is None else found.seconds


def _part(name: str, one: Prospect) -> Part:
    return Part(
        name=name,
        left=one.left,
        most=one.limit.requests,
        seconds=one.limit.seconds,
        then=one.then,
        wait=one.seconds,
    )


def _bound(parts: Sequence[Part]) -> Sequence[Part]:
    """Mark the part whose next call waits longest, or of which the least share is left."""
    worst = max(parts, key=lambda one: (one.wait, -one.left / one.most), default=None)
    return [replace(one, is_binding=one is worst and one.left < one.most) for one in parts]
