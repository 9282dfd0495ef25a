"""Nobody takes so much at once that others wait: callers on the phone, and other practices."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from domain.people import Person
from producers.problems import Problem

AT_ONCE = 4
"""A browser asks for six things at most; more threads that compute only hold each other up."""

PATIENCE_SECONDS = 20.0
STREAMS = 30
"""Windows of one browser share one; a program needs one for each of its processes."""

LATER = {"Retry-After": "5"}
TOO_MUCH = "Too many of your requests are under way at once; wait for some of them, then ask again."
TOO_MANY_STREAMS = (
    f"You follow what happens with {STREAMS} streams already; end some of them before the next."
)

Who = tuple[str, str]
"""An account, and the name of a person or a token in it."""


@dataclass(slots=True)
class _Line:
    """Of one person: the places there are, and how many are in one or wait for it."""

    places: asyncio.Semaphore
    present: int = 0


@dataclass(slots=True)
class Crowds:
    """One for each ingress. Whoever waits for their turn holds no thread and no connection."""

    at_once: int = AT_ONCE
    patience: float = PATIENCE_SECONDS
    streams: int = STREAMS
    _lines: dict[Who, _Line] = field(default_factory=dict, repr=False)
    _open: Counter[Who] = field(default_factory=Counter, repr=False)

    @asynccontextmanager
    async def turn(self, person: Person) -> AsyncIterator[None]:
        """Until the answer is sent; 429 where the turn does not come."""
        who = _who(person)
        line = self._lines.setdefault(who, _Line(asyncio.Semaphore(self.at_once)))
        line.present += 1
        try:
            await self._come(line)
            try:
                yield
            finally:
                line.places.release()
        finally:
            line.present -= 1
            if not line.present:
                del self._lines[who]

    @contextmanager
    def stream(self, person: Person) -> Iterator[None]:
        """One that is left open and takes nobody's turn; 429 where they have enough of them."""
        who = _who(person)
        if self._open[who] >= self.streams:
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, TOO_MANY_STREAMS, headers=LATER)
        self._open[who] += 1
        try:
            yield
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]

    async def _come(self, line: _Line) -> None:
        try:
            async with asyncio.timeout(self.patience):
                await line.places.acquire()
        except TimeoutError:
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, TOO_MUCH, headers=LATER) from None


def _who(person: Person) -> Who:
    return person.account_id, person.name
