"""The present instant, asked for only at the edge and passed inwards as a value.

What one process writes down for later another one acts on, so that all of them go by one clock: the
database's. A process hears it with every connection it makes or wakes, and puts right by it what
its own machine shows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Answers the present instant, aware and in UTC."""

TOLERATED = timedelta(seconds=0.5)
"""What machines that keep time may differ by without a word; nothing of ours needs less."""

UNSURE = timedelta(seconds=1)
"""An answer that was as long as twice that on its way says too little of the time."""


@dataclass(slots=True)
class Correction:
    """What is added to the machine's clock."""

    by: timedelta = timedelta()


_correction = Correction()


def machine_clock() -> datetime:
    """What this machine's own clock shows, right or wrong."""
    return datetime.now(UTC)


def system_clock() -> datetime:
    """The present instant, by the database's clock as soon as this process has heard it."""
    return machine_clock() + _correction.by


def correction() -> timedelta:
    """What is added to this machine's clock; nothing while it is as good as the database's."""
    return _correction.by


def heard(there: datetime, *, took: float) -> timedelta | None:
    """What the database's clock showed while a question was under way for `took` seconds.

    Answers the new correction where it is another one now.
    """
    unsure = timedelta(seconds=took) / 2
    if unsure > UNSURE:
        return None
    ahead = there - (machine_clock() - unsure)
    if abs(ahead - _correction.by) <= TOLERATED + unsure:
        return None
    _correction.by = timedelta() if abs(ahead) <= TOLERATED else ahead
    return _correction.by
