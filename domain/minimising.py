"""What a practice need not let us have: left out, it is neither read into our words nor stored."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from domain.appointments import Appointment, Patient
from domain.errors import BadInput

SETTING = "leave_out"
"""The connection's setting that holds a practice's choice: `phone,email`."""


class Extra(StrEnum):
    """What a sheet can do without; a name and a time it cannot."""

    PHONE = "phone"
    EMAIL = "email"
    BIRTH_DATE = "birth_date"
    NOTES = "notes"
    TYPE = "type"
    LINKS = "telehealth_links"


LABELS: Mapping[Extra, str] = {
    Extra.PHONE: "Phone",
    Extra.EMAIL: "E-mail",
    Extra.BIRTH_DATE: "Date of birth",
    Extra.NOTES: "Notes",
    Extra.TYPE: "Appointment type",
    Extra.LINKS: "Telehealth links",
}
LOSSES: Mapping[Extra, str] = {
    Extra.PHONE: "Without it nobody can be rung from the sheet, or be known by the number they call"
    " from; without the date of birth, too, no caller is recognised at all.",
    Extra.EMAIL: "Without it nobody can be written to from the sheet.",
    Extra.BIRTH_DATE: "Without it no caller is recognised by name and date of birth, nobody new is"
    " registered for one, and two people of one name are harder to tell apart.",
    Extra.NOTES: "Without them the sheet shows only the notes that people type here.",
    Extra.TYPE: "Without it the sheet does not say what an appointment is for; which ones are"
    " telehealth is still told.",
    Extra.LINKS: "Without them a video call is opened in the PMS, not from the sheet.",
}
WITHOUT_LOOKING_UP = (
    "Without them nobody here is shown the notes of a patient or an appointment; they can still be"
    " added."
)
"""What is lost with notes that are read for whoever asks, and never on the sheet."""

FIELDS: Mapping[Extra, tuple[str, ...]] = {
    Extra.PHONE: ("patient_phone",),
    Extra.EMAIL: ("patient_email",),
    Extra.BIRTH_DATE: ("patient_date_of_birth",),
    Extra.NOTES: ("notes",),
    Extra.TYPE: ("appointment_type",),
    Extra.LINKS: ("telehealth_links",),
}
"""The fields of a run-sheet entry that hold it."""

_OF_PATIENT: Mapping[Extra, str] = {
    Extra.PHONE: "phone",
    Extra.EMAIL: "email",
    Extra.BIRTH_DATE: "date_of_birth",
}
_OF_APPOINTMENT: Mapping[Extra, tuple[str, ...]] = {
    Extra.NOTES: ("notes",),
    Extra.TYPE: ("type_name",),
    Extra.LINKS: ("telehealth_link", "telehealth_host_link"),
}


def chosen(settings: Mapping[str, Any]) -> frozenset[Extra]:
    """What a practice leaves out; a word of a later version says nothing here."""
    told = {word.strip() for word in str(settings.get(SETTING) or "").split(",")}
    return frozenset(one for one in Extra if one.value in told)


def written(extras: Iterable[Extra]) -> str:
    """As it is stored, and said in lists: always in the same order."""
    told = frozenset(extras)
    return ",".join(one.value for one in Extra if one in told)


def read(text: str, *, offered: Iterable[Extra], title: str) -> str | None:
    """A choice as somebody writes it; None where nothing is left out."""
    can = list(offered)
    words = [word.strip().casefold() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in can:
            names = written(can).replace(",", ", ") or "nothing"
            raise BadInput(
                f"{SETTING}: '{word[:40]}' cannot be left out of what {title} tells; what can is:"
                f" {names}."
            )
    return written(Extra(word) for word in words) or None


def fields_of(extras: Iterable[Extra]) -> frozenset[str]:
    return frozenset(name for one in extras for name in FIELDS[one])


def without(row: Appointment, extras: frozenset[Extra]) -> Appointment:
    """The appointment without these, whatever was read; its type is still known by its id."""
    patient = row.patient and patient_without(row.patient, extras)
    held = [name for one, names in _OF_APPOINTMENT.items() if one in extras for name in names]
    blank: dict[str, Any] = {name: None for name in held if getattr(row, name) is not None}
    if patient is row.patient and not blank:
        return row
    return replace(row, patient=patient, **blank)


def patient_without(patient: Patient, extras: frozenset[Extra]) -> Patient:
    held = [name for one, name in _OF_PATIENT.items() if one in extras]
    blank: dict[str, Any] = {name: None for name in held if getattr(patient, name) is not None}
    return replace(patient, **blank) if blank else patient
