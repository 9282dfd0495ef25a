"""A vendor clock that can hold up one request, so that a test may do something meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from adapters.throttle.passing import Passing
from domain.limits import Budget


@dataclass
class Gate(Passing):
    """Before the request that `closes_before` counts down to, it waits for `open`."""

    closes_before: int = 0
    closed: Event = field(default_factory=Event)
    open: Event = field(default_factory=Event)

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        self.closes_before -= 1
        if self.closes_before == 0:
            self.closed.set()
            assert self.open.wait(timeout=10)
        return super().spend(budgets, holder=holder, voice=voice)
