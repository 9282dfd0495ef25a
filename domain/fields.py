"""The fields of a run-sheet entry, who wins each of them, and what one field remembers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Self


class Source(StrEnum):
    MANUAL = "manual"
    PMS = "pms"
    OCR = "ocr"


class Winner(Enum):
    """Who is shown when a person and the PMS both changed a field."""

    PERSON = "person"
    PMS = "pms"
    BOTH = "both"


# Moving `start` moves the end with it: the length is a field of its own.
RULES: Mapping[str, Winner] = {
    "patient_name": Winner.PMS,
    "patient_first_name": Winner.PMS,
    "patient_last_name": Winner.PMS,
    "patient_phone": Winner.PERSON,
    "patient_email": Winner.PMS,
    "patient_date_of_birth": Winner.PMS,
    "start": Winner.PERSON,
    "duration_minutes": Winner.PMS,
    "status": Winner.PMS,
    "is_telehealth": Winner.PMS,
    "appointment_type": Winner.PMS,
    "clinician": Winner.PMS,
    "notes": Winner.BOTH,
    "telehealth_links": Winner.PMS,
}

OF_PATIENT = frozenset(name for name in RULES if name.startswith("patient_"))

PUSHABLE = frozenset({"start", "duration_minutes", "clinician", "status"})
"""Fields that a PMS takes from the sheet, where it takes any; what else people type stays ours."""

Rules = Mapping[str, Winner]
BOTH_WAYS: Rules = {**RULES, **dict.fromkeys(PUSHABLE, Winner.PERSON)}
"""Who wins where the sheet writes back: neither silently, or one side's change would be lost."""


ASSUMED = "assumed"
"""Who gave a length or a status that nobody told: weaker than any reading."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value, who gave it and when; the value itself stays out of reprs and so out of logs."""

    value: Any = field(repr=False)
    source: Source
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One field: the value that stands, what a person's value was laid over, and what lost.

    `base` is kept under a person's value only: the last PMS value they could see, or the OCR
    reading where the PMS had none. `losing` under a person's value is the PMS value it is in
    conflict with; under any other value it is the one that had to give way.
    """

    value: Any = field(repr=False)
    source: Source
    at: datetime
    by: str | None = None
    base: Given | None = None
    losing: Given | None = None

    @classmethod
    def of(cls, given: Given, *, base: Given | None = None, losing: Given | None = None) -> Self:
        return cls(
            value=given.value,
            source=given.source,
            at=given.at,
            by=given.by,
            base=base,
            losing=losing,
        )

    @property
    def given(self) -> Given:
        return Given(self.value, self.source, self.at, self.by)

    @property
    def is_manual(self) -> bool:
        return self.source is Source.MANUAL

    @property
    def is_plain(self) -> bool:
        """Just what the PMS says: nothing here that the value itself does not tell."""
        return self.source is Source.PMS and self.by is None and self.losing is None

    @property
    def theirs(self) -> Given | None:
        """The PMS value that an open conflict is about."""
        return self.losing if self.is_manual else None

    @property
    def is_assumed(self) -> bool:
        """Nobody told it; a row just cannot do without."""
        return self.source is Source.OCR and self.by == ASSUMED


Cells = Mapping[str, Cell]


def is_blank(value: Any) -> bool:
    return value is None or value in ("", [], ())


def same(one: Any, other: Any) -> bool:
    """Equal, or nothing on either side."""
    return bool(one == other) or (is_blank(one) and is_blank(other))
