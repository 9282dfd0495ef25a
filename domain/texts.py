"""A text message to somebody who asked: said in few words, sent once, told truthfully."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.errors import Refused

CERTAIN_AFTER = timedelta(seconds=60)
"""Only this long after it may have left can a look at the vendor say that it never arrived."""

OF_USE_FOR = timedelta(hours=6)
"""Whoever has waited longer for a text hears from the practice instead."""

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(minutes=30)

NOT_SET_UP = "No texts are sent: TWILIO_ACCOUNT_SID and its relatives are not set."
TOO_OLD = "It could not be sent while it was of use."
WANTS_NONE = "They have asked for no texts."
OVERTAKEN = "They have moved or cancelled since what it tells of."
NO_LONGER_SO = "The practice's own book shows it otherwise."


def pause_after(waited: timedelta) -> timedelta:
    """Before the next try of a text that has waited so long: as long again, within bounds."""
    return min(max(waited, SHORTEST), LONGEST)


class OptedOut(Refused):
    """The recipient wants no texts from this sender."""


class TextState(StrEnum):
    """Where a text stands; `off` was never tried, `unknown` may have left."""

    DUE = "due"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    OPTED_OUT = "opted_out"
    OFF = "off"


MAY_HAVE_LEFT = frozenset({TextState.SENDING, TextState.UNKNOWN})
TO_BE_SENT = frozenset({TextState.DUE, *MAY_HAVE_LEFT})

CARRIER: Mapping[str, TextState] = {
    "delivered": TextState.DELIVERED,
    "read": TextState.DELIVERED,
    "undelivered": TextState.FAILED,
    "failed": TextState.FAILED,
    "canceled": TextState.FAILED,
}
"""What a carrier's word of a message means here; every other word says that it was sent."""

AFTER: Mapping[TextState, frozenset[TextState]] = {
    TextState.SENT: MAY_HAVE_LEFT,
    TextState.DELIVERED: MAY_HAVE_LEFT | {TextState.SENT},
    TextState.FAILED: MAY_HAVE_LEFT | {TextState.SENT},
}
"""Before each of these a text was one of those: whatever comes late or twice changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptText:
    """A text as it is kept; `tried_at` is when it last may have left."""

    id: UUID
    account_id: str
    write_id: UUID | None
    state: TextState
    recipient: str = field(repr=False)
    body: str = field(repr=False)
    created_at: datetime
    tried_at: datetime
