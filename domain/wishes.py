"""What may be written to a PMS for somebody: one shape for each kind of wish."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self


class WriteKind(StrEnum):
    BOOK = "book"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    SET_STATUS = "set_status"
    CREATE_PATIENT = "create_patient"
    UPDATE_PATIENT = "update_patient"
    ADD_NOTE = "add_note"
    ADD_INSURANCE = "add_insurance"
    RECORD_PAYMENT = "record_payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTold:
    """What the PMS said last of a row, as far as it is known; what is None compares with nothing.

    `status` is our word for it, with `status_raw` where that was the PMS's own and no word of
    ours; `practitioner_id` is the PMS's own id of whoever's column the row stands in.
    """

    start: datetime | None = None
    minutes: int | None = None
    status: str | None = None
    status_raw: str | None = None
    practitioner_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """An appointment for a known patient; `start` is an aware instant."""

    patient_id: str
    start: datetime
    minutes: int
    practitioner_id: str
    operatory_id: str | None = None
    type_id: str | None = None
    type_name: str | None = None
    reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfAppointment:
    """A change of an appointment that the PMS holds.

    `expected_version` is the PMS's own mark of the row as it was read: where the PMS holds another
    by now, nothing is done (ChangedThere). Nor is it where the PMS gives no such mark and the row
    says otherwise than `last_told`. `day` is the practice's day the row stands on there, so that it
    is found where a PMS has no read by id.
    """

    appointment_id: str
    patient_id: str | None = None
    reason: str | None = field(default=None, repr=False)
    expected_version: str | None = None
    day: date | None = None
    last_told: LastTold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(_OfAppointment):
    """Another time, person or chair; what is not given stays."""

    start: datetime
    minutes: int
    practitioner_id: str
    operatory_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation(_OfAppointment):
    """`start` is when the appointment would have been, so that its caller can be told of it."""

    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange(_OfAppointment):
    """Another status, in our words; the appointment stays where it is."""

    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPatient:
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)
    date_of_birth: date | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    address: Mapping[str, str] = field(default_factory=dict, repr=False)
    practitioner_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientChange:
    """Only what is given changes."""

    patient_id: str
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    address: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNote:
    patient_id: str
    text: str = field(repr=False)
    note_kind: str | None = None
    practitioner_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCoverage:
    patient_id: str
    provider: str
    policy: str = field(repr=False)
    group: str | None = field(default=None, repr=False)
    is_primary: bool = True
    effective_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment to be recorded, not taken; `amount` is decimal text in the practice's currency."""

    patient_id: str
    amount: str = field(repr=False)
    method: str
    last4: str | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)


Wish = (
    Booking
    | Move
    | Cancellation
    | StatusChange
    | NewPatient
    | PatientChange
    | NewNote
    | NewCoverage
    | Payment
)

SHAPES: Mapping[WriteKind, type[Any]] = {
    WriteKind.BOOK: Booking,
    WriteKind.RESCHEDULE: Move,
    WriteKind.CANCEL: Cancellation,
    WriteKind.SET_STATUS: StatusChange,
    WriteKind.CREATE_PATIENT: NewPatient,
    WriteKind.UPDATE_PATIENT: PatientChange,
    WriteKind.ADD_NOTE: NewNote,
    WriteKind.ADD_INSURANCE: NewCoverage,
    WriteKind.RECORD_PAYMENT: Payment,
}
KINDS: Mapping[type[Any], WriteKind] = {shape: kind for kind, shape in SHAPES.items()}


def _told(document: Mapping[str, Any]) -> LastTold:
    return LastTold(**_given(LastTold, document))


_READ: Mapping[str, Callable[[Any], Any]] = {
    "start": datetime.fromisoformat,
    "day": date.fromisoformat,
    "date_of_birth": date.fromisoformat,
    "effective_on": date.fromisoformat,
    "last_told": _told,
}


def _given(shape: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """What a shape knows of a document; unknown keys are dropped, so that deploys may overlap."""
    known = {one.name for one in fields(shape)}
    return {
        name: _READ[name](value) if name in _READ and value is not None else value
        for name, value in document.items()
        if name in known
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A wish on its way to a PMS.

    `marker` is our confirmation number; it may travel in a free-text field, so that a read-back
    can tell our booking from another. `submitted_at` is when it left. `others` are the vendor's
    numbers of other writes of ours, none of which this one can be.
    """

    wish: Wish
    marker: str = ""
    submitted_at: datetime | None = None
    others: frozenset[str] = frozenset()

    @property
    def kind(self) -> WriteKind:
        return KINDS[type(self.wish)]

    def as_document(self) -> dict[str, Any]:
        """Plain JSON, to be sealed."""
        return {name: _plain(value) for name, value in asdict(self.wish).items()}

    @classmethod
    def from_document(cls, kind: WriteKind, document: Mapping[str, Any], **about: Any) -> Self:
        """What was sealed."""
        shape = SHAPES[kind]
        return cls(wish=shape(**_given(shape, document)), **about)
