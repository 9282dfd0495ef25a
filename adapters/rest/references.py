"""What records refer to, a request each: one that cannot be had costs its own details alone."""

from collections import Counter
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.errors import BadRecord, BrokenContract, NeedsReconnect, Refused, SyncError, Transient

MOST_IN_A_ROW = 3
"""So many that fail one after another are looked into before any more is asked."""

_UNKNOWN, _REFUSED = object(), object()
_ABOUT_IT = (Refused, NeedsReconnect)
_FAILURES = (*_ABOUT_IT, Transient, BrokenContract)


class SetAside(BadRecord):
    """Its record waits until the others of its page are read; then it is asked for once more."""


@dataclass(slots=True)
class References:
    """One connection's, as far as one source asks for them.

    Failures of all of them are the vendor's, and stop the run; where others answer, what fails
    twice is refused. It counts as told of nobody, until the next run asks again. `unread` are the
    paths of those the present record has met.
    """

    ask: Callable[[str, str], Any]
    remembered: MutableMapping[str, Any]
    whose: UUID
    unread: list[str] = field(default_factory=list)
    _failed: dict[str, int] = field(default_factory=dict)
    _in_a_row: set[str] = field(default_factory=set)
    _answers: Counter[str] = field(default_factory=Counter)
    _good: dict[str, str] = field(default_factory=dict)

    def follow(self, url: str, path: str) -> Any:
        """What is there; None where nothing is, or where it may not be read."""
        # Two practices may number their patients alike.
        key = f"{self.whose} {url}"
        found = self.remembered.get(key, _UNKNOWN)
        if found is _UNKNOWN:
            found = self.remembered[key] = self._asked(url, path)
        if found is _REFUSED:
            self.unread.append(path)
            return None
        if found is not None:
            self._good[path] = url
        return found

    def _asked(self, url: str, path: str) -> Any:
        try:
            found = self.ask(url, path)
        except _FAILURES as problem:
            if isinstance(problem, Transient) and problem.retry_at is not None:
                raise
            if url not in self._failed:
                self._set_aside(url, path, problem)
            if not self._is_about(url, path, problem):
                raise
            return _REFUSED
        self._note(url, path, found)
        return found

    def _note(self, url: str, path: str, found: Any) -> None:
        if found is not None:
            self._answers[path] += 1
            self._in_a_row.clear()
        self._failed.pop(url, None)

    def _set_aside(self, url: str, path: str, problem: SyncError) -> None:
        self._failed[url] = self._answers[path]
        self._in_a_row.add(url)
        if len(self._in_a_row) >= MOST_IN_A_ROW and not self._others_answer(path):
            raise problem
        raise SetAside("cannot be read", path=path) from None

    def _is_about(self, url: str, path: str, problem: SyncError) -> bool:
        """Whether it is this one that fails, and not the vendor."""
        if self._answers[path] > self._failed[url] or self._others_answer(path):
            return True
        return path not in self._good and isinstance(problem, _ABOUT_IT)

    def _others_answer(self, path: str) -> bool:
        """By one that answered before; nobody can say where none did."""
        known = self._good.get(path)
        if known is None:
            return False
        try:
            found = self.ask(known, path)
        except _FAILURES:
            return False
        self._note(known, path, found)
        return found is not None
