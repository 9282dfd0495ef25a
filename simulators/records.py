"""A practice's own truth, before any vendor has put it into its words."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Meaning(StrEnum):
    """What a status is meant to say, whatever text the vendor gives it."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    UNKNOWN = "unknown"


class Stated(StrEnum):
    """Which of end and length the record writes down."""

    BOTH = "both"
    END = "end"
    MINUTES = "minutes"
    NEITHER = "neither"
    CONFLICT = "conflict"  # both, and they disagree; the end is right


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    id: str
    first: str
    last: str
    prefix: str | None
    email: str
    is_active: bool = True
    in_book: bool = True
    opens: int = 8
    closes: int = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    id: str
    first: str | None
    last: str
    prefix: str | None = None
    gender: str | None = None
    phones: tuple[str, ...] = ()
    email: str | None = None
    born_on: date | None = None
    is_deceased: bool = False

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}" if self.first else self.last

    @property
    def phone(self) -> str | None:
        return self.phones[0] if self.phones else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentType:
    id: str
    name: str
    minutes: int | None
    is_telehealth: bool = False


@dataclass(frozen=True, slots=True)
class Attendee:
    patient_id: str
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    id: str
    practitioner_id: str
    start: datetime
    minutes: int
    stated: Stated = Stated.BOTH
    meaning: Meaning = Meaning.BOOKED
    variant: int = 0  # which of the vendor's spellings of that meaning
    attendees: tuple[Attendee, ...] = ()
    type_id: str | None = None
    title: str | None = None
    notes: str | None = None
    cancelled_at: datetime | None = None

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What changes rarely: who works there, who comes, and what for."""

    zone: ZoneInfo
    practitioners: tuple[Practitioner, ...]
    patients: tuple[Patient, ...]
    types: tuple[AppointmentType, ...]
    hidden_works: bool = False

    @property
    def at_work(self) -> tuple[Practitioner, ...]:
        return tuple(each for each in self.practitioners if each.in_book or self.hidden_works)
