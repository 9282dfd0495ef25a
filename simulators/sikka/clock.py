"""The vendor's own clock: it can be set, moved on, stopped, or made to run faster."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class Clock:
    speed: float = 1.0  # vendor seconds a real second; 0 stands still
    _base: datetime = field(default_factory=lambda: datetime.now(UTC))
    _since: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self._base + timedelta(seconds=self.speed * (time.monotonic() - self._since))

    def set(self, now: datetime | None = None, *, speed: float | None = None) -> None:
        self._base, self._since = now or self.now(), time.monotonic()
        self.speed = self.speed if speed is None else speed

    def advance(self, seconds: float) -> None:
        self.set(self.now() + timedelta(seconds=seconds))

    def follow(self) -> None:
        """The real time again."""
        self.set(datetime.now(UTC), speed=1.0)
