"""Weighs other frequencies and limits before anything is saved, by what syncs have asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices.habits import Synced, by_bucket, read_used
from domain.limits import Budget, Limit
from domain.what_if import FARTHEST, Foreseen, Habit, Load, Pace, Shared, foresee
from domain.window import local_day, whole_day
from infra.database import dispatch
from producers.days import account_zone
from producers.doors import Door
from producers.estimates import limit_words
from producers.pools import Pool, pools

A_GUESS = 33
"""Requests of a usual day read whole, for a connection none of whose syncs has ended."""

A_DAY = 86_400
LONGEST_MINUTES = 1440
MOST_REQUESTS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Minutes by connection, and how many requests a vendor's window of so many seconds allows."""

    minutes: Mapping[UUID, int] = field(default_factory=dict)
    limits: Mapping[tuple[str, int], int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.minutes and not self.limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One of a pool's windows: what a day asks of it and what it allows, now and then.

    A share of 1 is all of it; `binds` is the tightest as wished for. `hours` a day it holds.
    """

    limit: str
    seconds: int
    requests: int
    wished: int
    hours: float
    asked: int
    asked_then: int
    allowed: int
    allowed_then: int
    share: float
    share_then: float
    binds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One connection: what it asks for, how far apart its syncs really end, and whether too far.

    `status` is on_time, slowed, late or by_hand; `is_guess` where none of its syncs has ended. An
    `adaptive` one is read at most `quiet_minutes` apart while it is quiet.
    """

    connection_id: UUID
    practice: str
    version: int
    requests: int
    is_guess: bool
    waiting: int
    minutes: int | None
    minutes_then: int | None
    a_day: int
    a_day_then: int
    really: int | None
    really_then: int | None
    status: str
    status_then: str
    adaptive: bool
    quiet_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedPool:
    """Connections that share an allowance; without `through_at` the day is too full to lay out."""

    vendor: str
    windows: Sequence[Window]
    connections: Sequence[Weighed]
    besides: int
    a_day: int
    a_day_then: int
    through_at: datetime | None
    through_at_then: datetime | None
    turned_late: Sequence[str]

    @property
    def binding(self) -> Window:
        return next(one for one in self.windows if one.binds)


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Everything weighed at `at`, up to the end of the account's own day."""

    pools: Sequence[WeighedPool]
    untold: Sequence[str]
    by_kind: Sequence[str]
    at: datetime
    until: datetime
    farthest: int = FARTHEST


def weigh(door: Door, wish: Wish) -> WhatIf:
    """Saves nothing."""
    found = pools(door)
    with door.transaction() as db:
        timezone = account_zone(db)
    until = whole_day(local_day(found.at, timezone), timezone).end
    span = (found.at, until)
    weighed = [_weighed(_shared(door, pool, found.at), pool, wish, span) for pool in found.pools]
    return WhatIf(
        pools=weighed,
        untold=[one.connection.name for one in found.untold],
        by_kind=[one.connection.name for one in found.by_kind],
        at=found.at,
        until=until,
    )


def _shared(door: Door, pool: Pool, at: datetime) -> Shared:
    """With what left of late, and whatever is asked besides the syncs of these."""
    stored = StoredSpent(door.ports.database)
    spent = {
        one.bucket: stored.since(one.bucket, at - timedelta(seconds=one.longest()))
        for one in pool.budgets
    }
    with dispatch(door.ports.database) as db:
        used = by_bucket(read_used(db, pool.buckets, seconds=A_DAY))
    of_all = max((sum(one.values()) for one in used.values()), default=0)
    of_syncs = sum(one.of_syncs for one in pool.members)
    return Shared(budgets=pool.budgets, spent=spent, besides=float(max(0, of_all - of_syncs)))


def _weighed(
    shared: Shared, pool: Pool, wish: Wish, span: tuple[datetime, datetime]
) -> WeighedPool:
    now, until = span
    wished = replace(shared, budgets=[_wished(pool.vendor, one, wish) for one in pool.budgets])
    before = foresee(shared, [_habit(one) for one in pool.members], now=now, until=until)
    after = foresee(wished, [_habit(one, wish) for one in pool.members], now=now, until=until)
    paces = zip(pool.members, before.paces, after.paces, strict=True)
    connections = [_connection(own, one, other) for own, one, other in paces]
    return WeighedPool(
        vendor=pool.vendor,
        windows=_windows(before, after),
        connections=connections,
        besides=round(shared.besides),
        a_day=round(before.a_day),
        a_day_then=round(after.a_day),
        through_at=before.through_at,
        through_at_then=after.through_at,
        turned_late=[
            one.practice
            for one in connections
            if one.status_then == "late" and one.status != "late"
        ],
    )


def _wished(vendor: str, budget: Budget, wish: Wish) -> Budget:
    def of(limit: Limit) -> Limit:
        wanted = wish.limits.get((vendor, limit.seconds), limit.requests)
        return replace(limit, requests=max(1, wanted))

    return replace(budget, limits=tuple(of(one) for one in budget.limits))


def _habit(one: Synced, wish: Wish | None = None) -> Habit:
    requests = one.requests or A_GUESS
    minutes = wish.minutes.get(one.connection.id) if wish else None
    every = timedelta(minutes=minutes) if minutes else one.every
    rhythm = one.rhythm if every is None else replace(one.rhythm, every=every)
    return Habit(
        key=one.connection.id,
        requests=requests,
        every=every,
        next_at=one.next_at,
        waiting=one.waiting * requests,
        rhythm=rhythm,
    )


def _windows(before: Foreseen, after: Foreseen) -> Sequence[Window]:
    pairs = zip(before.loads, after.loads, strict=True)
    return [_window(one, other, binds=other is after.binding) for one, other in pairs]


def _window(one: Load, other: Load, *, binds: bool) -> Window:
    return Window(
        limit=limit_words(one.limit),
        seconds=one.limit.seconds,
        requests=one.limit.requests,
        wished=other.limit.requests,
        hours=one.hours,
        asked=round(one.asked),
        asked_then=round(other.asked),
        allowed=round(one.allowed),
        allowed_then=round(other.allowed),
        share=one.share,
        share_then=other.share,
        binds=binds,
    )


def _connection(own: Synced, one: Pace, other: Pace) -> Weighed:
    return Weighed(
        connection_id=own.connection.id,
        practice=own.connection.name,
        version=own.version,
        requests=own.requests or A_GUESS,
        is_guess=own.requests is None,
        waiting=own.waiting,
        minutes=_minutes(one.every),
        minutes_then=_minutes(other.every),
        a_day=round(one.a_day),
        a_day_then=round(other.a_day),
        really=_minutes(one.really),
        really_then=_minutes(other.really),
        status=_status(one),
        status_then=_status(other),
        adaptive=own.rhythm.is_adaptive and own.rhythm.hours is not None,
        quiet_minutes=round(own.rhythm.most / timedelta(minutes=1)),
    )


def _status(pace: Pace) -> str:
    if pace.every is None:
        return "by_hand"
    if pace.is_late:
        return "late"
    return "slowed" if pace.is_slowed else "on_time"


def _minutes(length: timedelta | None) -> int | None:
    return None if length is None else round(length / timedelta(minutes=1))
