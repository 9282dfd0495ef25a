"""One transaction for several pieces of work, none of which knows of the others."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Self

from sqlalchemy import Connection


class Together:
    """One transaction for what is asked for one after the other, begun by the first of it."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._open = ExitStack()
        self._db: Connection | None = None

    def begun(self) -> Connection:
        if self._db is None:
            self._db = self._open.enter_context(self._begin())
        return self._db

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)
