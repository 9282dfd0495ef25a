"""Who took what of each allowance within the hour, beside the fair share of it, and who waits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from adapters.storage.practices.habits import Synced, by_bucket, read_used
from domain.limits import Budget
from domain.shares import fair_shares, jain
from infra.database import dispatch
from producers.doors import Door
from producers.estimates import limit_words
from producers.pools import Pool, pools
from producers.what_if import A_GUESS

AN_HOUR = 3600
PATIENCE = timedelta(minutes=10)
"""Who waits longer and got nothing meanwhile, though others did, is starving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """A connection: what it took, what it waits to ask, and its fair share of the hour.

    Without a connection it is all of other accounts, or what was asked before anybody noted whose.
    """

    connection_id: UUID | None
    practice: str | None
    took: int
    wanted: int
    fair: int
    waiting_since: datetime | None
    starves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One allowance; `evenness` is Jain's index of what was taken by what would have been fair."""

    vendor: str
    limit: str
    allowed: int
    took: int
    evenness: float
    takers: Sequence[Taker]

    @property
    def starving(self) -> Sequence[Taker]:
        return [one for one in self.takers if one.starves]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Every allowance of the account's connections, those that several share first."""

    shares: Sequence[Share]
    by_kind: Sequence[str]
    at: datetime


def shares(door: Door) -> Shares:
    """By the rows that every request leaves; of other accounts only how much they took."""
    found = pools(door)
    wanted = [bucket for pool in found.pools for bucket in pool.buckets]
    with dispatch(door.ports.database) as db:
        used = by_bucket(read_used(db, wanted, seconds=AN_HOUR))
    made = [
        _share(pool, budget, used.get(budget.bucket, {}), found.at)
        for pool in found.pools
        for budget in pool.budgets
    ]
    by_kind = [one.connection.name for one in found.by_kind]
    return Shares(shares=made, by_kind=by_kind, at=found.at)


def _share(pool: Pool, budget: Budget, used: Mapping[UUID | None, int], at: datetime) -> Share:
    tightest = min(budget.limits, key=lambda one: one.requests / one.seconds)
    allowed = tightest.requests * AN_HOUR // tightest.seconds
    own = {one.connection.id: one for one in pool.members}
    took: dict[UUID | None, int] = {key: used.get(key, 0) for key in own}
    if foreign := sum(count for key, count in used.items() if key not in own):
        took[None] = foreign
    wanted = {key: count + (_waits(own[key]) if key else 0) for key, count in took.items()}
    fair = fair_shares(wanted, max(allowed, sum(took.values())))
    asking = [took[key] / fair[key] for key in took if fair[key] >= 1]
    of_all = sum(took.values())
    takers = [
        _taker(
            own.get(key) if key else None,
            (count, wanted[key], fair[key]),
            others=of_all - count,
            at=at,
        )
        for key, count in took.items()
    ]
    return Share(
        vendor=pool.vendor,
        limit=limit_words(tightest),
        allowed=allowed,
        took=of_all,
        evenness=round(jain(asking), 3),
        takers=sorted(takers, key=lambda one: (not one.starves, -one.took, one.practice or "")),
    )


def _waits(one: Synced) -> int:
    return one.waiting * (one.requests or A_GUESS)


def _taker(
    own: Synced | None, counts: tuple[int, int, float], *, others: int, at: datetime
) -> Taker:
    took, wanted, fair = counts
    since = own.since if own else None
    return Taker(
        connection_id=own.connection.id if own else None,
        practice=own.connection.name if own else None,
        took=took,
        wanted=wanted,
        fair=round(fair),
        waiting_since=since,
        starves=others > 0 and took == 0 and since is not None and at - since > PATIENCE,
    )
