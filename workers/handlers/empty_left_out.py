"""Empties what is stored of a connection of what it leaves out by now."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from domain.jobs import Job
from infra.stopping import Stopping


class Emptying(Protocol):
    """The rows of a connection, a batch at a time."""

    def steps(self) -> Iterator[int]: ...
    def done(self) -> None: ...


class Store(Protocol):
    def begin(self, job: Job) -> Emptying: ...


def empty_left_out(job: Job, *, store: Store, stopping: Stopping) -> Mapping[str, int]:
    """How many rows held it; an attempt that is broken off has emptied what it came to."""
    opened = store.begin(job)
    rows = 0
    for emptied in opened.steps():
        rows += emptied
        stopping.check()
    opened.done()
    return {"rows": rows}
