"""Whether the work at hand is still ours, asked at the last moment before a request is written."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

READS = frozenset({"GET", "HEAD", "OPTIONS"})
WRITTEN = frozenset({"http11.send_request_headers.started", "http2.send_request_headers.started"})
"""What the wire tells right before the first byte of a request; the connection is made by then."""

Check = Callable[[], object]

_check: ContextVar[Check | None] = ContextVar("check", default=None)


@contextmanager
def while_held(check: Check) -> Iterator[None]:
    """No request of this thread that may change something is written where `check` raises."""
    before = _check.set(check)
    try:
        yield
    finally:
        _check.reset(before)


def at_the_last_moment(method: str) -> Mapping[str, Any]:
    """Extensions of a request of that method, for the client that sends it."""
    check = _check.get()
    if check is None or method in READS:
        return {}

    def traced(event: str, _about: Any) -> None:
        if event in WRITTEN:
            check()

    return {"trace": traced}
