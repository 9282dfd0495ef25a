"""Rows looked up by how their id starts: a stretch of the index, however many rows there are."""

from collections.abc import Mapping
from string import hexdigits
from uuid import UUID

DIGITS = 32
BETWEEN = "BETWEEN :first AND :last"
"""For a statement that takes the `bounds`."""


def bounds(wanted: str) -> Mapping[str, UUID] | None:
    """The first and the last id that start so; None where no id does."""
    start = wanted.strip().lower().replace("-", "")
    if not start or len(start) > DIGITS or not set(start) <= set(hexdigits):
        return None
    return {"first": UUID(start.ljust(DIGITS, "0")), "last": UUID(start.ljust(DIGITS, "f"))}
