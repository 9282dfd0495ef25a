"""Who may hear of a patient: whoever calls from their number, or knows their name and birthday."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from domain.desk import PatientCard
from domain.names import Likeness, Name, display, in_parts, is_unheard, likeness, read, spoken

MOST_ATTEMPTS = 3

WHO = "May I have the full name and date of birth of the patient?"
WHICH_NAME = "It could be for more than one person. What is the patient's first name?"
WHICH_BIRTHDAY = "What is the date of birth of the patient?"
WHICH_FULL_NAME = "What is the first and last name of the patient?"
NOT_FOUND = (
    "I could not find a patient with that name and date of birth. Could you spell the last name and"
    " tell me the date of birth once more?"
)
WHICH_NUMBER = (
    "There is more than one record with that name and date of birth. What telephone number does the"
    " practice have for the patient?"
)
SEVERAL = (
    "There is more than one record with that name and date of birth, and I cannot tell which is the"
    " right one. Somebody at the practice has to help with that; shall I connect you?"
)
ONLY_HUMAN = (
    "I am sorry, I could not make sure who the patient is. Somebody at the practice has to help"
    " with that; shall I connect you?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who somebody says the patient is. An id is only a claim: models make them up.

    `phone` is a number of theirs in E.164; it tells namesakes apart, and proves nothing by itself.
    """

    patient_id: str | None = field(default=None, repr=False)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    full_name: str | None = field(default=None, repr=False)
    date_of_birth: date | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)

    @property
    def whole_name(self) -> str | None:
        """The name in one piece, where it is not told in its two parts as well: those are surer."""
        return None if self.first_name and self.last_name else self.full_name

    @property
    def name(self) -> Name:
        if self.whole_name:
            return read(self.whole_name)
        return in_parts(given=self.first_name or "", family=self.last_name or "")

    @property
    def names_somebody(self) -> bool:
        return bool(self.full_name or self.first_name or self.last_name)

    @property
    def is_unheard(self) -> bool:
        """A name was said of which nothing is left to compare: it is no one's, and no silence."""
        told = (self.whole_name,) if self.whole_name else (self.first_name, self.last_name)
        return any(is_unheard(one) for one in told if one)

    @property
    def has_full_name(self) -> bool:
        return bool(self.name.given and self.name.family)

    @property
    def is_short(self) -> bool:
        """All that its caller has to say, as it seems, and less than a full name."""
        return self.names_somebody and not self.has_full_name and self.date_of_birth is not None

    @property
    def is_complete(self) -> bool:
        """Enough to be judged by: a full name and a date of birth."""
        return self.has_full_name and self.date_of_birth is not None


def is_proved_by(card: PatientCard, number: str) -> bool:
    """It is their own, and they are still the practice's patient: others may have it by now."""
    return card.is_active and number in card.phones and number not in card.shared


def name_of(card: PatientCard) -> Name:
    patient = card.patient
    if patient.first_name and patient.last_name:
        return in_parts(given=patient.first_name, family=patient.last_name)
    return read(patient.full_name or "")


def shown_name(card: PatientCard) -> str:
    patient = card.patient
    shown = patient.full_name or display(given=patient.first_name, family=patient.last_name)
    return spoken(shown)


def proved_by(claim: Claim, cards: Iterable[PatientCard]) -> PatientCard | None:
    """The one patient whose full name and date of birth are the claimed ones; several are none."""
    found = namesakes(claim, cards)
    return found[0] if len(found) == 1 else None


def namesakes(claim: Claim, cards: Iterable[PatientCard]) -> Sequence[PatientCard]:
    """All whose full name and date of birth are the claimed ones.

    Of several, those who are still patients, and of these those with the number that is said.
    """
    if not claim.is_complete or claim.date_of_birth is None:
        return []
    born = claim.date_of_birth.isoformat()
    unique = {
        one.patient.pms_id: one
        for one in cards
        if one.patient.date_of_birth == born
        and likeness(claim.name, name_of(one)) >= Likeness.FIRST_NAME
    }
    found = list(unique.values())
    if len(found) > 1:
        found = [one for one in found if one.is_active]
    return [one for one in found if claim.phone in one.phones] or found


def fitting(claim: Claim, cards: Iterable[PatientCard]) -> list[PatientCard]:
    """Of people that are proven already, those who are not ruled out by what is claimed."""
    if claim.is_unheard:
        return []
    return [one for one in cards if _fits(claim, one)]


def _fits(claim: Claim, card: PatientCard) -> bool:
    born = claim.date_of_birth.isoformat() if claim.date_of_birth else None
    if born is not None and card.patient.date_of_birth not in {None, born}:
        return False
    if claim.patient_id is not None and claim.patient_id != card.patient.pms_id:
        return False
    wanted, theirs = claim.name, name_of(card)
    if wanted.given and wanted.family:
        return likeness(wanted, theirs) >= Likeness.FIRST_NAME
    if wanted.family:
        # A single word may be either name.
        return wanted.family == theirs.family or wanted.family == theirs.given[:1]
    return not wanted.given or wanted.given == theirs.given[: len(wanted.given)]
