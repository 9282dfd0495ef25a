"""The vendor's numbers: statuses, cancellation reasons, genders and lengths."""

from bisect import bisect_left
from collections.abc import Mapping

from simulators.records import Appointment, Meaning, Stated

STATUSES: Mapping[Meaning, tuple[int, ...]] = {
    Meaning.BOOKED: (2,),
    Meaning.CONFIRMED: (3,),
    Meaning.ARRIVED: (4,),
    Meaning.IN_PROGRESS: (5,),
    Meaning.COMPLETED: (7, 6),  # 6 is at billing, after the consultation
    Meaning.CANCELLED: (8,),
    Meaning.NO_SHOW: (8,),
    Meaning.UNKNOWN: (1, 9, 12),
}
CANCELLED = 8
MEANINGS = {
    code: meaning
    for meaning, codes in STATUSES.items()
    for code in codes
    if meaning not in {Meaning.NO_SHOW, Meaning.UNKNOWN}
}
REASONS = (1, 2, 3, 4)
NO_SHOW_REASON = 5
GENDERS = {"male": 1, "female": 2, "unspecified": 3}
HOUR = 60
# In the order of their codes, which begin at 1: a code is never its number of minutes.
INTERVALS = (
    10, 5, 20, 15, 30, 25, 40, 35, 45, 55, 50, 60, 90, 75, 120, 105, 180, 150, 240, 300, 480, 360,
)  # fmt: skip
UNKNOWN_INTERVAL = 99
SORTED = sorted(INTERVALS)


def status(row: Appointment) -> int:
    codes = STATUSES[row.meaning]
    return codes[row.variant % len(codes)]


def variant(meaning: Meaning, code: int) -> int:
    return STATUSES[meaning].index(code)


def reason(row: Appointment) -> int | None:
    """Obligatory for a cancelled row, absent from any other."""
    if row.meaning is Meaning.NO_SHOW:
        return NO_SHOW_REASON
    return REASONS[row.variant % len(REASONS)] if row.meaning is Meaning.CANCELLED else None


def interval(row: Appointment) -> int | None:
    """Some rows have a code the table lacks, or none."""
    if row.stated is Stated.NEITHER:
        return (UNKNOWN_INTERVAL, None)[row.variant % 2]
    return INTERVALS.index(row.minutes) + 1


def fitting(minutes: int) -> int:
    """The shortest length of the table that has room."""
    return SORTED[min(bisect_left(SORTED, minutes), len(SORTED) - 1)]


def length(minutes: int | None) -> str:
    """As staff read it: 15 mins, 1 hr, 1 hr 30 mins, 4 hrs; nothing when open."""
    if minutes is None:
        return ""
    hours, rest = divmod(minutes, HOUR)
    parts = (_counted(hours, "hr"), _counted(rest, "min"))
    return " ".join(part for part in parts if part)


def _counted(number: int, unit: str) -> str:
    if not number:
        return ""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
