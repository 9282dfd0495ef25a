"""The allowances a connection's requests spend from, named for whoever holds them."""

from collections.abc import Mapping, Sequence

from adapters.rest.auth import Auth, digest
from adapters.rest.vendor import Vendor
from domain.connections import Connection
from domain.limits import Budget

Secrets = Mapping[str, str]

WHERE_BILLED = 1.0
"""Seconds every window of a vendor that bills is kept longer: one call may leave late, on a busy
machine, and the next at once, so that they come closer than they were granted."""


def bucket(
    vendor: Vendor, name: str, connection: Connection, *, auth: Auth, secrets: Secrets
) -> str:
    """Named for who holds the allowance, so that a practice connected twice shares it."""
    base_url = (connection.base_url or vendor.base_url).rstrip("/")
    if vendor.limited_per == "connection":
        owner = digest(base_url, connection.site or str(connection.id))
    else:
        owner = digest(base_url, auth.owner(secrets))
    return f"{vendor.name}/{name}/{owner}"


def budgets(
    vendor: Vendor,
    names: Sequence[str],
    connection: Connection,
    *,
    auth: Auth,
    secrets: Secrets,
) -> list[Budget]:
    return [
        Budget(
            bucket=bucket(vendor, name, connection, auth=auth, secrets=secrets),
            limits=vendor.limits[name],
            tiers=vendor.tiers.get(name, ()),
            voice_share=vendor.voice_shares.get(name, 0.0),
            headroom=0.0 if vendor.excess_cost is None else WHERE_BILLED,
        )
        for name in names
    ]
