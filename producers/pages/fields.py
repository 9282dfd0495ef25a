"""The fields of a row in words: what each is called, and how its value reads."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from adapters.phones import normalised, region_of
from producers.pages.rendering import born, clock, words

LABELS: Mapping[str, str] = {
    "start": "Time",
    "duration_minutes": "Length",
    "status": "Status",
    "is_telehealth": "Telehealth",
    "patient_name": "Name",
    "patient_first_name": "First name",
    "patient_last_name": "Last name",
    "patient_phone": "Phone",
    "patient_email": "E-mail",
    "patient_date_of_birth": "Date of birth",
    "appointment_type": "Type",
    "clinician": "Clinician",
    "notes": "Notes",
    "telehealth_links": "Telehealth link",
}


def _phone(value: Any, timezone: str) -> str:
    return normalised(str(value), region_of(timezone)).shown


OWN_WAYS: Mapping[str, Callable[[Any, str], str]] = {
    "patient_phone": _phone,
    "patient_date_of_birth": lambda value, _: born(value),
    "duration_minutes": lambda value, _: f"{value} min",
    "status": lambda value, _: words(value),
}


def shown_value(value: Any, field: str, timezone: str) -> str:
    """A field's value in words."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, datetime):
        return clock(value, timezone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return OWN_WAYS[field](value, timezone) if field in OWN_WAYS else str(value)
