"""The present instant, asked for only at the edge and passed inwards as a value."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present instant, aware and in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)
