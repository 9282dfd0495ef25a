"""Accesses to patient data as somebody looks through them: what is wanted, and what is odd."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Rule(StrEnum):
    """What makes reading of patients worth a look by somebody who knows the practice."""

    MANY_PATIENTS = "many_patients"
    UNUSUAL_HOURS = "unusual_hours"
    DENIALS = "denials"
    EXPORTS = "exports"
    NEW_ADDRESS = "new_address"
    BULK_READING = "bulk_reading"
    BULK_IN_A_DAY = "bulk_in_a_day"
    MANY_DAYS = "many_days"
    WRONG_ANSWERS = "wrong_answers"


class FindingState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"


EXPORTS = ("audit.exported", "audit.patient_exported")
"""Actions that take data out as a file."""

DENIED = "access.denied"
LIMITED = "access.limited"
FOLLOWING = ("/api/run-sheet/changes", "/sheet")
"""Routes by which programs, and pages that are open or were left so, hear of what changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLimits:
    """How many rows of patients one person may read; a day of the sheet counts once a day."""

    rows_an_hour: int = 50_000
    rows_a_day: int = 150_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From how much on it is odd; a practice of forty sees more patients than one of two."""

    patients_an_hour: int = 60
    denials_an_hour: int = 10
    exports_a_day: int = 5
    hours_outside: int = 3
    new_address_patients: int = 20
    rows_an_hour: int = 30_000
    rows_a_day: int = 150_000
    sheet_days: int = 100
    wrong_answers: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """Something somebody should look at: who, in which span, how much against which threshold."""

    rule: Rule
    person: str
    since: datetime
    until: datetime
    counted: int
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """A finding as it is kept."""

    id: UUID
    rule: Rule
    person: str
    since: datetime
    until: datetime
    counted: int
    threshold: int
    state: FindingState
    note: str | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    created_at: datetime
