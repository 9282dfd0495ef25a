"""Where a patient's visit stands, by the word beside them and by the clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.rest.own_words import OwnWords
from adapters.rest.record import Record, last_segment
from adapters.rest.words import Standing, Words, plain
from domain.appointments import Status
from domain.connections import Connection

_BESIDE_A_PATIENT = "appointment-participant-status"
_ATTENDED = "attended"

OWN_WORDS = OwnWords("status_words", example="tentative=booked; attended=arrived")

# What `accepted`, `rejected`, `declined` and the vague ones mean is our reading, which a practice
# puts right in its settings.
STATUS = Words(
    {
        Status.BOOKED: ("booked",),
        Status.CONFIRMED: ("confirmed", "accepted"),
        Status.ARRIVED: ("arrived",),
        Status.COMPLETED: (_ATTENDED,),
        Status.CANCELLED: ("cancelled", "cancelled_(no_charge)", "rejected", "declined"),
        Status.NO_SHOW: ("did_not_attend",),
    },
    vague=("tentative", "check_response"),
)


def check(given: Mapping[str, Any], _held: Connection | None) -> None:
    """Refuse what the next sync could not use."""
    OWN_WORDS.check(given)


def standing(
    record: Record, connection: Connection, person: Record | None, *, end: datetime
) -> Standing:
    """The patient's own word; without any, a reason for cancelling is one."""
    word = _word(person) if person else None
    if word is None and record.raw("cancellationReason"):
        return Standing(Status.CANCELLED)
    own = OWN_WORDS.read(connection)
    found = STATUS.read(record, word, own=own)
    # Booked turns into attended by itself when its time comes, so it does not say that it is over;
    # unless the practice says what it means.
    if plain(word or "") != _ATTENDED or _ATTENDED in own:
        return found
    is_under_way = record.now is not None and record.now < end
    return Standing(Status.IN_PROGRESS) if is_under_way else found


def _word(person: Record) -> str | None:
    for extension in person.records("modifierExtension"):
        if last_segment(extension.maybe("url")) == _BESIDE_A_PATIENT:
            return extension.maybe("valueCoding.code") or extension.maybe("valueCoding.display")
    return None
