"""The status texts of section 7; only null and `cancelled` are documented, the rest assumed."""

from collections.abc import Mapping

from simulators.records import Appointment, Meaning

TEXTS: Mapping[Meaning, tuple[str | None, ...]] = {
    Meaning.BOOKED: (None, None, "booked", "Booked"),
    Meaning.CONFIRMED: ("confirmed", "Confirmed"),
    Meaning.ARRIVED: (None, "booked", "arrived"),
    Meaning.IN_PROGRESS: ("in_progress", "In Progress", "with doctor"),
    Meaning.COMPLETED: ("completed", "Finished", "billed"),
    Meaning.CANCELLED: ("cancelled", "Cancelled", "CANCELED", None),
    Meaning.NO_SHOW: ("no_show", "DNA", "Did not attend"),
    Meaning.UNKNOWN: ("pencilled-in", "W/L", "recall sent"),
}


def wording(appointment: Appointment) -> str | None:
    texts = TEXTS[appointment.meaning]
    return texts[appointment.variant % len(texts)]
