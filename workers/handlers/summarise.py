"""Tells each account its week, once, on its own Monday morning."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from domain.jobs import Job
from infra.stopping import HandBack, Stopping

Owed = TypeVar("Owed")


class Summaries(Protocol, Generic[Owed]):
    """Who has not been told, and the telling of one."""

    def owing(self, now: datetime) -> Sequence[Owed]: ...
    def write(self, one: Owed) -> bool: ...


def summarise(
    job: Job, *, store: Summaries[Owed], clock: Callable[[], datetime], stopping: Stopping
) -> Mapping[str, int]:
    """What was told stays; an account that was missed is told by the next job."""
    written = 0
    for one in store.owing(clock()):
        if stopping.asked:
            raise HandBack
        written += store.write(one)
    return {"written": written}
