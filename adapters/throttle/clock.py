"""The vendor clock in Redis: one call spends several budgets exactly, fairly, or says when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from redis import Redis

from adapters.throttle import told
from adapters.throttle.forecast import Line, forecast
from adapters.throttle.instants import from_micros, span, to_micros
from adapters.throttle.scripts import UNREACHABLE, script
from adapters.throttle.windows import windows
from domain.errors import Throttled, Transient
from domain.limits import VOICE_SHARE_FROM, Budget, Outlook, Spent, Throttle
from infra.clock import system_clock

WAIT, GRANTED, LOAD, BOOT = 0, 1, 2, 3
SPEND, LOAD_BUCKET, TIGHTEN, LOOK = map(script, ("spend", "load", "tighten", "look"))
INSTANT = script("instant")
LOAD_WAIT = 0.05
LOAD_LIMIT = 5.0
KEEP_NAMED_LIMIT = 3600.0
PAUSE_WITHOUT_RESET = 1.0
MOST_TOLD = 10**9
"""Of an allowance that a vendor names; Redis does not count down what is very much more."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Seconds the clock allows for the way to the vendor, late holders and lost answers."""

    guard: float = 0.25
    lapse: float = 2.0
    forget: float = 60.0
    request_timeout: float = 30.0


class RedisThrottle(Throttle):
    """Every process that makes one over the same Redis and prefix shares its budgets.

    A bucket must have the same limits wherever it is spent. `test_time` reads a steered time.
    """

    def __init__(
        self,
        client: Redis,
        spent: Spent,
        *,
        prefix: str = told.PREFIX,
        margins: Margins | None = None,
        test_time: bool = False,
    ) -> None:
        self._client = client
        self._spent = spent
        self._prefix = prefix
        self._margins = margins or Margins()
        self._test_time = test_time

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        """Spend from every budget, or raise `Throttled` with the turn this holder now has."""
        if len({budget.bucket for budget in budgets}) != len(budgets) or not budgets:
            raise ValueError("a request spends from at least one bucket, and once from each")
        ask = self._ask(budgets, holder=holder, voice=voice)
        keys = [key for budget in budgets for key in self._bucket_keys(budget.bucket)]
        for _ in range(2 * len(budgets) + 2):
            status, *found = SPEND.run(self._client, [*self._clock_keys(), *keys], ask)
            if status == GRANTED:
                return from_micros(found[0])
            if status == WAIT:
                raise _throttled(budgets, *found)
            if status == LOAD:
                self._load(budgets[found[0] - 1], nonce=ask["nonce"], now=found[1])
            ask["boot"] = status == BOOT
        raise Transient(UNREACHABLE)

    def pause(self, bucket: str, *, seconds: float) -> None:
        self._tighten(bucket, pause=span(max(0.0, seconds)))
        told.count(self._client, bucket, prefix=self._prefix)

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        if remaining is not None and remaining <= 0 and reset_seconds is None:
            self._tighten(bucket, pause=span(PAUSE_WITHOUT_RESET))
        named = min(limit, MOST_TOLD) if limit and limit > 0 else None
        left = min(max(0, remaining), MOST_TOLD) if remaining is not None else None
        reset = span(max(0.0, reset_seconds)) if reset_seconds is not None else None
        self._tighten(bucket, limit=named, remaining=left, reset=reset)

    def outlook(
        self, budgets: Sequence[Budget], *, requests: int = 1, voice: bool = False
    ) -> Outlook:
        return forecast([self._line(budget, voice=voice) for budget in budgets], requests=requests)

    def _ask(self, budgets: Sequence[Budget], *, holder: str, voice: bool) -> dict[str, Any]:
        margins, now = self._margins, self._now_for(budgets)
        # One waiting slot per holder and set of buckets.
        among = ",".join(sorted(budget.bucket for budget in budgets))
        return {
            "budgets": [self._budget(budget, now) for budget in budgets],
            "holder": holder,
            "slot": f"{holder}|{among}",
            "voice": voice,
            "share_from": VOICE_SHARE_FROM,
            "lapse": span(margins.lapse),
            "forget": span(margins.forget),
            "nonce": token_hex(8),
            "load_wait": span(LOAD_WAIT),
            "load_limit": span(LOAD_LIMIT),
            "test": self._test_time,
        }

    def _budget(self, budget: Budget, now: int) -> dict[str, Any]:
        guard = self._margins.guard
        return {
            "limits": [each.as_json() for each in windows(budget, guard=guard, now=now)],
            "share": budget.voice_share,
            "longest": span(budget.longest() + guard),
        }

    def _load(self, budget: Budget, *, nonce: str, now: int) -> None:
        """Rebuild a bucket from stored requests, after Redis has forgotten it.

        A request in flight then has no row yet. As many as the limits can have let through in one
        request timeout count as spent now, less those of that time which do have rows, and never
        more than those who spend can have left without a row. A bucket without rows was not in use
        and starts full.
        """
        margins = self._margins
        since = now - span(budget.longest() + margins.guard + margins.request_timeout)
        stored = self._spent.since(budget.bucket, from_micros(since))
        rows = [to_micros(at) for at in stored]
        recent = sum(at > now - span(margins.request_timeout) for at in rows)
        in_flight = budget.most_within(margins.request_timeout) - recent
        unsaved = self._spent.unsaved(budget.bucket)
        if unsaved is not None:
            in_flight = min(in_flight, unsaved)
        ask = {
            "rows": rows,
            "in_flight": max(0, in_flight) if rows else 0,
            "nonce": nonce,
            "longest": span(budget.longest() + margins.guard),
            "test": self._test_time,
        }
        keys = [*self._clock_keys(), *self._bucket_keys(budget.bucket)]
        LOAD_BUCKET.run(self._client, keys, ask)

    def _tighten(self, bucket: str, **heard: int | None) -> None:
        known = {name: value for name, value in heard.items() if value is not None}
        ask = {**known, "keep": span(KEEP_NAMED_LIMIT), "test": self._test_time}
        keys = [self._clock_keys()[1], self._bucket_keys(bucket)[-1]]
        TIGHTEN.run(self._client, keys, ask)

    def _line(self, budget: Budget, *, voice: bool) -> Line:
        margins = self._margins
        ask = {
            "longest": span(budget.longest() + margins.guard),
            "lapse": span(margins.lapse),
            "voice": voice,
            "test": self._test_time,
        }
        keys = [self._clock_keys()[1], *self._bucket_keys(budget.bucket)]
        (now, pause, cap, left, left_until), grants, turns = LOOK.run(self._client, keys, ask)
        return Line(
            budget=budget,
            windows=windows(budget, guard=margins.guard, now=now),
            voice=voice,
            now=now,
            pause=pause,
            cap=cap,
            left=left,
            left_until=left_until,
            grants=grants,
            turns=turns,
        )

    def _now_for(self, budgets: Sequence[Budget]) -> int:
        """About now, to find the days whose tiers matter; Redis's own time decides on the grant."""
        if not self._test_time or not any(budget.tiers for budget in budgets):
            return to_micros(system_clock())
        return int(INSTANT.run(self._client, self._clock_keys()[1:], {"test": self._test_time}))

    def _clock_keys(self) -> tuple[str, str]:
        return f"{self._prefix}:generation", f"{self._prefix}:steered"

    def _bucket_keys(self, bucket: str) -> tuple[str, str, str, str]:
        key = f"{self._prefix}:{bucket}"
        return f"{key}:log", f"{key}:waiting", f"{key}:served", f"{key}:state"


def _throttled(budgets: Sequence[Budget], until: int, bucket: int) -> Throttled:
    return Throttled(f"{budgets[bucket - 1].bucket} is spent", until=from_micros(until))
