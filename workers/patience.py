"""A vendor clock that waits out a short wait itself, so that a page is not left for a second."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.throttle.passing import Passing
from domain.errors import Throttled
from domain.limits import Budget
from infra.network import seconds_left
from infra.stopping import Stopping

PATIENCE_SECONDS = 2.0
ROOM_SECONDS = 1.0
"""What a caller's turn leaves for the request itself, and for saying what it answers."""


@dataclass
class Patient(Passing):
    """Waits up to two seconds in the thread; a longer wait is the ledger's to keep.

    For somebody on the phone it waits as long as they can be kept waiting: a job that is put back
    would come too late for them.
    """

    clock: Callable[[], datetime]
    stopping: Stopping

    def spend(self, budgets: Sequence[Budget], *, holder: str, voice: bool = False) -> datetime:
        while True:
            try:
                return self.throttle.spend(budgets, holder=holder, voice=voice)
            except Throttled as wait:
                seconds = (wait.until - self.clock()).total_seconds()
                if seconds > _patience(voice=voice):
                    raise
                self.stopping.wait(max(seconds, 0.005))


def _patience(*, voice: bool) -> float:
    left = seconds_left() if voice else None
    return PATIENCE_SECONDS if left is None else left - ROOM_SECONDS
