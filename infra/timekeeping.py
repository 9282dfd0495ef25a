"""Asks a database what time it is, and puts this process's clock right by what it says."""

from time import monotonic
from typing import TYPE_CHECKING, Any

import structlog

from infra import clock

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger(__name__)


def ask_the_time(connection: "psycopg.Connection[Any]") -> None:
    """Outside of any transaction; raises psycopg.Error where the connection does not live."""
    before, began = connection.autocommit, monotonic()
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
