"""An appointment as any PMS holds it, in our words."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """Where an appointment stands (FHIR R4 equivalents in the style guide)."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The person an appointment is for; every field but the id may be unknown."""

    pms_id: str
    full_name: str | None = field(default=None, repr=False)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    date_of_birth: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """The clinician at the PMS (FHIR Practitioner)."""

    pms_id: str
    full_name: str
    active: bool = True
    in_book: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentType:
    """A kind of appointment the practice made; `is_telehealth` only where the PMS says so."""

    pms_id: str
    name: str
    duration_minutes: int | None = None
    colour: str | None = None
    is_telehealth: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A practice as the PMS describes it; `pms_type` is the PMS behind one that fronts several."""

    site: str
    name: str | None = None
    timezone: str | None = None
    number: str | None = None
    pms_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One patient's place in one practitioner's day; instants in UTC.

    `status_raw` keeps the vendor's word where `status` had to be guessed. `flags` name what was
    degraded while reading ("estimated_duration", "unknown_status", "gap", "fold", ...), `removed`
    says the vendor holds the row as entered in error. `version` is the PMS's own mark of the row as
    it was read, to be told apart from any other and no more. `origin` is the print of the record as
    it was sent (see `domain.origins`).
    """

    pms_id: str
    start: datetime
    end: datetime
    status: Status = Status.BOOKED
    status_raw: str | None = None
    is_telehealth: bool = False
    type_id: str | None = None
    type_name: str | None = None
    patient: Patient | None = None
    practitioner_id: str | None = None
    practitioner_name: str | None = None
    notes: str | None = field(default=None, repr=False)
    telehealth_link: str | None = field(default=None, repr=False)
    telehealth_host_link: str | None = field(default=None, repr=False)
    flags: frozenset[str] = frozenset()
    removed: bool = False
    version: str | None = None
    facility_id: str | None = None
    referral_id: str | None = None
    origin: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    @property
    def duration_minutes(self) -> int:
        return round(self.duration.total_seconds() / 60)

    @property
    def patient_id(self) -> str:
        """The patient's id at the PMS, or "" for a block without a patient."""
        return self.patient.pms_id if self.patient else ""

    def stamp(self, origin: bytes) -> None:
        """For whoever has just read it, and nobody after: a copy costs more than all its fields."""
        object.__setattr__(self, "origin", origin)
