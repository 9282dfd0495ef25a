"""What a text says of how a write ended: whose, when and its number; nothing of the patient."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.wishes import Booking, Move, WriteKind
from domain.writes import KeptWrite, WriteState

PURPOSE = "outcome"
LONGEST_NAME = 60

DONE: Mapping[WriteKind, str] = {
    WriteKind.BOOK: "You are booked for {when}. Confirmation number {number}.",
    WriteKind.RESCHEDULE: "Your appointment is now on {when}. Confirmation number {number}.",
    WriteKind.CANCEL: "Your appointment is cancelled. Confirmation number {number}.",
}
NOT_DONE: Mapping[WriteKind, str] = {
    WriteKind.BOOK: "Your appointment for {when} could not be booked.",
    WriteKind.RESCHEDULE: "Your appointment could not be moved to {when}; it stays as it was.",
    WriteKind.CANCEL: "Your appointment could not be cancelled; it stays as it was.",
}
ANY_DONE = "Your request {number} is done."
ANY_NOT_DONE = "Your request {number} could not be done."


def outcome_text(kept: KeptWrite, *, practice: str, timezone: str, phone: str | None) -> str:
    """For a settled write; `phone` is whom to call where it failed."""
    done = kept.state is WriteState.CONFIRMED
    words = (DONE if done else NOT_DONE).get(kept.write.kind, ANY_DONE if done else ANY_NOT_DONE)
    said = words.format(when=_when(kept, timezone), number=kept.confirmation)
    call = "" if done else f" Please call {phone or 'the practice'}."
    return f"{' '.join(practice.split())[:LONGEST_NAME]}: {said}{call}"


def _when(kept: KeptWrite, timezone: str) -> str:
    wish = kept.write.wish
    return _written(wish.start, timezone) if isinstance(wish, Booking | Move) else ""


def _written(instant: datetime, timezone: str) -> str:
    """Tuesday 24 November at 9:30 am, on the practice's own clock."""
    here = instant.astimezone(ZoneInfo(timezone))
    clock = f"{here.hour % 12 or 12}:{here:%M} {'am' if here.hour < 12 else 'pm'}"  # noqa: PLR2004 - noon
    return f"{here:%A} {here.day} {here:%B} at {clock}"
