"""Follows a write that was not settled while its caller waited, and lets them know the end."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from domain.errors import Refused, Throttled, Transient
from domain.jobs import Job
from domain.showing import Otherwise
from domain.tools import Told
from domain.writes import OPEN, SETTLED, SHOWN_AFTER, KeptWrite, WriteState

SOON, LATER = timedelta(seconds=3), timedelta(minutes=1)
QUICK_FOR = timedelta(minutes=5)
AT_LEISURE = timedelta(minutes=3)
LOOKS = (
    (timedelta(seconds=30), timedelta(seconds=3)),
    (timedelta(minutes=5), timedelta(seconds=20)),
    (SHOWN_AFTER + AT_LEISURE, AT_LEISURE),
)
"""For how long after a write was taken, and how often, the sheet is looked at for it."""

GIVE_UP_AFTER = timedelta(hours=6)
TO_BE_SHOWN = "the practice's system to show what was written"
ABANDONED_AFTER = timedelta(minutes=2)
"""A write that did not leave by then is called off: whoever asked has long been told."""


class Follower(Protocol):
    """One write and its practice, opened for a look."""

    kept: KeptWrite

    @property
    def is_gone(self) -> bool:
        """The practice is no longer connected: nobody can look any more."""

    def look(self) -> KeptWrite: ...
    def withdraw(self) -> KeptWrite: ...
    def let_them_know(self, kept: KeptWrite) -> bool: ...
    def is_shown(self) -> bool: ...
    def is_elsewhere(self) -> bool:
        """Whether the sheet shows it already, otherwise than it was asked for."""

    def is_changing(self, *, since: datetime) -> bool:
        """Whether a change of it that was sent after `since` may yet be carried out."""

    def otherwise(self) -> Otherwise | None:
        """How the practice's own book has it, kept and told; None where it is as asked for."""


class Writes(Protocol):
    def open(self, job: Job) -> Follower: ...


def settle_write(job: Job, *, writes: Writes, clock: Callable[[], datetime]) -> Mapping[str, Any]:
    """One look; while it is open the job waits for the next, and never sends anything again.

    At a practice that is no longer connected whoever waits is told so far as it is known.
    """
    follower = writes.open(job)
    kept = follower.kept
    if follower.is_gone:
        return _let_go(follower)
    if kept.state in OPEN:
        kept = follower.look()
    elif kept.state not in SETTLED and clock() > job.created_at + ABANDONED_AFTER:
        kept = follower.withdraw()
    if kept.state not in SETTLED:
        _wait(job, kept, now=clock())
    texted = kept.told == Told.REQUESTED and follower.let_them_know(kept)
    done = {"state": kept.state.value, "texted": texted}
    if kept.state is not WriteState.CONFIRMED or follower.is_shown():
        return done
    _until_changed(follower, now=clock())
    if not follower.is_elsewhere():
        _until_shown(kept, now=clock())
    found = _otherwise(follower, kept, now=clock())
    return done if found is None else {**done, "shown": found.how.value}


def _let_go(follower: Follower) -> Mapping[str, Any]:
    """What has left, or has its end, is not withdrawn by it and stays as it is."""
    kept = follower.withdraw()
    texted = kept.told == Told.REQUESTED and follower.let_them_know(kept)
    return {"state": kept.state.value, "texted": texted}


def _until_changed(follower: Follower, *, now: datetime) -> None:
    """While nobody knows what became of a later change, the book may show that one's end."""
    if follower.is_changing(since=now - GIVE_UP_AFTER):
        raise Throttled(TO_BE_SHOWN, until=now + LATER)


def _until_shown(kept: KeptWrite, *, now: datetime) -> None:
    """What a PMS has taken on may come into what it lets us read only minutes later."""
    since = now - (kept.settled_at or now)
    pause = next((pause for until, pause in LOOKS if since < until), None)
    if pause is not None:
        raise Throttled(TO_BE_SHOWN, until=now + pause)


def _otherwise(follower: Follower, kept: KeptWrite, *, now: datetime) -> Otherwise | None:
    """A practice that cannot be asked just now is asked later: somebody may rely on it."""
    try:
        return follower.otherwise()
    except Transient:
        if now > (kept.settled_at or now) + GIVE_UP_AFTER:
            return None
        raise Throttled(TO_BE_SHOWN, until=now + AT_LEISURE) from None


def _wait(job: Job, kept: KeptWrite, *, now: datetime) -> None:
    sent = kept.submitted_at or job.created_at
    if now > sent + GIVE_UP_AFTER:
        raise Refused(
            f"Write {kept.id} is {WriteState.UNKNOWN.value} and cannot be read back; look at the"
            " practice's own book, then 'pms-sync writes settle'."
        )
    pause = SOON if now < sent + QUICK_FOR else LATER
    raise Throttled("the practice's system to say what became of a write", until=now + pause)
