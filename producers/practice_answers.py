"""What the practice API answers, in the names its clients know, as models that OpenAPI shows.

What a practice's desk says is written by a worker (`workers.desk_calls`): of that the models only
tell, and tests/practice_api holds every such answer to them.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from producers.answers import Success

CAMEL = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Camel(BaseModel):
    model_config = CAMEL


class CamelSuccess(Success):
    model_config = CAMEL


class Shift(Camel):
    """From when to when, on the practice's own clock, and with whom."""

    provider_id: str | None
    provider_name: str | None
    start_time: datetime
    end_time: datetime


class PmsAppointment(Shift):
    id: str
    patient_id: str | None
    patient_name: str | None
    type: str | None
    status: str
    pms_status: str
    notes: str | None


class PmsAppointments(CamelSuccess):
    appointments: Sequence[PmsAppointment]


class Slot(Shift):
    available: Literal[True]


class Slots(CamelSuccess):
    date: date
    slots: Sequence[Slot]


class PostalAddress(Camel):
    street: str | None
    city: str | None
    state: str | None
    zip: str | None


class PmsPatient(Camel):
    """An assistant in a call hears no address and no birthday, and of a number its end."""

    id: str
    first_name: str | None
    last_name: str | None
    date_of_birth: date | None
    phone: str | None
    email: str | None
    address: PostalAddress | None
    emergency_contact: str | None
    last_visit: date | None
    is_active: bool | None


class PmsPatients(CamelSuccess):
    patients: Sequence[PmsPatient]


class PatientInFull(PmsPatient):
    balance: str | None


class OnePmsPatient(CamelSuccess):
    patient: PatientInFull


class PatientNote(Camel):
    id: str
    content: str
    category: str | None
    created_by: str | None
    created_at: datetime | None


class PatientNotes(CamelSuccess):
    notes: Sequence[PatientNote]


class Coverage(Camel):
    provider: str | None
    policy_number: str | None
    group_number: str | None
    is_primary: bool


class Coverages(CamelSuccess):
    insurance: Sequence[Coverage]


class LastPayment(Camel):
    amount: str
    date: date
    method: str | None


class Owed(Camel):
    total: str | None
    insurance: str | None
    patient: str | None
    last_payment: LastPayment | None


class BalanceAnswer(CamelSuccess):
    balance: Owed


class Written(Camel):
    """Something that was written to the practice, or is requested there."""

    id: str | None
    confirmation_number: str
    status: str


class WrittenAnswer(CamelSuccess):
    message: str


class BookedAppointment(Written, Shift):
    patient_id: str | None
    patient_name: str | None
    type: str | None


class Booked(WrittenAnswer):
    appointment: BookedAppointment


class MovedAppointment(Written, Shift):
    patient_id: str | None


class AppointmentMoved(WrittenAnswer):
    appointment: MovedAppointment


class CancelledAppointment(Written):
    patient_id: str | None


class AppointmentCancelled(WrittenAnswer):
    """The appointment as it is listed where it was cancelled already."""

    appointment: CancelledAppointment | PmsAppointment


class RegisteredPatient(Written):
    first_name: str
    last_name: str


class Registered(WrittenAnswer):
    patient: RegisteredPatient


class PatientChanged(WrittenAnswer):
    patient: Written


class AddedNote(Written):
    content: str
    category: str | None


class NoteAdded(WrittenAnswer):
    note: AddedNote


class AddedCoverage(Written, Coverage):
    pass


class CoverageAdded(WrittenAnswer):
    insurance: AddedCoverage


class RecordedPayment(Written):
    patient_id: str
    amount: str
    method: str
    timestamp: datetime


class PaymentRecorded(WrittenAnswer):
    payment: RecordedPayment


class WriteStanding(Camel):
    id: UUID
    kind: str
    status: str


class Standing(WrittenAnswer):
    """In place of the thing itself, where what it said came too late to be told."""

    write: WriteStanding
    confirmation_number: str


class BookingConfig(Camel):
    timezone: str
    default_appointment_duration: int
    min_advance_notice_minutes: int
    max_days_ahead: int
    allow_online_booking: bool


class Integration(Camel):
    """A connection in the shape older clients know."""

    id: UUID
    provider: str
    provider_name: str
    pms_type: str | None
    name: str
    status: str
    status_reason: str | None
    last_sync_at: datetime | None
    features: Mapping[str, bool]
    config: BookingConfig


class Integrations(CamelSuccess):
    integrations: Sequence[Integration]


class OneIntegration(CamelSuccess):
    integration: Integration


class IntegrationStatus(OneIntegration, Integration):
    """Told beside and within `integration`, as clients of either shape look for it."""


class Tried(CamelSuccess):
    """`connection_valid` is null while it goes on; `reason` is why it failed."""

    integration_id: UUID
    connection_valid: bool | None
    message: str | None
    reason: str | None


class WriteAnswer(Camel):
    """What became of a write."""

    id: UUID
    kind: str
    status: str
    confirmation_number: str
    pms_id: str | None
    start_time: datetime | None
    end_time: datetime | None
    reason: str | None
    requested_at: datetime
    settled_at: datetime | None
    shown: str | None
    shown_time: datetime | None


class OneWrite(CamelSuccess):
    write: WriteAnswer


class UntoldAnswer(Camel):
    """A caller who is still to be told how what they asked for has ended."""

    id: UUID
    write_id: UUID
    kind: str
    status: str
    confirmation_number: str
    start_time: datetime | None
    requested_at: datetime
    practice: str | None
    patient_name: str | None
    phone: str | None
    text: str | None
    shown: str | None
    shown_time: datetime | None
    on_sheet_time: datetime | None


class UnreachedAnswer(Camel):
    """A caller who was to be put through to somebody, and reached nobody."""

    id: UUID
    ended_at: datetime
    practice: str | None
    phone: str | None


class UntoldWrites(CamelSuccess):
    writes: Sequence[UntoldAnswer]
    unreached: Sequence[UnreachedAnswer]


class ToldCaller(CamelSuccess):
    id: UUID


def written(done: type[WrittenAnswer], *, status: int = 200) -> dict[str, Any]:
    """Of a route that writes: it tells alike what is done, and what is only requested."""
    told: Any = done | Standing
    requested = {"model": told, "description": "Requested, not final yet; ask again at Location."}
    return {"status_code": status, "response_model": told, "responses": {202: requested}}
