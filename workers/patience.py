"""A vendor clock that waits out a short wait itself, so that a page is not left for a second."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.errors import Throttled
from domain.limits import Budget, Outlook, Throttle
from infra.stopping import Stopping

PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Patient:
    """Waits up to two seconds in the thread; a longer wait is the ledger's to keep."""

    throttle: Throttle
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
