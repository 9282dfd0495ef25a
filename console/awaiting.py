"""A process that starts while a server is away waits for it: that is quicker than starting anew."""

import time
from collections.abc import Callable
from typing import TypeVar

import redis
import structlog

from infra.database import DatabaseAway, DatabaseShut

PATIENCE_SECONDS = 900.0
"""Whoever starts again what has ended may pause before it, longer each time (Kubernetes up to five
minutes, until something ran for ten): a process that waits goes on as soon as its server does."""

PROBED_SECONDS = 30.0
"""The ingress is ended where it takes longer to listen than its probe at the start allows."""

AGAIN_SECONDS = 0.25

_T = TypeVar("_T")

log = structlog.get_logger()


def once_there(
    ask: Callable[[], _T],
    *,
    seconds: float = PATIENCE_SECONDS,
    pause: Callable[[float], object] = time.sleep,
) -> _T:
    """What `ask` answers as soon as its server does; the last error where that takes too long."""
    ends, is_told = time.monotonic() + seconds, False
    while True:
        try:
            return ask()
        except (DatabaseShut, redis.AuthenticationError):
            raise  # nobody's waiting mends that
        except (DatabaseAway, redis.ConnectionError, redis.TimeoutError) as away:
            if time.monotonic() > ends:
                raise
            if not is_told:
                log.warning("start.waits", error_kind=type(away).__name__, error=_why(away))
                is_told = True
        pause(AGAIN_SECONDS)


def _why(away: Exception) -> str | None:
    """Our own words hold no secret; a library's may name an address with its password."""
    return str(away) if isinstance(away, DatabaseAway) else None
