"""A vendor clock that can hold up one request, so that a test may do something meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from domain.limits import Budget, Outlook, Throttle


@dataclass
class Gate:
    """Before the request that `closes_before` counts down to, it waits for `open`."""

    throttle: Throttle
    closes_before: int = 0
    closed: Event = field(default_factory=Event)
    open: Event = field(default_factory=Event)

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        self.closes_before -= 1
        if self.closes_before == 0:
            self.closed.set()
            assert self.open.wait(timeout=10)
        return self.throttle.spend(budgets, holder=holder, voice=voice)

    def pause(self, bucket: str, *, seconds: float) -> None:
        self.throttle.pause(bucket, seconds=seconds)

    def observe(
        self,
        bucket: str,
        *,
        limit: int | None = None,
        remaining: int | None = None,
        reset_seconds: float | None = None,
    ) -> None:
        self.throttle.observe(bucket, limit=limit, remaining=remaining, reset_seconds=reset_seconds)

    def outlook(
        self, budgets: Sequence[Budget], *, requests: int = 1, voice: bool = False
    ) -> Outlook:
        return self.throttle.outlook(budgets, requests=requests, voice=voice)
