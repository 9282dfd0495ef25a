"""A practice's front desk: what a PMS lets us look up and do there on behalf of a caller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from domain.appointments import Appointment, Patient
from domain.errors import SyncError
from domain.sources import Spend
from domain.window import Window
from domain.wishes import Write


class Ability(StrEnum):
    """One thing a desk can do; tools, buttons and writes exist only where it is named."""

    SEARCH_PATIENTS = "search_patients"
    OPENINGS = "openings"
    BOOK = "book"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    SET_STATUS = "set_status"
    CREATE_PATIENT = "create_patient"
    UPDATE_PATIENT = "update_patient"
    CHANGE_NAME = "change_name"
    CHANGE_CONTACT = "change_contact"
    READ_NOTES = "read_notes"
    ADD_NOTE = "add_note"
    READ_INSURANCE = "read_insurance"
    ADD_INSURANCE = "add_insurance"
    READ_BALANCE = "read_balance"
    RECORD_PAYMENT = "record_payment"


class OutcomeUnknown(SyncError):
    """A write left and no answer came back: it may have been done. Never sent again blindly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientQuery:
    """Whom to look for: free text (name, phone or e-mail), or fields that must all agree."""

    text: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    date_of_birth: date | None = field(default=None, repr=False)
    limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientCard:
    """A patient as the desk knows them; `phones` in E.164, best first.

    From those in `shared`, such as where they work, others call as well.
    """

    patient: Patient = field(repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    shared: tuple[str, ...] = field(default=(), repr=False)
    address: Mapping[str, str] = field(default_factory=dict, repr=False)
    guarantor_id: str | None = None
    practitioner_id: str | None = None
    last_visit: date | None = None
    is_active: bool = True


class Cut(list[PatientCard]):
    """Those of whom there may be more than were read: nobody among them is the only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What an appointment occupies: a practitioner, or a chair (operatory)."""

    kind: str
    pms_id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A span somebody could be booked into; every resource in it is free."""

    window: Window
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """When a resource works, as the PMS says; instants in UTC."""

    resource: Resource
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A span in which these resources are taken; by whom, where a book tells."""

    window: Window
    resources: tuple[Resource, ...]
    pms_id: str | None = None
    patient_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The vendor's word that it has taken a write on; `is_final` where that is the outcome.

    `number` is what to ask about it by, `pms_id` what it made or changed, where told at once.
    """

    number: str | None = None
    is_final: bool = False
    pms_id: str | None = None


class Verdict(StrEnum):
    """What became of a write that the vendor took on."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`reason` is one safe sentence and holds nothing of a patient."""

    verdict: Verdict
    pms_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    text: str = field(repr=False)
    at: datetime | None = None
    kind: str | None = None
    by: str | None = None
    pms_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One insurance of a patient."""

    provider: str
    policy: str | None = field(default=None, repr=False)
    group: str | None = field(default=None, repr=False)
    is_primary: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Amounts as decimal text in the practice's currency."""

    total: str = field(repr=False)
    patient: str | None = field(default=None, repr=False)
    insurance: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One payment on a patient's account; `method` in the words of the practice's system."""

    amount: str = field(repr=False)
    on: date
    method: str | None = None


class WriteDesk(Protocol):
    """What it takes to write to a PMS and to learn what became of it."""

    def busy(self, window: Window) -> Sequence[Busy]:
        """Fresh: what takes practitioners and chairs, cancelled appointments left out."""

    def submit(self, write: Write) -> Receipt:
        """Hand the write to the vendor, once.

        Refused: it was not done, and why. OutcomeUnknown: it may have been. Throttled and
        NeedsReconnect: nothing left. ChangedThere: nothing left, for the PMS holds another
        version of the row than the one that was expected.
        """

    def outcome(self, write: Write, receipt: Receipt) -> Outcome:
        """What has become of it by now."""

    def find(self, write: Write) -> Outcome:
        """Read back at the vendor whether a write whose answer was lost was done.

        DONE with the id where it matches, FAILED where it certainly was not (and cannot come
        any more), else UNKNOWN or PENDING.
        """


class PracticeDesk(WriteDesk, Protocol):
    """One connection's PMS, opened for a caller. Reads raise as sources do.

    A method whose ability is not named raises Refused with a sentence. Every request is paid for
    with `voice=True` when the desk was opened for a call.
    """

    @property
    def abilities(self) -> frozenset[Ability]: ...

    @property
    def held_as(self) -> str:
        """What names its book: the same whoever connected it, and however they wrote its site."""

    def search_patients(self, query: PatientQuery) -> Sequence[PatientCard]:
        """Those who agree; `Cut` where there may be more."""

    def patient(self, pms_id: str) -> PatientCard | None: ...

    def appointments(
        self, window: Window, *, patient_id: str | None = None
    ) -> Sequence[Appointment]:
        """Fresh from the PMS, cancelled ones too; patients may be ids only.

        Where a patient is named a long window costs little; others' may be among them all the same.
        """

    def appointment(self, pms_id: str) -> Appointment | None:
        """As `appointments`, one by its id: on any day, in one request."""

    def shifts(self, window: Window) -> Sequence[Shift]:
        """Working hours of practitioners and chairs, holidays taken out."""

    def openings(self, window: Window) -> Sequence[Opening] | None:
        """The PMS's own free slots; None where it has none to offer."""

    def notes(self, patient_id: str) -> Sequence[Note]: ...

    def insurance(self, patient_id: str) -> Sequence[Coverage]: ...

    def balance(self, patient_id: str) -> Balance | None: ...

    def last_payment(self, patient_id: str) -> Paid | None:
        """The newest, whoever paid; None where none is told, or the PMS tells of none."""

    def drain_spent(self) -> Sequence[Spend]: ...
