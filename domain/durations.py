"""How long something took, as a person says it."""

MINUTE, HOUR = 60.0, 3600.0
EXACT_BELOW = 9.95
"""Of what takes longer nobody wants to know the tenths of a second."""


def took(seconds: float) -> str:
    """`under 0.1 s`, `0.4 s`, `12 s`, `3 min`, `1.5 h`."""
    if seconds < 0.05:  # noqa: PLR2004 - what would read as none at all
        return "under 0.1 s"
    if seconds < EXACT_BELOW:
        return f"{seconds:.1f} s"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"
