"""How many endpoints a process tells at once: slow ones must not take every thread of a queue."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Condition

from domain.errors import Throttled

MOST = 2
SLOW_SECONDS, PATIENT_SECONDS = 1.0, 0.5
AGAIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """An account whose endpoint is slow just now has no other told, so that others come through.

    Where all lines are taken by quick ones a turn comes at once; otherwise the job waits elsewhere.
    """

    clock: Callable[[], datetime]
    seconds: Callable[[], float] = time.monotonic
    _free: Condition = field(default_factory=Condition)
    _held: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def taken(self, account_id: str) -> Iterator[None]:
        """Raises Throttled where there is none."""
        with self._free:
            if not self._slow():
                self._free.wait_for(lambda: self._has_one(account_id), PATIENT_SECONDS)
            if not self._has_one(account_id):
                raise Throttled("other endpoints, which are slow", until=self.clock() + AGAIN)
            held = (account_id, self.seconds())
            self._held.append(held)
        try:
            yield
        finally:
            with self._free:
                self._held.remove(held)
                self._free.notify_all()

    def _has_one(self, account_id: str) -> bool:
        return len(self._held) < MOST and account_id not in self._slow()

    def _slow(self) -> frozenset[str]:
        now = self.seconds()
        return frozenset(one for one, began in self._held if now - began >= SLOW_SECONDS)
