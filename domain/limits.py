"""What a vendor allows, what a request spends of it, and the ports of the clock that keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

VOICE_SHARE_FROM = 10
"""A share of a limit smaller than this would be less than one request."""

EVERY_DAY = frozenset(range(7))
MONDAY_TO_FRIDAY = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: int

    def __post_init__(self) -> None:
        if self.requests < 1 or self.seconds < 1:
            raise ValueError("a limit allows at least one request in at least one second")

    def open_to(self, *, voice: bool, voice_share: float) -> int:
        """How many of them this caller may use; the share is kept for callers on the phone."""
        if voice or self.requests < VOICE_SHARE_FROM:
            return self.requests
        return int(self.requests * (1 - voice_share) + 1e-9)


@dataclass(frozen=True, slots=True)
class Tier:
    """Stricter limits at certain hours of the vendor's own clock; it never loosens a budget.

    By `drift` seconds that clock may be ahead of ours or behind: so much longer the hours are kept.
    """

    zone: str
    opens: time
    closes: time
    limits: tuple[Limit, ...]
    weekdays: frozenset[int] = EVERY_DAY
    drift: int = 5

    def __post_init__(self) -> None:
        if self.drift < 0:
            raise ValueError("a clock differs by no seconds or more")

    def spans(self, first: date, *, days: int) -> tuple[tuple[datetime, datetime], ...]:
        """When it holds, in UTC, for `days` local dates from `first`; daylight saving included."""
        dates = (first + timedelta(days=number) for number in range(days))
        return tuple(self._span(day) for day in dates if day.weekday() in self.weekdays)

    def _span(self, day: date) -> tuple[datetime, datetime]:
        zone = ZoneInfo(self.zone)
        until = day if self.closes > self.opens else day + timedelta(days=1)
        # An hour that comes twice is inside both times: the stricter reading.
        opens = datetime.combine(day, self.opens, zone)
        closes = datetime.combine(until, self.closes, zone).replace(fold=1)
        return opens.astimezone(UTC), closes.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Budget:
    """One bucket a request spends from, and every limit that bucket has.

    By `headroom` seconds every limit is kept longer, where to be early costs more than to be late.
    """

    bucket: str
    limits: tuple[Limit, ...]
    tiers: tuple[Tier, ...] = ()
    voice_share: float = 0.0
    headroom: float = 0.0

    def __post_init__(self) -> None:
        if not self.limits:
            raise ValueError(f"{self.bucket}: a bucket has at least one limit")
        if not 0 <= self.voice_share < 1:
            raise ValueError(f"{self.bucket}: the voice share is at least 0 and below 1")
        if self.smallest() < 1:
            raise ValueError(f"{self.bucket}: all is kept for callers, and nothing else can pass")
        if self.headroom < 0:
            raise ValueError(f"{self.bucket}: headroom is no seconds or more")

    def every_limit(self) -> tuple[Limit, ...]:
        return (*self.limits, *(limit for tier in self.tiers for limit in tier.limits))

    def longest(self) -> float:
        """Seconds after which a request counts no more."""
        return max(limit.seconds for limit in self.every_limit()) + self.headroom

    def smallest(self) -> int:
        """The most that background may ever spend at one instant."""
        share = self.voice_share
        return min(limit.open_to(voice=False, voice_share=share) for limit in self.every_limit())

    def most_within(self, seconds: float) -> int:
        """The most requests its limits can have let through in `seconds`; a burst counts whole."""
        return min(limit.requests * (int(seconds // limit.seconds) + 1) for limit in self.limits)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of one limit now, for the caller who asked."""

    bucket: str
    limit: Limit
    left: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a queue of requests would meet if it came now."""

    at: datetime
    allowances: tuple[Allowance, ...]
    first_at: datetime
    through_at: datetime
    binding: Allowance

    @property
    def seconds(self) -> float:
        """How long until the last request is through."""
        return (self.through_at - self.at).total_seconds()


class Throttle(Protocol):
    """The clock every vendor request passes."""

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        """Spend from all or none and answer the instant of the grant; else raise `Throttled`."""
        ...

    def pause(self, bucket: str, *, seconds: float) -> None:
        """The vendor said "not now": grant nothing before then."""
        ...

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        """Heed what the vendor's headers say, where it is stricter than what we know."""
        ...

    def outlook(
        self, budgets: Sequence[Budget], *, requests: int = 1, voice: bool = False
    ) -> Outlook:
        """Answer what is left and when `requests` would be through; spends nothing."""
        ...


class Spent(Protocol):
    """The stored requests a clock is rebuilt from when Redis has forgotten them."""

    def since(self, bucket: str, instant: datetime) -> Sequence[datetime]:
        """Every grant of the bucket from `instant` on."""
        ...

    def unsaved(self, bucket: str) -> int | None:
        """At most how many grants may have no row yet; None where nobody can tell."""
        ...
