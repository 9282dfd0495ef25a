"""The words for how a patient's attendance stands, and what they are taken to mean."""

from collections.abc import Mapping

from simulators.records import Meaning

ATTENDED = "attended"
WORDS: Mapping[Meaning, tuple[str | None, ...]] = {
    Meaning.BOOKED: ("booked", "booked", "Booked", None),
    Meaning.CONFIRMED: ("confirmed", "accepted"),
    Meaning.ARRIVED: ("arrived",),
    Meaning.IN_PROGRESS: (ATTENDED,),
    Meaning.COMPLETED: (ATTENDED,),
    Meaning.CANCELLED: ("cancelled", "rejected", "declined", "Cancelled"),
    Meaning.NO_SHOW: ("did not attend", "did-not-attend", "Did Not Attend"),
    Meaning.UNKNOWN: ("tentative", "check response", "on-the-waiting-list"),
}
WRITABLE: Mapping[str, Meaning] = {
    "booked": Meaning.BOOKED,
    "confirmed": Meaning.CONFIRMED,
    "arrived": Meaning.ARRIVED,
    "attended": Meaning.COMPLETED,
    "cancelled": Meaning.CANCELLED,
    "cancelled (no charge)": Meaning.CANCELLED,  # reads back as cancelled
    "did not attend": Meaning.NO_SHOW,
}


def word(meaning: Meaning, variant: int) -> str | None:
    words = WORDS[meaning]
    return words[variant % len(words)]


def plain(code: str) -> str:
    return code.lower().replace("-", " ").replace("_", " ")
