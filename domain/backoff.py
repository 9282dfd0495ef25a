"""When to try again after a failure: full jitter, above whatever floor the vendor asked for."""

from datetime import datetime, timedelta

BASE = timedelta(seconds=1)
CAP = timedelta(seconds=30)
GROWTH = 2
NO_FLOOR = timedelta(0)
_ENOUGH_DOUBLINGS = 32


def ceiling(failures: int) -> timedelta:
    """The longest wait after so many failures in a row."""
    doublings = min(max(failures - 1, 0), _ENOUGH_DOUBLINGS)
    return min(CAP, BASE * int(GROWTH**doublings))


def next_try(
    failures: int, *, at: datetime, floor: timedelta = NO_FLOOR, chance: float
) -> datetime:
    """`chance` is in [0, 1); the jitter goes on top of the floor, so the told do not stampede."""
    return at + max(floor, NO_FLOOR) + ceiling(failures) * chance
