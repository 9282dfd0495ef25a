"""What the tables of the voice benches share: percentiles, and how busy the machine was."""

import os
from collections.abc import Sequence

Row = Sequence[str]

SHOWN_WHOLE_FROM = 100.0


def share(took: Sequence[float], part: float) -> float:
    """The time within which that part of the calls was answered."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def told(milliseconds: float) -> str:
    return f"{milliseconds:,.{1 if milliseconds < SHOWN_WHOLE_FROM else 0}f}"


def load() -> float:
    """Of the last minute, everybody else's work on this machine included."""
    return os.getloadavg()[0]
