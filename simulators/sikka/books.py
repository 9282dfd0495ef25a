"""The lists of what changes by the minute: appointments, patients, notes, transactions."""

from datetime import date
from typing import Any

from simulators.records import Appointment, Meaning
from simulators.sikka import shapes
from simulators.sikka.copies import Copy
from simulators.sikka.listing import Table

Json = dict[str, Any]
PHONES = ("cell", "homephone", "workphone", "other_phone")
SEARCHED = ("firstname", "lastname", "middlename", "email", "city", "state", "zipcode")
NUMBER, LEAST_DIGITS = 10, 4


def _on(copy: Copy, row: Appointment) -> date:
    return row.start.astimezone(copy.location.clinic.zone).date()


def _changed(copy: Copy, row: Appointment) -> date:
    return copy.updated_at(row.id).astimezone(copy.location.clinic.zone).date()


def _made(copy: Copy, row: Appointment) -> date:
    return copy.location.clinic.created_at(row.id).astimezone(copy.location.clinic.zone).date()


def _confirmed(copy: Copy, row: Appointment) -> date | None:
    return _changed(copy, row) if row.meaning is Meaning.CONFIRMED else None


def _cancelled(copy: Copy, row: Appointment) -> date | None:
    text = shapes.appointment(copy, row)["cancelled_date"]
    return date.fromisoformat(text[:10]) if text else None


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


def _is_number(name: str) -> Any:
    def matches(record: Json, asked: str) -> bool:
        """However it is written, and with its country or without."""
        wanted = digits(asked)[-NUMBER:]
        names = PHONES if name == "phone" else (name,)
        return bool(wanted) and any(digits(record[each])[-NUMBER:] == wanted for each in names)

    return matches


def _searched(record: Json, asked: str) -> bool:
    text, number = asked.strip().casefold(), digits(asked)
    if any(text in record[name].casefold() for name in SEARCHED):
        return True
    is_number = len(number) >= LEAST_DIGITS and not any(letter.isalpha() for letter in asked)
    return is_number and any(number[-NUMBER:] in digits(record[name]) for name in PHONES)


def _day(name: str) -> Any:
    def read(copy: Copy, record: Json) -> date | None:
        text = record.get(name) or ""
        return date.fromisoformat(text[:10]) if text else None

    return read


def _as_kept(copy: Copy, record: Json) -> Json:
    return record


BOOKS = {
    "appointments": Table(
        rows=lambda copy, values: copy.appointments.values(),
        render=shapes.appointment,
        order=lambda row: int(row.id),
        usual=shapes.APPOINTMENT,
        filters=(
            "appointment_sr_no", "practice_id", "patient_id", "guarantor_id", "provider_id",
            "status", "operatory", "type", "book_code", "arrival_status",
        ),
        by_hand={
            "procedure_code": lambda record, asked: asked in record["procedure_codes"].split("|")
        },
        dates={
            "date": _on,
            "last_changed_date": _changed,
            "appointment_made_date": _made,
            "confirmed_on_date": _confirmed,
            "cancelled_date": _cancelled,
        },
        sorts={
            "appointment_sr_no": "appointment_sr_no", "appointment_date": "date",
            "appointment_time": "time", "patient_id": "patient_id", "rowhash": "rowhash",
        },
        id_of=lambda row: str(row.id),
        says_insert=True,
    ),
    "patients": Table(
        rows=lambda copy, values: copy.patients.values(),
        render=shapes.patient,
        order=lambda row: int(row.id),
        usual=shapes.PATIENT,
        filters=(
            "patient_id", "practice_id", "provider_id", "guarantor_id", "firstname", "lastname",
            "email", "status", "first_visit", "last_visit",
        ),
        by_hand={**{name: _is_number(name) for name in (*PHONES, "phone")}, "search": _searched},
        id_of=lambda row: str(row.id),
        says_insert=True,
    ),
    "medical_notes": Table(
        rows=lambda copy, values: copy.notes,
        render=_as_kept,
        filters=("patient_id", "practice_id", "type"),
        by_hand={"note_type": lambda record, asked: record["type"].casefold() == asked.casefold()},
        dates={"date": _day("date"), "procedure_date": _day("procedure_date")},
    ),
    "transactions": Table(
        rows=lambda copy, values: copy.transactions,
        render=_as_kept,
        filters=(
            "patient_id", "guarantor_id", "provider_id", "practice_id", "transaction_type",
            "payment_type",
        ),
        dates={
            name: _day(name)
            for name in ("transaction_date", "transaction_entry_date", "last_updated_by")
        },
        says_insert=True,
    ),
}  # fmt: skip
