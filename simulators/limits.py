"""Rate limits judged at arrival over every true sliding window."""

import threading
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` arrivals in any `seconds`, the window half open at its older end."""

    count: int
    seconds: float

    @classmethod
    def read(cls, text: str) -> Self:
        count, _, seconds = text.partition("/")
        limit = cls(int(count), float(seconds))
        if limit.count < 1 or limit.seconds <= 0:
            raise ValueError(f"not a limit: {text!r}; write count/seconds, such as 60/60")
        return limit

    def __str__(self) -> str:
        return f"{self.count}/{self.seconds:g}"


def read_limits(texts: Iterable[str]) -> tuple[Limit, ...]:
    """Read `60/60` and the like; `off` alone means none."""
    return tuple(Limit.read(text) for text in texts if text != "off")


class Gate:
    """Lets an arrival in, or says how many seconds too early it is."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.limits = tuple(limits)
        self._lock = threading.Lock()
        self._admitted: list[float] = []

    def admit(self, now: float) -> float | None:
        """None when let in; a refused arrival spends nothing."""
        with self._lock:
            wait = max((self._too_early(limit, now) for limit in self.limits), default=0.0)
            if wait > 0:
                return wait
            insort(self._admitted, now)
            most = max((limit.count for limit in self.limits), default=0)
            del self._admitted[: max(0, len(self._admitted) - most)]
            return None

    def left(self, now: float) -> int:
        """How many more the tightest limit would let in."""
        with self._lock:
            left = (
                limit.count - sum(now - each < limit.seconds for each in self._admitted)
                for limit in self.limits
            )
            return min(left, default=0)

    def reset(self, now: float) -> float:
        """Seconds until the oldest arrival no longer counts."""
        with self._lock:
            ends = (
                next(
                    (each + limit.seconds for each in self._admitted if each + limit.seconds > now),
                    now,
                )
                for limit in self.limits
            )
            return max(ends, default=now) - now

    def _too_early(self, limit: Limit, now: float) -> float:
        if len(self._admitted) < limit.count:
            return 0.0
        return self._admitted[-limit.count] + limit.seconds - now


class FixedGate(Gate):
    """Counts in windows one after the other, the first of which begins with an arrival."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        super().__init__(limits)
        self._windows = {limit: (float("-inf"), 0) for limit in self.limits}  # start, admitted

    def admit(self, now: float) -> float | None:
        with self._lock:
            self._turn(now)
            wait = max((self._too_early(limit, now) for limit in self.limits), default=0.0)
            if wait > 0:
                return wait
            for limit, (start, count) in self._windows.items():
                self._windows[limit] = (start, count + 1)
            return None

    def left(self, now: float) -> int:
        with self._lock:
            self._turn(now)
            return min((limit.count - self._windows[limit][1] for limit in self.limits), default=0)

    def reset(self, now: float) -> float:
        """Seconds until the longest window ends."""
        with self._lock:
            self._turn(now)
            ends = (start + limit.seconds for limit, (start, _) in self._windows.items())
            return max(ends, default=now) - now

    def _turn(self, now: float) -> None:
        for limit, (start, _) in self._windows.items():
            if now - start >= limit.seconds:
                self._windows[limit] = (now, 0)

    def _too_early(self, limit: Limit, now: float) -> float:
        start, count = self._windows[limit]
        return start + limit.seconds - now if count >= limit.count else 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How often a client asked more than the limit allows."""

    limit: Limit
    arrivals: int
    violations: int
    worst: int  # most arrivals in any one window


def judge(arrivals: Iterable[float], limit: Limit, *, tolerance: float = 0.0) -> Verdict:
    """An arrival that makes its window overfull is one violation."""
    times = sorted(arrivals)
    oldest = violations = worst = 0
    for newest, now in enumerate(times):
        while now - times[oldest] >= limit.seconds - tolerance:
            oldest += 1
        size = newest - oldest + 1
        worst = max(worst, size)
        violations += size > limit.count
    return Verdict(limit, len(times), violations, worst)


def total(verdicts: Sequence[Verdict]) -> Verdict:
    """Of several allowances under the same limit."""
    return Verdict(
        limit=verdicts[0].limit,
        arrivals=sum(each.arrivals for each in verdicts),
        violations=sum(each.violations for each in verdicts),
        worst=max(each.worst for each in verdicts),
    )
