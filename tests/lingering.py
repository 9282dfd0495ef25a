"""A simulated vendor that takes its time over every answer, and says when it is first asked."""

from dataclasses import dataclass, field
from threading import Event

from simulators.front import Front, Latency

SECONDS = 1.0


@dataclass(slots=True)
class Lingering(Latency):
    """So slow that whoever asks several times is still at it when told to stop."""

    asked: Event = field(default_factory=Event)

    def draw(self) -> float:
        self.asked.set()
        return SECONDS


def slow(front: Front) -> Event:
    """Set once the vendor was asked: what asks has begun by then and is far from its end."""
    lingering = Lingering()
    front.latency = lingering
    return lingering.asked
