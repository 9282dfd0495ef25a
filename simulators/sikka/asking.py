"""What the vendor checks of a write before it takes it on: fields, words and formats."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from simulators.sikka.directory import NOTE_TYPES, PAYMENTS
from simulators.sikka.errors import Refused
from simulators.sikka.knobs import Knobs
from simulators.sikka.offices import Location, Office

Json = dict[str, Any]
PHONES = ("cell", "homephone", "workphone", "other_phone")
UNCHANGEABLE = ("email", *PHONES, "address_line1", "address_line2", "city", "state", "zipcode")
GENDERS = ("male", "female", "unknown")
CHANGES = ("date", "time", "length", "operatory", "provider_id", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One sort of write."""

    name: str
    ability: str  # its column among the supported PMSes
    needs: tuple[str, ...]
    accepted: str = "API2016"
    target: str = ""  # the field that names what is changed, also in the path


KINDS: Mapping[tuple[str, str], Kind] = {
    ("POST", "appointment"): Kind(
        name="appointment",
        ability="new_appointment_writeback",
        needs=("patient_id", "date", "time", "description", "provider_id", "length", "operatory",
               "practice_id"),
    ),
    ("PUT", "appointments"): Kind(
        name="update_appointment",
        ability="appointment_status_writeback",
        needs=("practice_id", "provider_id"),
        accepted="API0007",
        target="appointment_sr_no",
    ),
    ("PATCH", "appointments"): Kind(
        name="patch_appointment",
        ability="appointment_status_writeback",
        needs=("appointment_sr_no", "practice_id", "op", "path", "value"),
        accepted="API0007",
        target="appointment_sr_no",
    ),
    ("POST", "patient"): Kind(
        name="patient",
        ability="new_patient_writeback",
        needs=("firstname", "lastname", "provider_id", "practice_id"),
    ),
    ("PATCH", "patient"): Kind(
        name="update_patient",
        ability="new_patient_writeback",
        needs=("practice_id",),
        accepted="API0011",
        target="patient_id",
    ),
    ("POST", "medical_notes"): Kind(
        name="medical_note",
        ability="note_writeback",
        needs=("patient_id", "date", "type", "text", "provider_id", "practice_id"),
    ),
    ("POST", "transaction"): Kind(
        name="transaction",
        ability="payment_writeback",
        needs=("patient_id", "guarantor_id", "procedure_code", "procedure_description",
               "provider_id", "amount", "practice_id", "transaction_date"),
    ),
}  # fmt: skip


def is_true(value: object) -> bool:
    return str(value).casefold() == "true"


def check(kind: Kind, told: Json, office: Office, knobs: Knobs) -> Location:
    """Whose practice it is for; the PMS itself has not been asked anything yet."""
    _need(told, ("practice_id",))
    location = office.practices.get(str(told["practice_id"]))
    if location is None:
        raise Refused("API2007", "practice_id is not one of this office")
    persona = location.persona
    _need(told, (*kind.needs, *persona.needs.get(kind.name, ())))
    if kind.ability in persona.lacks:
        raise Refused("API2019", f"Not available for {persona.name}")
    for name, most in persona.longest.items():
        if len(str(told.get(name) or "")) > most:
            raise Refused("API1026", f"{name} has at most {most} characters")
    for name, is_good in FORMATS.items():
        if told.get(name) not in {None, ""} and not is_good(told[name]):
            raise Refused("API1026", f"{name} is not valid")
    OWN[kind.name](told, location, knobs)
    if is_true(told.get("check_spu")) and not office.is_online:
        raise Refused("API2017", "The SPU of this office is offline")
    return location


def _need(told: Json, names: tuple[str, ...]) -> None:
    for name in names:
        if told.get(name) in {None, ""}:
            raise Refused("API1020", f"{name} is required")


def _reads(read: Callable[[str], object], length: int) -> Callable[[Any], bool]:
    def is_good(value: object) -> bool:
        try:
            read(str(value))
        except ValueError:
            return False
        return len(str(value)) == length

    return is_good


def _is_whole(value: object) -> bool:
    return not isinstance(value, bool) and str(value).isdecimal() and int(str(value)) > 0


FORMATS: Mapping[str, Callable[[Any], bool]] = {
    "date": _reads(date.fromisoformat, 10),
    "time": _reads(time.fromisoformat, 5),
    "transaction_date": _reads(date.fromisoformat, 10),
    "birthdate": _reads(date.fromisoformat, 10),
    "length": _is_whole,
    "gender": lambda value: str(value).casefold() in GENDERS,
    "amount": lambda value: (
        bool(re.fullmatch(r"-?\d+(\.\d{1,2})?", str(value))) and float(value) != 0
    ),
}


def _appointment(told: Json, location: Location, knobs: Knobs) -> None:
    if not re.fullmatch(knobs.description, str(told["description"])):
        raise Refused("API1026", "description takes no special characters")
    _status(told.get("status"), location)


def _status(word: object, location: Location) -> None:
    if word and location.persona.read(str(word)) is None:
        raise Refused("API0008", "The status is not one of this practice")


def _update(told: Json, location: Location, knobs: Knobs) -> None:
    if not any(told.get(name) for name in CHANGES):
        raise Refused("API1020", f"one of {', '.join(CHANGES)} is required")
    _status(told.get("status"), location)
    is_off = str(told.get("status") or "").casefold() == location.persona.cancels.casefold()
    if is_off and location.persona.name == "Dentrix":
        _need(told, ("date", "time", "operatory"))


def _patch(told: Json, location: Location, knobs: Knobs) -> None:
    if told["op"] != "replace":
        raise Refused("API1026", "op must be replace")
    if told["path"] not in knobs.patch_paths:
        raise Refused("API1026", "path is not the name of a field")
    _status(told["value"], location)


def _patient_update(told: Json, location: Location, knobs: Knobs) -> None:
    if not location.persona.updates_patients:
        raise Refused("API2019", f"Not available for {location.persona.name}")
    for name in UNCHANGEABLE:
        if name in told:
            raise Refused("API1026", f"{name} cannot be changed")


def _note(told: Json, location: Location, knobs: Knobs) -> None:
    if told["type"] not in NOTE_TYPES:
        raise Refused("API1026", "type is not one of the note types")


def _payment(told: Json, location: Location, knobs: Knobs) -> None:
    if (told["procedure_code"], told["procedure_description"]) not in PAYMENTS:
        raise Refused("API1026", "procedure_code is not one of the payment types")


OWN: Mapping[str, Callable[[Json, Location, Knobs], None]] = {
    "appointment": _appointment,
    "update_appointment": _update,
    "patch_appointment": _patch,
    "patient": lambda told, location, knobs: None,
    "update_patient": _patient_update,
    "medical_note": _note,
    "transaction": _payment,
}
