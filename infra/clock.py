"""The present instant, asked for only at the edge and passed inwards as a value.

What one process writes down for later another one acts on, so that all of them go by one clock: the
database's. A process hears it with the connections it makes and uses, and in between counts on from
there by itself, whatever its own machine is set to meanwhile.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Answers the present instant, aware and in UTC."""

TOLERATED = timedelta(seconds=0.5)
"""What machines that keep time may differ by without a word; nothing of ours needs less."""

UNSURE = timedelta(seconds=1)
"""An answer that was as long as twice that on its way says too little of the time."""


def machine_clock() -> datetime:
    """What this machine's own clock shows, right or wrong."""
    return datetime.now(UTC)


def ticks() -> float:
    """Seconds that pass whatever a clock is set to, and on Linux while the machine sleeps, too."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    else:  # noqa: RET505 - a checker of types leaves it out here, and would call it unreachable
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant that was as right as the database's clock, and when it was."""

    at: datetime
    ticks: float


@dataclass(slots=True)
class Heard:
    """What the count goes on from, as soon as the database was heard."""

    mark: Mark | None = None


_heard = Heard()


def system_clock() -> datetime:
    """The present instant, by the database's clock as soon as this process has heard it."""
    mark = _heard.mark
    if mark is None:
        return machine_clock()
    return mark.at + timedelta(seconds=ticks() - mark.ticks)


def correction() -> timedelta:
    """What this machine's clock lacks; nothing while it is as good as the database's."""
    lacks = system_clock() - machine_clock()
    return lacks if abs(lacks) > TOLERATED else timedelta()


def heard(there: datetime, *, took: float) -> timedelta | None:
    """What the database's clock showed while a question was under way for `took` seconds.

    Answers by how much the present instant was put right by it, if it was.
    """
    unsure = timedelta(seconds=took) / 2
    if unsure > UNSURE:
        return None
    now, ours = there + unsure, system_clock()
    is_right = abs(now - ours) <= TOLERATED + unsure
    if _heard.mark is None or not is_right:
        _heard.mark = Mark(ours if is_right else now, ticks())
    return None if is_right else now - ours
