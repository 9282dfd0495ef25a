"""The vendor's own clock: it can be set, moved on, stopped, or made to run faster."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

TICK = timedelta(milliseconds=1)
LEAD = timedelta(minutes=1)  # a clock set back further begins again


@dataclass(slots=True)
class Clock:
    speed: float = 1.0  # vendor seconds a real second; 0 stands still
    _base: datetime = field(default_factory=lambda: datetime.now(UTC))
    _since: float = field(default_factory=time.monotonic)
    _stamped: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return self._base + timedelta(seconds=self.speed * (time.monotonic() - self._since))

    def stamp(self) -> datetime:
        """Now, but never twice the same: two edits are told apart even when time stands still."""
        with self._lock:
            now, last = self.now(), self._stamped
            is_repeated = last is not None and now < last + TICK <= now + LEAD
            self._stamped = last + TICK if last and is_repeated else now
            return self._stamped

    def set(self, now: datetime | None = None, *, speed: float | None = None) -> None:
        self._base, self._since = now or self.now(), time.monotonic()
        self.speed = self.speed if speed is None else speed

    def advance(self, seconds: float) -> None:
        self.set(self.now() + timedelta(seconds=seconds))

    def follow(self, offset_seconds: float = 0) -> None:
        """The real time again, or so many seconds from it."""
        self.set(datetime.now(UTC) + timedelta(seconds=offset_seconds), speed=1.0)
