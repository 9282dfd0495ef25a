"""The threads that serve callers, and nobody else; who would come too late is told at once."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
MOST_WAITING = 32
"""Nobody joins a line that is longer."""


class TooBusyError(Exception):
    """Its turn did not come, so nothing was begun."""


class Turns:
    """First come, first served; a queue that would outlast a caller's patience does not form."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="callers")
        self._lock = Lock()
        self._waiting = 0

    async def take(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the work answers, whenever its turn comes."""
        return await asyncio.wrap_future(self._asked(work, *args, **kwargs))

    async def take_within(
        self, seconds: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `take`; TooBusyError where it could not even begin by then, or surely will not."""
        if seconds <= 0 or self._waiting >= MOST_WAITING:
            raise TooBusyError
        asked = self._asked(work, *args, **kwargs)
        answer = asyncio.wrap_future(asked)
        await asyncio.wait([answer], timeout=seconds)
        if not answer.done() and asked.cancel():
            self._counted(-1)
            raise TooBusyError
        return await answer

    def _asked(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        # What is logged there names the request, as everywhere.
        context = contextvars.copy_context()

        def begun() -> T:
            self._counted(-1)
            return context.run(work, *args, **kwargs)

        self._counted(1)
        return self._pool.submit(begun)

    def _counted(self, change: int) -> None:
        with self._lock:
            self._waiting += change
