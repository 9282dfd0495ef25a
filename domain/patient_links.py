"""Who of a PMS's patients a person on our sheet is: said by a person, or beyond any doubt."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from domain.desk import Cut, PatientCard
from domain.names import Name, read

MOST_SHOWN = 10


class LinkState(StrEnum):
    """Whether somebody of ours is known to be a patient there."""

    PENDING = "pending"
    LINKED = "linked"
    PROPOSED = "proposed"
    NOT_FOUND = "not_found"
    MANY = "many"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on our sheet; never in a repr.

    `entry_id` is the row they stand on, where no day of birth tells them from others of the name.
    """

    name: str = field(repr=False)
    date_of_birth: str | None = field(default=None, repr=False)
    entry_id: str | None = None

    @property
    def key(self) -> str:
        """Equal for the same name and day of birth, however the name was written.

        A name alone is nobody: whoever was chosen for it was chosen for that row.
        """
        told_apart_by = self.date_of_birth or self.entry_id or ""
        called = " ".join(sorted(read(self.name).words)) or self.name
        return f"{called}\x1f{told_apart_by}"

    def on(self, entry_id: UUID) -> "Person":
        """The same person as this row means them."""
        return self if self.date_of_birth else replace(self, entry_id=str(entry_id))

    @property
    def born(self) -> date | None:
        return date.fromisoformat(self.date_of_birth) if self.date_of_birth else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A patient of the PMS who may be meant."""

    pms_id: str
    name: str | None = field(default=None, repr=False)
    date_of_birth: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a look among the PMS's patients came to."""

    state: LinkState
    pms_patient_id: str | None = None
    candidates: Sequence[Candidate] = field(default=(), repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A person of ours and the patient they are, or may be."""

    id: UUID
    connection_id: UUID
    person: Person = field(repr=False)
    state: LinkState
    pms_patient_id: str | None
    candidates: Sequence[Candidate] = field(repr=False)
    reason: str | None
    linked_by: str | None
    synced_at: datetime | None
    updated_at: datetime


REASONS = {
    LinkState.PROPOSED: "One patient there was born the same day; a person has to say it is them.",
    LinkState.MANY: "Several patients there may be meant; choose one.",
    LinkState.NOT_FOUND: "No patient there has that name; add them there, or choose.",
}
LONE = (
    "One patient there may be meant, but no date of birth agrees; a person has to say it is them."
)
TOO_MANY = "More patients there have such a name than were looked through; choose who is meant."


def choose(person: Person, cards: Sequence[PatientCard]) -> Choice:
    """Linked without asking only if name and day of birth agree exactly, and of one alone."""
    found = [_candidate(card) for card in cards if card.is_active]
    born = [one for one in found if one.date_of_birth and one.date_of_birth == person.date_of_birth]
    exact = [one for one in born if one.name and _same(read(one.name), read(person.name))]
    is_cut = isinstance(cards, Cut)
    if len(exact) == 1 and len(born) == 1 and not is_cut:
        return Choice(
            state=LinkState.LINKED, pms_patient_id=exact[0].pms_id, candidates=found[:MOST_SHOWN]
        )
    state = LinkState.MANY if found or is_cut else LinkState.NOT_FOUND
    if len(born) == 1:
        state = LinkState.PROPOSED
    return Choice(
        state=state,
        pms_patient_id=born[0].pms_id if len(born) == 1 else None,
        candidates=[*born, *(one for one in found if one not in born)][:MOST_SHOWN],
        reason=TOO_MANY if is_cut else said_of(state, candidates=len(found)),
    )


def said_of(state: LinkState, *, candidates: int) -> str:
    """What a look came to, for a person."""
    if state is LinkState.LINKED:
        return "Linked."
    if state is LinkState.MANY and candidates == 1:
        return LONE
    return REASONS.get(state, "Not linked yet; look again.")


def _same(one: Name, other: Name) -> bool:
    return bool(one.words) and sorted(one.words) == sorted(other.words)


def _candidate(card: PatientCard) -> Candidate:
    patient = card.patient
    parts = [part for part in (patient.first_name, patient.last_name) if part]
    name = patient.full_name or " ".join(parts) or None
    return Candidate(pms_id=patient.pms_id, name=name, date_of_birth=patient.date_of_birth)
