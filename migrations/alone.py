"""One migration at a time: whoever comes second waits, and finds that nothing is left to do."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, make_url, pool, text

from domain.errors import BadInput
from infra.database import session_options

NUMBER = 7_305_512_090_417
"""Of the lock that whoever migrates holds; any number that nobody else takes."""

PATIENCE_SECONDS = 60.0
AGAIN_SECONDS = 0.25
LONGEST_WAIT = "15min"
"""For transactions begun before an index of their table: nobody else is kept waiting meanwhile."""

ENDS_WITH_US = (
    "-c client_connection_check_interval=2s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
"""Where our process or its machine is gone the server ends what it still does for us: it would go
on to the end of its statement, for hours, and keep the next migration from its tables."""

# Tried again and again: a statement that waits would itself be waited for by a build of an index.
_TAKEN = text("SELECT pg_try_advisory_lock(:number)")


@contextmanager
def alone(url: str, *, pause: Callable[[float], object] = time.sleep) -> Iterator[Connection]:
    """A connection that commits each statement by itself, while no other process migrates."""
    database = engine(url, lock_timeout=LONGEST_WAIT)
    try:
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _take(connection, pause)
            yield connection
    finally:
        database.dispose()


def engine(url: str, *, lock_timeout: str) -> Engine:
    """Sessions that wait no longer for a table, beside whatever the address asks for."""
    ours = f"-c lock_timeout={lock_timeout} {ENDS_WITH_US}"
    return create_engine(
        url,
        poolclass=pool.NullPool,
        hide_parameters=True,
        connect_args={"options": session_options(make_url(url), ours)},
    )


def _take(connection: Connection, pause: Callable[[float], object]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not connection.execute(_TAKEN, {"number": NUMBER}).scalar_one():
        if time.monotonic() > ends:
            raise BadInput(
                "Another 'pms-sync migrate' is at work on this database: wait for it to end, then"
                " run this one again."
            )
        pause(AGAIN_SECONDS)
