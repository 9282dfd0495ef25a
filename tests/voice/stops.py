"""Places a worker comes to while it carries a job, and what may befall it there.

A place is a transaction about to begin, or a question to the practice about to leave or just
answered. A worker that dies there does nothing more, whatever its code would still have done.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, event

from adapters.opening import Opener
from domain.connections import Connection
from domain.desk import PracticeDesk, Receipt
from domain.wishes import Write

FIRST_LOOK = "first look"
"""At a whole day, for its free times; there is none where one was remembered."""

LAST_LOOK = "last look"
"""At the one time that is about to be taken, whichever way the free ones were found before."""

A_VISIT = range(5, 61)
"""Minutes; who looks for a free time looks at a day, and who asks what is taken at one minute."""

_here = threading.local()


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Life:
    """One worker's way through a job; `plan` is what happens at which place, each once."""

    plan: dict[str, Callable[[], None]] = field(default_factory=dict)
    is_dead: bool = False
    is_followed: bool = True
    """Whether another worker takes the job up where this one dies."""

    met: list[str] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)

    def comes_to(self, name: str) -> None:
        if self.is_dead:
            raise Killed
        self._seen[name] += 1
        place = f"{name} {self._seen[name]}"
        self.met.append(place)
        what = self.plan.pop(place, None)
        if what is not None:
            what()
        if self.is_dead:
            raise Killed

    def dies(self) -> None:
        self.is_dead = True


@contextmanager
def living(life: Life) -> Iterator[None]:
    """What this thread does meanwhile is that worker's."""
    _here.life = life
    try:
        yield
    finally:
        _here.life = None


def comes_to(name: str) -> None:
    life = getattr(_here, "life", None)
    if life is not None and not getattr(_here, "asks", 0):
        life.comes_to(name)


@contextmanager
def asking() -> Iterator[None]:
    """Within a question nothing befalls a worker: it may keep others of its process waiting."""
    _here.asks = getattr(_here, "asks", 0) + 1
    try:
        yield
    finally:
        _here.asks -= 1


def watch(engine: Engine) -> None:
    """Each transaction of a worker is a place."""

    def begins(_: Db) -> None:
        comes_to("begin")

    event.listen(engine, "begin", begins)


@dataclass
class Sent:
    """Which write-backs at the vendor came of which write, by its confirmation number."""

    count: Callable[[], list[str]]
    of: dict[str, list[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, submit: Callable[[Write], Receipt], write: Write) -> Receipt:
        with self.lock:
            before = set(self.count())
            try:
                return submit(write)
            finally:
                new = [one for one in self.count() if one not in before]
                self.of.setdefault(write.marker, []).extend(new)


class WatchedDesk:
    """The practice's own desk, with a place before and after each question."""

    def __init__(self, desk: PracticeDesk, sent: Sent) -> None:
        self._desk, self._sent = desk, sent

    def __getattr__(self, name: str) -> Any:
        with asking():
            found = getattr(self._desk, name)
        if name in {"abilities", "held_as", "drain_spent"}:
            return found

        def asked(*given: Any, **named: Any) -> Any:
            places = [name, _look(given)] if name == "busy" else [name]
            for place in places:
                comes_to(f"before {place}")
            with asking():
                answer = found(*given, **named)
            for place in places:
                comes_to(f"after {place}")
            return answer

        return asked

    def submit(self, write: Write) -> Receipt:
        comes_to("before submit")
        with asking():
            receipt = self._sent.submit(self._desk.submit, write)
        comes_to("after submit")
        return receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedOpener(Opener):
    """Opens the vendor's own desk, watched."""

    sent: Mapping[str, Sent] = field(default_factory=dict)

    def desk(self, connection: Connection, *, voice: bool = False) -> PracticeDesk | None:
        # Not super(): a class with slots is made anew by its decorator.
        found = Opener.desk(self, connection, voice=voice)
        return None if found is None else WatchedDesk(found, self.sent["all"])


def _look(given: Sequence[Any]) -> str:
    length = given[0].end - given[0].start
    return LAST_LOOK if length // timedelta(minutes=1) in A_VISIT else FIRST_LOOK
