"""The threads that serve callers, and nobody else; who would come too late is told at once."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4


class TooBusyError(Exception):
    """Its turn did not come, so nothing was begun."""


class Turns:
    """First come, first served; a queue that would outlast a caller's patience does not form."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="callers")

    async def take(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the work answers, whenever its turn comes."""
        return await asyncio.wrap_future(self._asked(work, *args, **kwargs))

    async def take_within(
        self, seconds: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `take`; TooBusyError where it could not even begin by then."""
        asked = self._asked(work, *args, **kwargs)
        answer = asyncio.wrap_future(asked)
        await asyncio.wait([answer], timeout=seconds)
        if not answer.done() and asked.cancel():
            raise TooBusyError
        return await answer

    def _asked(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        # What is logged there names the request, as everywhere.
        context = contextvars.copy_context()
        return self._pool.submit(lambda: context.run(work, *args, **kwargs))
