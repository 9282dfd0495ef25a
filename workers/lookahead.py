"""Fetches the next page while the present one is being written."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

_END = object()


def one_ahead(pages: Iterator[T]) -> Iterator[T]:
    """The same items in the same order; an error comes out where its item would have."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="lookahead") as thread:
        context = copy_context()

        def fetch() -> object:
            return context.run(next, pages, _END)

        coming: Future[object] = thread.submit(fetch)
        while (item := coming.result()) is not _END:
            coming = thread.submit(fetch)
            try:
                yield item  # type: ignore[misc]
            except GeneratorExit:
                coming.cancel()
                raise
