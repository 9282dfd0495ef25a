"""How a practice's own book shows what it has taken on: as it was asked for, or otherwise."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.appointments import Appointment, Status
from domain.wishes import Booking, Cancellation, Move
from domain.writes import KeptWrite

STANDING = frozenset({Status.BOOKED, Status.CONFIRMED})


class Shown(StrEnum):
    """Otherwise than it was asked for: at another time, not at all, or not called off."""

    ELSEWHERE = "elsewhere"
    MISSING = "missing"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Otherwise:
    """`start` is where the book has it, if anywhere."""

    how: Shown
    start: datetime | None = None


def otherwise(kept: KeptWrite, book: Iterable[Appointment]) -> Otherwise | None:
    """None where their book has it as it was asked for, or cannot tell: it is known by no id.

    A book may list it under another id than the PMS gave us first, and others' beside theirs. What
    is called off there was called off since, by the practice: that is theirs to tell.
    """
    wish = kept.write.wish
    if not isinstance(wish, Booking | Move | Cancellation):
        return None
    pms_id = kept.pms_id if isinstance(wish, Booking) else wish.appointment_id
    if pms_id is None:
        return None
    shown = [one for one in book if not one.removed]
    rows = [one for one in shown if one.pms_id == pms_id]
    standing = [one for one in rows if one.status in STANDING]
    if isinstance(wish, Cancellation):
        return Otherwise(Shown.STANDING, standing[0].start) if standing else None
    theirs = (one for one in shown if one.patient_id == wish.patient_id)
    under_another = [one for one in theirs if one.status is not Status.CANCELLED]
    if any(one.start == wish.start for one in (*rows, *under_another)):
        return None
    if standing:
        return Otherwise(Shown.ELSEWHERE, standing[0].start)
    return None if rows else Otherwise(Shown.MISSING)
