"""What the practice management system does with a write when its turn has come."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from simulators.records import Appointment, Attendee, Meaning, Patient
from simulators.sikka.copies import Copy
from simulators.sikka.knobs import Knobs
from simulators.sikka.offices import Location, number_of
from simulators.sikka.overlaps import clashes
from simulators.sikka.queue import Writeback
from simulators.sikka.shapes import midnight

Json = dict[str, Any]
DETAILS = ("cell", "homephone", "workphone", "other_phone", "address_line1", "address_line2",
           "city", "state", "zipcode", "guarantor_id", "provider_id")  # fmt: skip


class Unwritable(Exception):
    """The PMS does not take it; the text is the result of the write-back."""


def carry_out(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    """The id of what was created, if anything was."""
    if write.failure is not None:
        raise Unwritable(write.failure)
    with location.clinic.lock:
        return DOERS[write.kind](write, location, seen, knobs)


def _start(told: Json, location: Location, before: Appointment | None = None) -> datetime:
    local = before.start.astimezone(location.clinic.zone) if before else None
    day = date.fromisoformat(str(told["date"])) if told.get("date") or not local else local.date()
    at = time.fromisoformat(str(told["time"])) if told.get("time") or not local else local.time()
    return datetime.combine(day, at, location.clinic.zone).astimezone(UTC)


def _known(told: Json, location: Location, seen: Copy | None, knobs: Knobs) -> None:
    patient = str(told.get("patient_id") or "")
    if patient and patient not in location.clinic.patients:
        raise Unwritable("Patient not found")
    if patient and seen and knobs.refuses_unseen_patients and patient not in seen.patients:
        raise Unwritable("Patient not found")
    provider = told.get("provider_id")
    if provider and provider not in location.clinic.practitioners:
        raise Unwritable("Provider not found")
    operatory = told.get("operatory")
    if operatory and operatory not in location.operatories:
        raise Unwritable("Operatory not found")


def _fitting(row: Appointment, location: Location, operatory: str, knobs: Knobs) -> None:
    if knobs.refuses_overlaps and clashes(location, row, operatory):
        raise Unwritable("The operatory or provider is already booked at this time")


def _book(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    told = write.body
    _known(told, location, seen, knobs)
    meaning, variant = location.persona.read(str(told.get("status") or "")) or (Meaning.BOOKED, 0)
    row = Appointment(
        id=number_of("written", location.site, write.id, digits=9),
        practitioner_id=str(told["provider_id"]),
        start=_start(told, location),
        minutes=int(told["length"]),
        attendees=(Attendee(str(told["patient_id"])),),
        meaning=meaning,
        variant=variant,
        notes=str(told.get("note") or "") or None,
    )
    _fitting(row, location, str(told["operatory"]), knobs)
    _place(location, row.id, write, ("operatory", "description", "type", "procedure_codes"))
    return location.clinic.add(row).id


def _place(location: Location, id_: str, write: Writeback, names: tuple[str, ...]) -> None:
    before = location.placed.get(id_, {})
    told = {name: str(write.body[name]) for name in names if write.body.get(name)}
    writes = (*before.get("writebacks", ()), write.id)
    location.placed[id_] = {**before, **told, "writebacks": writes}


def _found(write: Writeback, location: Location) -> Appointment:
    if write.target not in location.clinic.appointments:
        raise Unwritable("Appointment not found")
    return location.clinic.appointments[write.target]


def _update(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    told, before = write.body, _found(write, location)
    _known({**told, "patient_id": ""}, location, None, knobs)
    row = replace(
        before,
        start=_start(told, location, before),
        minutes=int(told.get("length") or before.minutes),
        practitioner_id=str(told.get("provider_id") or before.practitioner_id),
        notes=str(told["note"]) if told.get("note") else before.notes,
    )
    operatory = str(told.get("operatory") or location.operatory_of(before))
    _fitting(row, location, operatory, knobs)
    _place(location, row.id, write, ("operatory", "description", "type"))
    location.clinic.revise(_marked(row, told.get("status"), location))
    return ""


def _marked(row: Appointment, word: object, location: Location) -> Appointment:
    meant = location.persona.read(str(word or ""))
    if meant is None:
        return row
    meaning, variant = meant
    off_at = location.clinic.now() if meaning is Meaning.CANCELLED else None
    return replace(row, meaning=meaning, variant=variant, cancelled_at=off_at)


def _patch(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    row = _found(write, location)
    _place(location, row.id, write, ())
    location.clinic.revise(_marked(row, write.body["value"], location))
    return ""


def _register(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    told = write.body
    _known(told, location, None, knobs)
    phones = tuple(str(told[name]) for name in DETAILS[:4] if told.get(name))
    person = Patient(
        id=number_of("written", location.site, write.id, digits=8),
        first=str(told["firstname"]),
        last=str(told["lastname"]),
        gender=str(told.get("gender") or "unknown").casefold(),
        phones=phones,
        email=str(told.get("email") or "") or None,
        born_on=date.fromisoformat(str(told["birthdate"])) if told.get("birthdate") else None,
    )
    if knobs.refuses_duplicates and _is_known(person, location):
        raise Unwritable("The patient already exists")
    names = DETAILS[:9]
    location.details[person.id] = {
        **{name: str(told.get(name) or "") for name in names},
        **{name: str(told[name]) for name in DETAILS[9:] if told.get(name)},
        "primary_insurance_company_id": "",
        "subscriber_id": "",
        "preferred_name": "",
    }
    return location.clinic.register(person).id


def _is_known(person: Patient, location: Location) -> bool:
    wanted = (person.full.casefold(), person.born_on)
    return any((each.full.casefold(), each.born_on) == wanted
               for each in location.clinic.patients.values())  # fmt: skip


def _amend(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    told = write.body
    if write.target not in location.clinic.patients:
        raise Unwritable("Patient not found")
    person = location.clinic.patients[write.target]
    changed = {name: str(told[name]) for name in ("gender", "status") if told.get(name)}
    location.details[person.id] = {**location.details.get(person.id, {}), **changed}
    first = str(told.get("firstname") or person.first or "") or None
    location.clinic.rename(person.id, first, str(told.get("lastname") or person.last))
    return ""


def _annotate(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    told = write.body
    _known(told, location, None, knobs)
    number = str(len(location.notes) + 1)
    location.notes.append(
        {
            **{name: str(told[name]) for name in ("patient_id", "provider_id", "practice_id",
                                                   "type", "text")},
            "transaction_sr_no": number,
            "date": midnight(date.fromisoformat(str(told["date"]))),
            "procedure_date": "",
            "description": str(told.get("description") or ""),
            "tooth_number": str(told.get("tooth_number") or ""),
            "note_id": number,
        }
    )  # fmt: skip
    return number


def _pay(write: Writeback, location: Location, seen: Copy, knobs: Knobs) -> str:
    told = write.body
    _known(told, location, None, knobs)
    number = str(len(location.transactions) + 1)
    names = ("patient_id", "guarantor_id", "provider_id", "practice_id", "procedure_code",
             "procedure_description", "amount")  # fmt: skip
    on = midnight(date.fromisoformat(str(told["transaction_date"])))
    location.transactions.append(
        {
            **{name: str(told[name]) for name in names},
            "transaction_sr_no": number,
            "transaction_date": on,
            "transaction_entry_date": on,
            "transaction_type": "Payment",
            "payment_type": str(told["procedure_description"]),
        }
    )
    return number


DOERS: Mapping[str, Callable[[Writeback, Location, Copy, Knobs], str]] = {
    "appointment": _book,
    "update_appointment": _update,
    "patch_appointment": _patch,
    "patient": _register,
    "update_patient": _amend,
    "medical_note": _annotate,
    "transaction": _pay,
}
