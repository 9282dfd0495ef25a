"""How often a check is tried, and its figures in one line."""

import os
import statistics
from collections.abc import Sequence

IS_WHOLE = "SOAK" in os.environ
"""As often as the reliability programme asks; else a few times, in seconds."""

LASTS = 60.0 * int(os.environ.get("SOAK_MINUTES", "0"))
"""How long what is tried over time takes at least, in seconds."""


def trials(few: int, whole: int) -> int:
    return whole if IS_WHOLE else few


def tell(check: str, **figures: object) -> None:
    """A line of the report, for whoever runs the tests with -s."""
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
    print(f"\n{check}: {told}")  # noqa: T201


def spread(seconds: Sequence[float]) -> str:
    """The middle and the longest."""
    return f"p50 {statistics.median(seconds):.1f} s, longest {max(seconds):.1f} s"
