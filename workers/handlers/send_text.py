"""Sends one text: marked before it leaves, looked for where its answer was lost, never twice."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from domain.desk import OutcomeUnknown
from domain.errors import (
    BrokenContract,
    NeedsReconnect,
    Refused,
    SyncError,
    Throttled,
    Transient,
)
from domain.jobs import Job
from domain.texts import (
    CERTAIN_AFTER,
    MAY_HAVE_LEFT,
    NOT_SET_UP,
    OF_USE_FOR,
    OVERTAKEN,
    TO_BE_SENT,
    TOO_OLD,
    WANTS_NONE,
    KeptText,
    OptedOut,
    TextState,
    pause_after,
)

NOT_LEFT: tuple[type[SyncError], ...] = (Throttled, NeedsReconnect, Transient)
"""What says for certain that nothing left and that it may be tried again."""

LEEWAY = timedelta(minutes=5)


class Texts(Protocol):
    """Where texts are kept, and who wants none."""

    def load(self, job: Job) -> KeptText: ...
    def wants_none(self, kept: KeptText) -> bool: ...
    def is_overtaken(self, kept: KeptText) -> bool: ...
    def sending(self, kept: KeptText) -> bool: ...
    def sent(self, kept: KeptText, vendor_id: str) -> None: ...
    def settle(self, kept: KeptText, state: TextState, *, reason: str | None = None) -> None: ...
    def opted_out(self, kept: KeptText, *, reason: str) -> None: ...


class Sender(Protocol):
    """Sends a text, and finds one by what it says."""

    def send(self, recipient: str, body: str, *, text_id: UUID) -> str: ...
    def find(self, recipient: str, body: str, *, since: datetime) -> str | None: ...


def send_text(
    job: Job, *, texts: Texts, sender: Sender | None, clock: Callable[[], datetime]
) -> Mapping[str, Any]:
    """Send it, or say why not; without a sender it is kept and shown as not sent.

    A vendor that is away is waited for, for as long as the text is of use.
    """
    kept = texts.load(job)
    if kept.state not in TO_BE_SENT:
        return {"state": kept.state.value}
    if sender is None:
        return _settled(texts, kept, TextState.OFF, NOT_SET_UP)
    if kept.state in MAY_HAVE_LEFT:
        left = _if_it_left(kept, texts, sender, clock())
        if left is not None:
            return left
    if _is_too_old(kept, clock()):
        return _settled(texts, kept, TextState.FAILED, TOO_OLD)
    return _leave(texts, kept, sender, clock)


def _if_it_left(
    kept: KeptText, texts: Texts, sender: Sender, now: datetime
) -> Mapping[str, Any] | None:
    """What is to be said of it where it left, or nobody can say; None where it never did."""
    try:
        found = _looked_for(kept, sender, now=now)
    except (Transient, BrokenContract) as why:
        if _is_too_old(kept, now):
            return {"state": kept.state.value}
        raise _later(kept, why, now=now) from why
    if found is None:
        return None
    texts.sent(kept, found)
    return {"state": TextState.SENT.value, "found": True}


def _looked_for(kept: KeptText, sender: Sender, *, now: datetime) -> str | None:
    """Its id at the vendor, if it left after all; that cannot be told at once."""
    certain = kept.tried_at + CERTAIN_AFTER
    if now < certain:
        raise Throttled("the vendor to know of a text that may have left", until=certain)
    # The mark may be a little later than the message, and Twilio asks by its day.
    return sender.find(kept.recipient, kept.body, since=kept.tried_at - LEEWAY)


def _leave(
    texts: Texts, kept: KeptText, sender: Sender, clock: Callable[[], datetime]
) -> Mapping[str, Any]:
    if texts.wants_none(kept):
        return _settled(texts, kept, TextState.OPTED_OUT, WANTS_NONE)
    if texts.is_overtaken(kept):
        return _settled(texts, kept, TextState.OFF, OVERTAKEN)
    if not texts.sending(kept):
        return {"state": TextState.SENDING.value}
    return _sent(texts, kept, sender, clock)


def _sent(
    texts: Texts, kept: KeptText, sender: Sender, clock: Callable[[], datetime]
) -> Mapping[str, Any]:
    try:
        vendor_id = sender.send(kept.recipient, kept.body, text_id=kept.id)
    except OptedOut as no:
        texts.opted_out(kept, reason=str(no))
        return {"state": TextState.OPTED_OUT.value}
    except Refused as no:
        return _settled(texts, kept, TextState.FAILED, str(no))
    except NOT_LEFT as why:
        texts.settle(kept, TextState.DUE, reason=str(why))
        if isinstance(why, Transient):
            raise _later(kept, why, now=clock()) from why
        raise
    except (OutcomeUnknown, BrokenContract) as doubt:
        texts.settle(kept, TextState.UNKNOWN, reason=str(doubt))
        raise Throttled(
            "the vendor to know of a text that may have left", until=clock() + CERTAIN_AFTER
        ) from doubt
    texts.sent(kept, vendor_id)
    return {"state": TextState.SENT.value}


def _is_too_old(kept: KeptText, now: datetime) -> bool:
    return now > kept.created_at + OF_USE_FOR


def _later(kept: KeptText, why: SyncError, *, now: datetime) -> Throttled:
    pause = pause_after(now - kept.created_at)
    return Throttled(f"whoever sends texts: {why}", until=now + pause)


def _settled(texts: Texts, kept: KeptText, state: TextState, reason: str) -> Mapping[str, Any]:
    texts.settle(kept, state, reason=reason)
    return {"state": state.value}
