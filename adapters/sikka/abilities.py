"""What can be done at each PMS behind Sikka, as data; insurance can be written nowhere."""

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.rest.behind import OTHER
from adapters.sikka.statuses import family
from domain.desk import Ability
from domain.minimising import Extra

A = Ability

READS = frozenset({A.SEARCH_PATIENTS, A.READ_NOTES, A.READ_INSURANCE, A.READ_BALANCE})
USUAL = READS | {
    *(A.BOOK, A.RESCHEDULE, A.CANCEL, A.CREATE_PATIENT, A.ADD_NOTE, A.RECORD_PAYMENT),
}
# Slots and changes of patients exist only there (apidocs, available slots and PATCH patient), and
# of a patient no phone, e-mail or address can be changed.
ORTHODONTIC = USUAL | {A.OPENINGS, A.UPDATE_PATIENT, A.CHANGE_NAME}

BEHIND: Mapping[str, frozenset[Ability]] = {
    "Dentrix": USUAL,
    "Eaglesoft": USUAL,
    "Open Dental": USUAL,
    "Cornerstone": USUAL,
    "ClearDent": USUAL,
    "Planet DDS": USUAL,
    "Denticon": USUAL,
    "OrthoTrac": ORTHODONTIC,
    "Dolphin": ORTHODONTIC,
    OTHER: READS,
}
"""A PMS that is not named can be read; what else it takes is for `supported_pmses` to say."""

BY_PMS: Mapping[str, frozenset[Ability]] = {family(name): can for name, can in BEHIND.items()}

TOLD: Mapping[str, frozenset[Ability]] = {
    "new_appointment_writeback": frozenset({A.BOOK}),
    "appointment_status_writeback": frozenset({A.CANCEL}),
    "new_patient_writeback": frozenset({A.CREATE_PATIENT}),
    "note_writeback": frozenset({A.ADD_NOTE}),
    "payment_writeback": frozenset({A.RECORD_PAYMENT}),
}
"""The columns of `supported_pmses` and what each says."""

LOST: Mapping[Extra, frozenset[Ability]] = {
    Extra.NOTES: frozenset({A.READ_NOTES}),
    # Whether somebody is there already is known by name and date of birth.
    Extra.BIRTH_DATE: frozenset({A.CREATE_PATIENT}),
}
"""What cannot be done where a practice leaves something out."""

_YES = frozenset({"available", "yes", "true", "y", "t", "1"})
_WRITES = USUAL - READS | {A.CHANGE_NAME}
ANY_WRITES = frozenset(one.value for one in _WRITES)
"""What some PMS takes; which of it a practice's own does is for its desk to say."""


def abilities(pms_type: str | None, supported: Mapping[str, Any] | None) -> frozenset[Ability]:
    """By the table, put right by what Sikka says of the PMS where it says something."""
    found = BY_PMS.get(family(pms_type), READS)
    for column, told in TOLD.items():
        answer = str((supported or {}).get(column) or "").strip().casefold()
        if answer in _YES:
            found |= told
        elif answer:
            found -= told
    return found


def lost(left_out: Iterable[Extra]) -> frozenset[Ability]:
    """What a practice that leaves these out cannot have done."""
    return frozenset(ability for one in left_out for ability in LOST.get(one, ()))
