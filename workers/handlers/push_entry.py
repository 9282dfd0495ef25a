"""Brings one row of the sheet to its PMS: what differs is written, one write after the other."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from domain.checks import in_words
from domain.errors import BadInput, Gone, NeedsReconnect, Refused, Throttled, Transient
from domain.jobs import Job
from domain.pushes import LOCKED_OUT, TOO_LONG, UNREACHED, ChangedThere, PushState, Sent
from domain.writes import NOT_YET_SENT, OPEN, KeptWrite, WriteState

ROUNDS = 8
"""So many writes, or news from the PMS between them, before a row is left for a while."""

SOON, LATER = timedelta(seconds=3), timedelta(minutes=1)
QUICK_FOR = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(hours=6)


class Entry(Protocol):
    """One row with its PMS, opened."""

    def unfinished(self) -> KeptWrite | None: ...
    def drop(self, kept: KeptWrite) -> None: ...
    def look(self, kept: KeptWrite) -> KeptWrite: ...
    def next(self) -> Sent | None: ...
    def send(self, wish: Sent) -> KeptWrite: ...
    def arrived(self, kept: KeptWrite) -> None: ...
    def read_again(self) -> None: ...
    def stands(self, state: PushState, reason: str | None = None) -> None: ...


class Entries(Protocol):
    def open(self, job: Job) -> Entry: ...


def push_entry(job: Job, *, entries: Entries, clock: Callable[[], datetime]) -> Mapping[str, Any]:
    """Until the PMS says what the sheet shows, or a person has to decide; never twice at once."""
    entry, sent = entries.open(job), 0
    if job.args.get("read_first"):
        entry.read_again()
    for _ in range(ROUNDS):
        kept = entry.unfinished()
        if kept is not None and kept.state not in NOT_YET_SENT:
            sent += _ended(entry, kept, now=clock())
            continue
        wish = entry.next()
        if kept is not None and (wish is None or kept.write.wish != wish):
            entry.drop(kept)
        if wish is None:
            return {"sent": sent}
        if not _left(entry, wish):
            return {"sent": sent, "refused": 1}
    raise Transient("This row changes faster than it can be sent; it is tried again.")


def _ended(entry: Entry, kept: KeptWrite, *, now: datetime) -> bool:
    """Whether a write that has left was done; while nobody can say the job waits for the answer."""
    if kept.state in OPEN:
        kept = entry.look(kept)
    if kept.state is WriteState.CONFIRMED:
        entry.arrived(kept)
        return True
    if kept.state in OPEN:
        since = now - (kept.submitted_at or now)
        if since > GIVE_UP_AFTER:
            entry.stands(PushState.ERROR, TOO_LONG)
            raise Refused(TOO_LONG)
        pause = SOON if since < QUICK_FOR else LATER
        raise Throttled("the practice's system to say what became of a change", until=now + pause)
    return False


def _left(entry: Entry, wish: Sent) -> bool:
    """Whether there is anything more to do: False where the PMS says no for good."""
    try:
        entry.send(wish)
    except (ChangedThere, Gone):
        entry.read_again()
    except (Refused, BadInput) as refusal:
        entry.stands(PushState.ERROR, in_words(refusal))
        return False
    except NeedsReconnect:
        entry.stands(PushState.PENDING, LOCKED_OUT)
        raise
    except Throttled as wait:
        entry.stands(PushState.PENDING, f"Waits for {wait}.")
        raise
    except Transient:
        entry.stands(PushState.PENDING, UNREACHED)
        raise
    return True
