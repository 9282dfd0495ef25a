"""The practice management systems behind the API: their words, and what each wants of a write.

The document has no table of words; those it shows are used and the rest are made up alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulators.records import Appointment, Meaning

WRITES = (
    "new_appointment_writeback",
    "appointment_status_writeback",
    "new_patient_writeback",
    "note_writeback",
    "payment_writeback",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    name: str
    version: str
    words: Mapping[Meaning, tuple[str, ...]]
    cancels: str  # the word that cancels when it is written
    shows_cancelled_by: Literal["status", "flag", "date"]
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by write
    longest: Mapping[str, int] = field(default_factory=dict)  # by field
    lacks: frozenset[str] = frozenset()  # writes it does not take
    has_slots: bool = False
    updates_patients: bool = False

    @property
    def vocabulary(self) -> list[str]:
        """What may be written; a book has words of the practice's own as well."""
        known = (word for meaning, each in self.words.items() for word in each
                 if meaning is not Meaning.UNKNOWN)  # fmt: skip
        return list(dict.fromkeys([*known, self.cancels]))

    def word(self, row: Appointment) -> str:
        is_hidden = row.meaning is Meaning.CANCELLED and self.shows_cancelled_by != "status"
        words = self.words[Meaning.BOOKED if is_hidden else row.meaning]
        return words[row.variant % len(words)]

    def told(self, meaning: Meaning) -> Meaning:
        """What a reader can make of it: some have one word for both."""
        if meaning is Meaning.NO_SHOW and self.cancels in self.words[Meaning.NO_SHOW]:
            return Meaning.CANCELLED
        return meaning

    def read(self, word: str) -> tuple[Meaning, int] | None:
        """The meaning of a word of the vocabulary, and which of its spellings it is."""
        if word.casefold() == self.cancels.casefold():
            return Meaning.CANCELLED, 0
        for meaning, words in self.words.items():
            for number, each in enumerate(words):
                if each.casefold() == word.casefold() and meaning is not Meaning.UNKNOWN:
                    return meaning, number
        return None


DENTRIX = Persona(
    name="Dentrix",
    version="G6",
    words={
        Meaning.BOOKED: ("Unconfirmed", "Open", "Fixed"),
        Meaning.CONFIRMED: ("Confirmed",),
        Meaning.ARRIVED: ("Arrived",),
        Meaning.IN_PROGRESS: ("In Chair",),
        Meaning.COMPLETED: ("Complete",),
        Meaning.CANCELLED: ("Broken",),
        Meaning.NO_SHOW: ("Broken",),
        Meaning.UNKNOWN: ("See notes", "Left message"),
    },
    cancels="Broken",
    shows_cancelled_by="status",
    longest={"description": 60},
)
EAGLESOFT = Persona(
    name="Eaglesoft",
    version="21.00",
    words={
        Meaning.BOOKED: ("open.unconfirm",),
        Meaning.CONFIRMED: ("open.confirm",),
        Meaning.ARRIVED: ("open.arrived",),
        Meaning.IN_PROGRESS: ("open.inchair",),
        Meaning.COMPLETED: ("complete.unconfirm", "complete.confirm"),
        Meaning.CANCELLED: ("cancelled",),
        Meaning.NO_SHOW: ("no show",),
        Meaning.UNKNOWN: ("quick call",),
    },
    cancels="cancelled",
    shows_cancelled_by="flag",
    lacks=frozenset({"payment_writeback"}),
)
OPEN_DENTAL = Persona(
    name="Open Dental",
    version="23.3",
    words={
        Meaning.BOOKED: ("Scheduled", "Unconfirmed"),
        Meaning.CONFIRMED: ("Confirmed",),
        Meaning.ARRIVED: ("Arrived",),
        Meaning.IN_PROGRESS: ("In Chair",),
        Meaning.COMPLETED: ("Complete",),
        Meaning.CANCELLED: ("Broken",),
        Meaning.NO_SHOW: ("No Show",),
        Meaning.UNKNOWN: ("ASAP",),
    },
    cancels="Broken",
    shows_cancelled_by="status",
)
ORTHOTRAC = Persona(
    name="OrthoTrac",
    version="12.8",
    words={
        Meaning.BOOKED: ("Unconfirmed",),
        Meaning.CONFIRMED: ("Confirmed",),
        Meaning.ARRIVED: ("Arrived",),
        Meaning.IN_PROGRESS: ("In chair",),
        Meaning.COMPLETED: ("Completed",),
        Meaning.CANCELLED: ("Cancelled",),
        Meaning.NO_SHOW: ("No show",),
        Meaning.UNKNOWN: ("Will call",),
    },
    cancels="Cancelled",
    shows_cancelled_by="date",
    needs={"appointment": ("staff", "type"), "patient": ("staff",)},
    longest={"firstname": 15, "lastname": 25},
    has_slots=True,
    updates_patients=True,
)
PERSONAS = {each.name: each for each in (DENTRIX, EAGLESOFT, OPEN_DENTAL, ORTHOTRAC)}


def persona_of(name: str) -> Persona:
    plain = {key.casefold().replace(" ", ""): each for key, each in PERSONAS.items()}
    key = name.casefold().replace(" ", "")
    if key not in plain:
        raise ValueError(f"no such PMS: {name!r}; there are {', '.join(PERSONAS)}")
    return plain[key]
