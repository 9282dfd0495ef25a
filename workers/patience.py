"""A vendor clock that waits out a short wait itself, so that a page is not left for a second."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.throttle.passing import Passing
from domain.errors import Throttled
from domain.limits import Budget
from infra.stopping import Stopping

PATIENCE_SECONDS = 2.0


@dataclass
class Patient(Passing):
    """Waits up to two seconds in the thread; a longer wait is the ledger's to keep."""

    clock: Callable[[], datetime]
    stopping: Stopping

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        while True:
            try:
                return self.throttle.spend(budgets, holder=holder, voice=voice)
            except Throttled as wait:
                seconds = (wait.until - self.clock()).total_seconds()
                if seconds > PATIENCE_SECONDS:
                    raise
                self.stopping.wait(max(seconds, 0.005))
