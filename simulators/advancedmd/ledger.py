"""Every call of every office on the vendor's clock, and the bill for those beyond the limit."""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from simulators.advancedmd.clock import Clock
from simulators.advancedmd.knobs import Knobs
from simulators.advancedmd.tiers import is_peak, limit_of
from simulators.front import Front
from simulators.limits import Gate
from simulators.serving import Request
from simulators.truth import zulu

KEPT = 1_000_000
MINUTE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    number: int
    at: str  # on the vendor's clock
    office: str
    action: str
    tier: int  # 0 for logins
    is_peak: bool
    limit: int | None
    in_minute: int  # with this one
    is_excess: bool
    is_refused: bool


@dataclass(slots=True)
class Ledger:
    clock: Clock
    _calls: deque[Call] = field(default_factory=lambda: deque(maxlen=KEPT))
    _allowed: dict[tuple[str, int], list[datetime]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0

    def note(self, office: str, action: str, tier: int, knobs: Knobs) -> Call:
        """What is beyond the limit spends nothing of it; it costs a cent."""
        with self._lock:
            now = self.clock.now()
            at_peak = is_peak(now)
            limit = limit_of(tier, at_peak=at_peak)
            allowed = self._in_minute((office, tier), now, MINUTE - knobs.tolerance_seconds)
            is_excess = limit is not None and len(allowed) >= limit
            if not is_excess:
                allowed.append(now)
            self._number += 1
            call = Call(
                number=self._number,
                at=zulu(now),
                office=office,
                action=action,
                tier=tier,
                is_peak=at_peak,
                limit=limit,
                in_minute=len(allowed) + is_excess,
                is_excess=is_excess,
                is_refused=is_excess and knobs.refuses_excess,
            )
            self._calls.append(call)
            return call

    def _in_minute(self, whose: tuple[str, int], now: datetime, seconds: float) -> list[datetime]:
        """A minute does not reach over the hour at which the limits change."""
        kept = [
            each
            for each in self._allowed.get(whose, ())
            if 0 <= (now - each).total_seconds() < seconds and is_peak(each) is is_peak(now)
        ]
        self._allowed[whose] = kept
        return kept

    def calls(self, office: str | None = None, since: int = 0) -> list[Call]:
        with self._lock:
            return [
                each
                for each in self._calls
                if each.number > since and each.office == (office or each.office)
            ]

    def excess(self, office: str | None = None) -> list[Call]:
        return [each for each in self.calls(office) if each.is_excess]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()


def as_json(call: Call) -> dict[str, Any]:
    return asdict(call)


def history(calls: list[Call]) -> dict[str, Any]:
    """The calls, and how many of each sort every office made."""
    by_office: dict[str, Counter[str]] = {}
    for each in calls:
        by_office.setdefault(each.office, Counter())[each.action] += 1
    return {"counts": by_office, "calls": [as_json(each) for each in calls]}


def invoice(excess: list[Call]) -> dict[str, Any]:
    """A cent for every call beyond the limit that was answered."""
    cents = Counter(each.office for each in excess if not each.is_refused)
    return {"cents": cents.total(), "offices": cents, "calls": [as_json(each) for each in excess]}


class Counted(Gate):
    """Writes the call down before the limits of the command line are asked."""

    def __init__(self, plain: Gate, note: Callable[[], float | None]) -> None:
        super().__init__(())
        self._plain, self._note = plain, note

    def admit(self, now: float) -> float | None:
        return self._note() or self._plain.admit(now)


@dataclass(kw_only=True)
class Till(Front):
    """A front door with a ledger behind it."""

    meter: Callable[[Request], float | None]

    def gate_of(self, request: Request) -> Gate:
        return Counted(super().gate_of(request), lambda: self.meter(request))
