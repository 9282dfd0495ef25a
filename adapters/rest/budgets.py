"""The allowances a connection's requests spend from, named for whoever holds them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from adapters.rest.auth import Auth, digest
from adapters.rest.vendor import Vendor
from domain.connections import Connection
from domain.limits import Budget, Limit, Tier

Secrets = Mapping[str, str]

WHERE_BILLED = 1.0
"""Seconds every window of a vendor that bills is kept longer: one call may leave late, on a busy
machine, and the next at once, so that they come closer than they were granted."""

OF_THE_SITE = ", this practice alone"

_SPANS = {1: "a second", 60: "a minute", 3600: "an hour", 24 * 3600: "a day"}


def bucket(
    vendor: Vendor, name: str, connection: Connection, *, auth: Auth, secrets: Secrets
) -> str:
    """Named for who holds the allowance, so that a practice connected twice shares it."""
    return next(iter(_buckets(vendor, name, connection, auth=auth, secrets=secrets).values()))


def _buckets(
    vendor: Vendor, name: str, connection: Connection, *, auth: Auth, secrets: Secrets
) -> Mapping[str, str]:
    """By the name they are told by: the one of the bucket, and where there are two, whose."""
    base_url = (connection.base_url or vendor.base_url).rstrip("/")
    site = digest(base_url, connection.site or str(connection.id))
    if vendor.limited_per == "connection":
        return {name: f"{vendor.name}/{name}/{site}"}
    found = {name: f"{vendor.name}/{name}/{digest(base_url, auth.owner(secrets))}"}
    if vendor.limited_per == "both":
        found[f"{name}{OF_THE_SITE}"] = f"{vendor.name}/{name}/{site}"
    return found


def budgets(
    vendor: Vendor,
    names: Sequence[str],
    connection: Connection,
    *,
    auth: Auth,
    secrets: Secrets,
) -> list[Budget]:
    """What one request spends from."""
    told = budgets_by_name(vendor, names, connection, auth=auth, secrets=secrets)
    return list(told.values())


def budgets_by_name(
    vendor: Vendor,
    names: Sequence[str],
    connection: Connection,
    *,
    auth: Auth,
    secrets: Secrets,
) -> Mapping[str, Budget]:
    return {
        told: Budget(
            bucket=key,
            limits=vendor.limits[name],
            tiers=vendor.tiers.get(name, ()),
            voice_share=vendor.voice_shares.get(name, 0.0),
            headroom=0.0 if vendor.excess_cost is None else WHERE_BILLED,
        )
        for name in names
        for told, key in _buckets(vendor, name, connection, auth=auth, secrets=secrets).items()
    }


def of_names(found: Mapping[str, Budget], names: Sequence[str]) -> list[Budget]:
    """Of what is told by name, all that requests of these buckets spend from."""
    wanted = {*names, *(f"{name}{OF_THE_SITE}" for name in names)}
    return [one for name, one in found.items() if name in wanted]


def named(vendor: Vendor, names: Sequence[str]) -> str:
    """What people read that is waited for; a bucket's name would tell them nothing."""
    word = next((vendor.limit_words[name] for name in names if name in vendor.limit_words), None)
    return f"{vendor.title}'s {word or 'request'} limit"


def in_force(wanted: Sequence[Budget], *, now: datetime, until: datetime) -> str:
    """The limit that makes for such a wait, at this hour of the vendor's clock."""
    limits: dict[int, int] = {}
    for limit in (limit for budget in wanted for limit in _at(budget, now)):
        limits[limit.seconds] = min(limit.requests, limits.get(limit.seconds, limit.requests))
    waits = (until - now).total_seconds()
    seconds = next((one for one in sorted(limits) if one >= waits), max(limits))
    span = _SPANS.get(seconds, f"in {seconds:,} s")
    return f"{limits[seconds]:,} {span}"


def _at(budget: Budget, now: datetime) -> Sequence[Limit]:
    tiers = [tier for tier in budget.tiers if _holds(tier, now)]
    return (*budget.limits, *(limit for tier in tiers for limit in tier.limits))


def _holds(tier: Tier, now: datetime) -> bool:
    yesterday = (now - timedelta(days=1)).date()
    return any(begins <= now < ends for begins, ends in tier.spans(yesterday, days=3))
