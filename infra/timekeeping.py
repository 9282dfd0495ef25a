"""Asks a database what time it is, and puts this process's clock right by what it says."""

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog

from infra import clock

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger(__name__)

OFTEN_SECONDS = 10.0
"""A process whose connections never rest asks so often all the same."""


@dataclass(slots=True)
class Asked:
    """When this process last asked."""

    at: float = 0.0


_asked = Asked()


def is_due() -> bool:
    """Nobody in this process has asked for a while."""
    return monotonic() - _asked.at >= OFTEN_SECONDS


def ask_the_time(connection: "psycopg.Connection[Any]") -> None:
    """Outside of any transaction; raises psycopg.Error where the connection does not live."""
    before, began = connection.autocommit, monotonic()
    _asked.at = began
    connection.autocommit = True
    try:
        # By its full name: a database whose time is steered has a clock of its own before it.
        for (there,) in connection.execute("SELECT pg_catalog.clock_timestamp()"):
            by = clock.heard(there, took=monotonic() - began)
            if by is not None:
                log.warning("clock.put_right", seconds=round(by.total_seconds(), 1))
    finally:
        if not connection.closed:
            connection.autocommit = before
