"""Rows of appointments and patients as Sikka writes them: texts only, local times, no ends."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from adapters.rest import people
from adapters.rest.joins import Elsewhere
from adapters.rest.record import Record
from adapters.sikka.statuses import NEVER
from domain.appointments import Patient
from domain.connections import Connection
from domain.minimising import Extra
from domain.window import Window, local_day

_MORE = (
    *("operatory", "hygienist", "last_changed_date", "cancelled", "cancelled_date"),
    *("is_confirmed", "status_in_office", "arrival_status", "arrival_time"),
    *("in_chair_time", "walkout_time", "performed"),
)
APPOINTMENT_FIELDS = ",".join(_MORE)
"""What is added to the default fields."""

BOOK_FIELDS = {
    # Only these: the default fields have the notes, which do not come onto the sheet.
    "lightweight": "true",
    "fields": ",".join(
        (
            *("appointment_sr_no", "patient_id", "patient_name", "provider_id", "practice_id"),
            "patient_href",
            *("date", "time", "length", "status", "type"),
            *_MORE,
        )
    ),
}
AT_WORK = "workphone"
PHONES = ("cell", "homephone", AT_WORK, "other_phone")
HOLDS: Mapping[Extra, tuple[str, ...]] = {
    Extra.PHONE: PHONES,
    Extra.EMAIL: ("email",),
    Extra.BIRTH_DATE: ("birthdate",),
    Extra.NOTES: ("note", "description"),
    # The text of the type is all there is of it: telehealth is known by it.
    Extra.TYPE: (),
}
_OF_PATIENT = (
    *("patient_id", "practice_id", "firstname", "lastname", "preferred_name", "birthdate"),
    *("status", "cell", "homephone", "workphone", "other_phone", "email"),
    *("address_line1", "address_line2", "city", "state", "zipcode", "provider_id"),
    *("guarantor_id", "last_visit", "primary_insurance_company_id", "subscriber_id"),
)
_PATIENT = re.compile(r"/practices/([^/?#]+)/patients/([^/?#]+)/?")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?")


def patient_fields(left_out: Iterable[Extra]) -> dict[str, str]:
    """Only these: the default fields hold far more of a patient than anybody here needs."""
    unasked = {path for one in left_out for path in HOLDS.get(one, ())}
    return {
        "lightweight": "true",
        "fields": ",".join(path for path in _OF_PATIENT if path not in unasked),
    }


def days_asked(window: Window, timezone: str) -> dict[str, str]:
    """The days of a window and one more: whether the last one is included is not said."""
    last = local_day(max(window.start, window.end - timedelta(microseconds=1)), timezone)
    return {
        "startdate": local_day(window.start, timezone).isoformat(),
        "enddate": (last + timedelta(days=1)).isoformat(),
    }


def starts(record: Record, connection: Connection) -> datetime:
    """The date, whose own time is padding, and the time, on the practice's clock."""
    day = record.text("date")[: len("2026-06-02")]
    told = _CLOCK.fullmatch(record.text("time"))
    if told is None:
        raise record.bad("time", "not a time of day")
    text = f"{day}T{told[1].zfill(2)}:{told[2]}"
    return record.moment(text, path="date", zone=connection.timezone)


def patient_elsewhere(item: Any) -> Elsewhere | None:
    """Where an appointment's patient is one of another practice of the office: by their address.

    That is never followed; what it tells is which practice to ask.
    """
    told = item if isinstance(item, dict) else {}
    href, here, pms_id = (told.get(name) for name in ("patient_href", "practice_id", "patient_id"))
    found = _PATIENT.search(href) if isinstance(href, str) else None
    if found is None or not here or unquote(found[2]) != str(pms_id or "").strip():
        return None
    practice_id = unquote(found[1])
    return None if practice_id == str(here).strip() else Elsewhere(practice_id, str(href))


def patient(record: Record) -> Patient:
    born = record.side("birthdate")
    is_told = born is not None and not born.startswith(NEVER)
    return people.patient(
        record.id("patient_id"),
        given=record.side("firstname"),
        family=record.side("lastname"),
        phone=next((found for path in PHONES if (found := record.side(path))), None),
        email=record.side("email"),
        born=record.birth_date("birthdate") if is_told else None,
    )
