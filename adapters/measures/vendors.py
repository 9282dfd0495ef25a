"""What vendors still allow, what was asked beyond it, and how often they said "not now"."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters import pms
from adapters.measures.asking import Sample
from adapters.rest.vendor import Vendor
from adapters.throttle.told import told_not_now
from domain.limits import Budget, Limit, Throttle, Tier
from domain.window import local_day

MOST_BUCKETS = 100
"""Of so many allowances the clock is asked, those used last; the smallest share left is told."""

# One step of the index from each bucket to the next, then its own newest row.
_USED = text(
    """
    WITH RECURSIVE each AS (
      (SELECT bucket FROM vendor_requests ORDER BY bucket LIMIT 1)
      UNION ALL
      SELECT (SELECT bucket FROM vendor_requests WHERE bucket > each.bucket
              ORDER BY bucket LIMIT 1)
      FROM each WHERE each.bucket IS NOT NULL
    )
    SELECT each.bucket, latest.at, lately.requests, now() AS now
    FROM each
    CROSS JOIN LATERAL (
      SELECT max(at) AS at FROM vendor_requests WHERE bucket = each.bucket) AS latest
    CROSS JOIN LATERAL (
      SELECT count(*) AS requests FROM vendor_requests
      WHERE bucket = each.bucket AND at > now() - interval '1 minute') AS lately
    WHERE each.bucket IS NOT NULL ORDER BY latest.at DESC LIMIT :most
    """
)
MINUTE = 60


def requests(db: Db) -> list[Mapping[str, Any]]:
    """The allowances used last, with what was asked of each within the minute; for dispatch."""
    return [dict(row) for row in db.execute(_USED, {"most": MOST_BUCKETS}).mappings()]


def budgets(throttle: Throttle, used: list[Mapping[str, Any]]) -> Iterator[Sample]:
    """The smallest share left of each vendor's allowances, by name; whose it is stays untold."""
    least: dict[tuple[str, str], float] = {}
    for row in used:
        budget = _budget(row["bucket"])
        if budget is not None:
            outlook = throttle.outlook([budget])
            share = min(max(0, one.left) / one.limit.requests for one in outlook.allowances)
            key = _names(row["bucket"])
            least[key] = min(share, least.get(key, 1.0))
    for key, share in sorted(least.items()):
        yield Sample("pms_sync_vendor_budget_left_ratio", key, share)


def excess(used: list[Mapping[str, Any]]) -> Iterator[Sample]:
    """Calls within the minute beyond what holds now, at vendors who send a bill for them."""
    found: dict[tuple[str, str], float] = {}
    for row in used:
        vendor, name = _vendor(row["bucket"]), _names(row["bucket"])
        if vendor is None or vendor.excess_cost is None or name[1] not in vendor.limits:
            continue
        allowed = _a_minute(vendor.limits[name[1]], vendor.tiers.get(name[1], ()), row["now"])
        beyond = max(0.0, float(row["requests"]) - allowed)
        found[name] = max(beyond, found.get(name, 0.0))
    for name, calls in sorted(found.items()):
        yield Sample("pms_sync_excess_calls", name, calls)


def hits(client: Redis) -> Iterator[Sample]:
    """Every vendor there is, so that the first hit is a rise."""
    told = told_not_now(client)
    for vendor in sorted({*pms.registered(), *told}):
        yield Sample("pms_sync_vendor_limit_hits_total", (vendor,), float(told.get(vendor, 0)))


def _vendor(bucket: str) -> Vendor | None:
    return pms.registered().get(_names(bucket)[0])


def _names(bucket: str) -> tuple[str, str]:
    """Vendor and name; the rest says whose it is."""
    vendor, name, *_ = (*bucket.split("/"), "", "")
    return vendor, name


def _budget(bucket: str) -> Budget | None:
    vendor, (_, name) = _vendor(bucket), _names(bucket)
    if vendor is None or name not in vendor.limits:
        return None
    return Budget(
        bucket=bucket,
        limits=vendor.limits[name],
        tiers=vendor.tiers.get(name, ()),
        voice_share=vendor.voice_shares.get(name, 0.0),
    )


def _a_minute(limits: tuple[Limit, ...], tiers: tuple[Tier, ...], now: datetime) -> float:
    """The least that any limit of a minute allows at this hour of the vendor's own clock."""
    stricter = (limit for tier in tiers if _holds(tier, now) for limit in tier.limits)
    every = [one.requests for one in (*limits, *stricter) if one.seconds == MINUTE]
    return float(min(every, default=float("inf")))


def _holds(tier: Tier, now: datetime) -> bool:
    """Past the turn of the hour by a minute: calls before it were made under the hours before."""
    first = local_day(now, tier.zone) - timedelta(days=1)
    margin = timedelta(seconds=MINUTE)
    return any(start + margin <= now < end for start, end in tier.spans(first, days=3))
