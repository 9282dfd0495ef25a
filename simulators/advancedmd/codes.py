"""The vendor's status numbers and what they mean."""

from collections.abc import Mapping

from simulators.records import Meaning

MOVED = 5
CODES: Mapping[Meaning, int] = {
    Meaning.BOOKED: 0,
    Meaning.CONFIRMED: 0,  # told apart by the date of the confirmation
    Meaning.ARRIVED: 1,
    Meaning.IN_PROGRESS: 2,
    Meaning.COMPLETED: 3,
    Meaning.CANCELLED: 10,
    Meaning.NO_SHOW: 12,
    Meaning.UNKNOWN: 7,
}
MEANINGS: Mapping[int, Meaning] = {
    0: Meaning.BOOKED,
    1: Meaning.ARRIVED,
    2: Meaning.IN_PROGRESS,
    3: Meaning.COMPLETED,
    MOVED: Meaning.CANCELLED,
    10: Meaning.CANCELLED,
    11: Meaning.CANCELLED,
    12: Meaning.NO_SHOW,
}
# In the book as it is found; whatever is called off later is a 10.
FOUND: Mapping[Meaning, tuple[int, ...]] = {
    Meaning.CANCELLED: (10, 10, 10, 11, MOVED),
    Meaning.UNKNOWN: (7, 4, 99),
}
FREES_SLOT = frozenset({Meaning.CANCELLED, Meaning.NO_SHOW})


def meaning_of(code: int, before: Meaning) -> Meaning:
    """A confirmed appointment stays one when it is set to the code it has."""
    if code == CODES[before] and before is Meaning.CONFIRMED:
        return before
    return MEANINGS.get(code, Meaning.UNKNOWN)
