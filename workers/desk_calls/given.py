"""What a desk call was given, read strictly; a problem names the field, never its value."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.phones import normalised, region_of
from domain.desk import PatientCard
from domain.desk_calls import acts_for_caller
from domain.errors import BadInput
from domain.tools import ToolRequest
from domain.window import local_day, zone
from workers.calls.identity import card_of
from workers.desk_calls.documents import Missing

MOST = Decimal(1_000_000)
INSTANTS = range(1990, 2101)
"""Years of instants: on either side of them clocks and calendars come to an end."""

DAYS = range(1850, 2101)
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
CENT = Decimal("0.01")


def text(request: ToolRequest, name: str) -> str | None:
    value = request.arguments.get(name)
    return str(value).strip() or None if value is not None else None


def needed(request: ToolRequest, name: str) -> str:
    found = text(request, name)
    if found is None:
        raise BadInput(f"Give {name}.")
    return found


def flag(request: ToolRequest, name: str) -> bool:
    return request.arguments.get(name) is True


def day(request: ToolRequest, name: str) -> date | None:
    found = text(request, name)
    if found is None:
        return None
    told = DAY.fullmatch(found)
    try:
        read = date.fromisoformat(told[1]) if told else date.min
    except ValueError:
        read = date.min
    if read.year not in DAYS:
        raise BadInput(f"{name} is a date such as 2026-03-09.")
    return read


def birthday(request: ToolRequest) -> date | None:
    """A day that has been, on the practice's own calendar."""
    born = day(request, "dateOfBirth")
    if born is not None and born > local_day(request.now, request.connection.timezone):
        raise BadInput("dateOfBirth is still to come; give the day the patient was born.")
    return born


def email(request: ToolRequest, name: str = "email") -> str | None:
    found = text(request, name)
    if found is not None and not EMAIL.fullmatch(found):
        raise BadInput(f"{name} is an address such as ann@example.com.")
    return found


def instant(request: ToolRequest, name: str) -> datetime | None:
    """With its offset, or on the practice's own clock where it has none.

    A model that was told a caller's "10 am" ends it in Z, and no caller means Greenwich.
    """
    found = text(request, name)
    if found is None:
        return None
    try:
        when = datetime.fromisoformat(found)
    except ValueError:
        when = datetime.min  # noqa: DTZ901 - a year that is refused
    if when.year not in INSTANTS:
        raise BadInput(f"{name} is a time such as 2026-03-09T10:00.")
    place = zone(request.connection.timezone)
    if acts_for_caller(request.call_id) and not when.utcoffset():
        when = when.replace(tzinfo=None)
    return (when if when.tzinfo else when.replace(tzinfo=place)).astimezone(UTC)


def phone(request: ToolRequest, name: str = "phone") -> str | None:
    found = text(request, name)
    if found is None:
        return None
    number = normalised(found, region_of(request.connection.timezone)).e164
    if number is None:
        raise BadInput(f"{name} is no number that can be dialled.")
    return number


def amount(request: ToolRequest, name: str = "amount") -> str:
    try:
        found = Decimal(needed(request, name))
    except InvalidOperation:
        raise BadInput(f"{name} is a sum such as 120.50.") from None
    if not found.is_finite() or not CENT <= found < MOST:
        raise BadInput(f"{name} is a sum such as 120.50.")
    cents = found.quantize(CENT)
    if found != cents:
        raise BadInput(f"{name} has more than two decimals; which sum was paid is for you to say.")
    return f"{cents}"


def address(request: ToolRequest) -> Mapping[str, str]:
    """In the words of a desk."""
    given: Any = request.arguments.get("address")
    if not isinstance(given, Mapping):
        return {}
    names = {"street": "address_line1", "city": "city", "state": "state", "zip": "zipcode"}
    return {ours: str(given[name]) for name, ours in names.items() if given.get(name)}


def is_theirs(request: ToolRequest, patient_id: str | None) -> bool:
    """Whether a patient may be spoken of: in a phone call only those it has proved."""
    return not acts_for_caller(request.call_id) or patient_id in request.proofs.patient_ids


def patient(request: ToolRequest) -> PatientCard:
    """The patient it is about, who must be one of the practice's."""
    card = card_of(request, needed(request, "patientId"))
    if card is None:
        raise Missing("This practice has no such patient.")
    return card
