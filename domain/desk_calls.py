"""What people and scripts may ask of a practice's desk over the API, and what that takes."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from domain.appointments import Status
from domain.desk import Ability

PREFIX = "api."

APPOINTMENTS = f"{PREFIX}list_appointments"
AVAILABILITY = f"{PREFIX}availability"
BOOK = f"{PREFIX}book"
RESCHEDULE = f"{PREFIX}reschedule"
CANCEL = f"{PREFIX}cancel"
PATIENTS = f"{PREFIX}search_patients"
PATIENT = f"{PREFIX}patient"
CREATE_PATIENT = f"{PREFIX}create_patient"
UPDATE_PATIENT = f"{PREFIX}update_patient"
NOTES = f"{PREFIX}notes"
ADD_NOTE = f"{PREFIX}add_note"
INSURANCE = f"{PREFIX}insurance"
ADD_INSURANCE = f"{PREFIX}add_insurance"
BALANCE = f"{PREFIX}balance"
PAY = f"{PREFIX}record_payment"

ROUTES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        APPOINTMENTS: ("GET", "/api/pms/appointments"),
        AVAILABILITY: ("GET", "/api/pms/appointments/availability"),
        BOOK: ("POST", "/api/pms/appointments"),
        RESCHEDULE: ("PATCH", "/api/pms/appointments/{appointment_id}"),
        CANCEL: ("DELETE", "/api/pms/appointments/{appointment_id}"),
        PATIENTS: ("GET", "/api/pms/patients/search"),
        PATIENT: ("GET", "/api/pms/patients/{patient_id}"),
        CREATE_PATIENT: ("POST", "/api/pms/patients"),
        UPDATE_PATIENT: ("PATCH", "/api/pms/patients/{patient_id}"),
        NOTES: ("GET", "/api/pms/patients/{patient_id}/notes"),
        ADD_NOTE: ("POST", "/api/pms/patients/{patient_id}/notes"),
        INSURANCE: ("GET", "/api/pms/patients/{patient_id}/insurance"),
        ADD_INSURANCE: ("POST", "/api/pms/patients/{patient_id}/insurance"),
        BALANCE: ("GET", "/api/pms/patients/{patient_id}/balance"),
        PAY: ("POST", "/api/pms/payments"),
    }
)

A = Ability
NEEDS: Mapping[str, frozenset[Ability]] = MappingProxyType(
    {
        APPOINTMENTS: frozenset({A.OPENINGS, A.BOOK, A.RESCHEDULE, A.CANCEL}),
        AVAILABILITY: frozenset({A.OPENINGS, A.BOOK}),
        BOOK: frozenset({A.BOOK}),
        RESCHEDULE: frozenset({A.RESCHEDULE}),
        CANCEL: frozenset({A.CANCEL}),
        PATIENTS: frozenset({A.SEARCH_PATIENTS}),
        PATIENT: frozenset({A.SEARCH_PATIENTS}),
        CREATE_PATIENT: frozenset({A.CREATE_PATIENT}),
        UPDATE_PATIENT: frozenset({A.UPDATE_PATIENT}),
        NOTES: frozenset({A.READ_NOTES}),
        ADD_NOTE: frozenset({A.ADD_NOTE}),
        INSURANCE: frozenset({A.READ_INSURANCE}),
        ADD_INSURANCE: frozenset({A.ADD_INSURANCE}),
        BALANCE: frozenset({A.READ_BALANCE}),
        PAY: frozenset({A.RECORD_PAYMENT}),
    }
)
"""Any one of them is enough."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        APPOINTMENTS: "list appointments",
        AVAILABILITY: "offer free times",
        BOOK: "take bookings from outside",
        RESCHEDULE: "move appointments from outside",
        CANCEL: "cancel appointments from outside",
        PATIENTS: "be searched for patients",
        PATIENT: "show patients",
        CREATE_PATIENT: "take new patients from outside",
        UPDATE_PATIENT: "have patients changed from outside",
        NOTES: "show notes of patients",
        ADD_NOTE: "take notes from outside",
        INSURANCE: "show insurance",
        ADD_INSURANCE: "take insurance from outside",
        BALANCE: "show balances",
        PAY: "record payments",
    }
)

SCHEDULED, COMPLETED, CANCELLED = "scheduled", "completed", "cancelled"
SAID: Mapping[Status, str] = MappingProxyType(
    {
        Status.BOOKED: SCHEDULED,
        Status.CONFIRMED: SCHEDULED,
        Status.ARRIVED: SCHEDULED,
        Status.IN_PROGRESS: SCHEDULED,
        Status.COMPLETED: COMPLETED,
        Status.CANCELLED: CANCELLED,
        Status.NO_SHOW: CANCELLED,
    }
)
"""The three words of this API for ours; the exact one is told beside it."""


BY_PERSON = "api:"
"""How the call ids of people begin; an assistant's is the id of its phone call."""

READINGS = frozenset({APPOINTMENTS, PATIENTS, PATIENT, NOTES, INSURANCE, BALANCE})
"""What tells of patients and changes nothing."""

UNPROVED = (
    "The caller has not proved who they are: first search for the patient by full name, with"
    " dateOfBirth."
)


def acts_for_caller(call_id: str) -> bool:
    """Whether an assistant asks, while it speaks with somebody; else a person does."""
    return not call_id.startswith(BY_PERSON)


def is_api(tool: str) -> bool:
    return tool.startswith(PREFIX)


def lacking(call: str, *, can: Collection[Ability], may: Collection[Ability]) -> str | None:
    """Why it cannot be done at this practice: its system has no such thing, or it is off."""
    needs = NEEDS[call]
    if needs.intersection(may):
        return None
    if needs.intersection(can):
        return (
            f"This practice's system can {WORDS[call]}, but that is switched off here; an owner or"
            " admin may switch it on."
        )
    return f"This practice's system cannot {WORDS[call]}."
