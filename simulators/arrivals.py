"""The log of who came when; never a header, a token or a body."""

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.limits import Limit, Verdict, judge, total
from simulators.serving import Request
from simulators.truth import zulu

KEPT = 1_000_000


@dataclass(slots=True, kw_only=True)
class Arrival:
    monotonic: float
    wall: str
    method: str
    path: str
    query: str
    tenant: str | None
    is_counted: bool  # against the vendor's limits
    bucket: str = ""  # whose allowance it spends
    status: int | None = None  # none while it is being answered
    fault: str | None = None
    damaged_id: str | None = None


class Arrivals:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[Arrival] = deque(maxlen=KEPT)

    def note(self, request: Request, tenant: str | None, *, is_counted: bool) -> Arrival:
        ago = time.monotonic() - request.arrived
        arrival = Arrival(
            monotonic=request.arrived,
            wall=zulu(datetime.fromtimestamp(time.time() - ago, UTC)),
            method=request.method,
            path=request.path,
            query=request.query,
            tenant=tenant,
            is_counted=is_counted,
        )
        with self._lock:
            self._kept.append(arrival)
        return arrival

    def all(self) -> list[Arrival]:
        with self._lock:
            return list(self._kept)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def violations(self, limits: Sequence[Limit], *, tolerance: float = 0.0) -> list[Verdict]:
        counted = [each for each in self.all() if each.is_counted]
        buckets = sorted({each.bucket for each in counted}) or [""]
        times = {
            bucket: [each.monotonic for each in counted if each.bucket == bucket]
            for bucket in buckets
        }
        return [
            total([judge(times[bucket], limit, tolerance=tolerance) for bucket in buckets])
            for limit in limits
        ]


def as_json(arrival: Arrival) -> dict[str, Any]:
    return asdict(arrival)
