"""The vendor's appointments and patients: every value is a string."""

import hashlib
from datetime import date, datetime
from typing import Any

from simulators.chance import chance, share_of
from simulators.people import FAMILY, GIVEN
from simulators.records import Appointment, Meaning, Patient
from simulators.sikka.copies import Copy
from simulators.sikka.offices import number_of

Json = dict[str, Any]
ROOT = "https://api.sikkasoft.com/v4"
LANDLINE, DEPENDENT, NAMED_AGAIN = 0.25, 0.15, 0.1  # shares of patients
PROCEDURES = ("D0120", "D2740", "D0150", "D3330", "D1110", "D9110", "D2391", "D0180", "D9972")
CITIES = (("Springvale", "NY", "10999"), ("Maple Hollow", "AZ", "85999"), ("Ashby", "CA", "90999"))
APPOINTMENT = (
    "href", "patient_href", "patient_id", "guarantor_id", "provider_id", "provider_href",
    "practice_id", "practice_href", "guarantor_href", "amount", "status", "note",
    "surface_quadrant_type", "appointment_sr_no", "date", "time", "length", "description",
    "appointment_made_date", "type", "procedure_code1", "procedure_code2", "procedure_code3",
    "procedure_code1_amount", "procedure_code2_amount", "procedure_code3_amount",
    "procedure_code1_time", "procedure_code2_time", "procedure_code3_time", "patient_name",
    "guarantor_name", "surface_quadrant",
)  # fmt: skip
PATIENT = (
    "href", "patient_id", "guarantor_id", "firstname", "middlename", "lastname", "preferred_name",
    "salutation", "birthdate", "status", "address_line1", "address_line2", "city", "state",
    "zipcode", "cell", "email", "first_visit", "last_visit", "provider_id", "practice_id",
    "primary_insurance_company_id", "subscriber_id", "created_date", "preferred_contact",
)  # fmt: skip
CAME = (Meaning.ARRIVED, Meaning.IN_PROGRESS, Meaning.COMPLETED)


def midnight(when: datetime | date | None) -> str:
    """Of a date, which the vendor pads."""
    return f"{when:%Y-%m-%d}T00:00:00" if when else ""


def flag(*, is_set: bool) -> str:
    return "True" if is_set else "False"


def href(copy: Copy, kind: str, id_: str) -> str:
    return f"{ROOT}/practices/{copy.location.id}/{kind}/{id_}" if id_ else ""


def guarantor_of(copy: Copy, patient_id: str) -> str:
    """Most answer for themselves."""
    written = copy.details.get(patient_id, {}).get("guarantor_id")
    if written or share_of("guarantor", patient_id) >= DEPENDENT:
        return str(written or patient_id)
    first = copy.location.clinic.practice.patients
    return first[int(patient_id) % len(first)].id


def company_of(patient_id: str) -> str:
    """Of the insurance; none for a third of them."""
    return str(1 + int(patient_id) % 6) if int(patient_id) % 3 else ""


def appointment(copy: Copy, row: Appointment) -> Json:
    patient_id = row.attendees[0].patient_id if row.attendees else ""
    full = {
        **_references(copy, row, patient_id),
        **_facts(copy, row),
        **_money(copy, row),
        **_progress(copy, row),
        "patient_name": _name(copy, patient_id),
        "guarantor_name": _name(copy, guarantor_of(copy, patient_id) if patient_id else ""),
    }
    digest = hashlib.blake2b(repr(sorted(full.items())).encode(), digest_size=16)
    return {**full, "rowhash": digest.hexdigest()}


def _references(copy: Copy, row: Appointment, patient_id: str) -> Json:
    guarantor = guarantor_of(copy, patient_id) if patient_id else ""
    return {
        "href": href(copy, "appointments", row.id),
        "patient_href": href(copy, "patients", patient_id),
        "patient_id": patient_id,
        "guarantor_id": guarantor,
        "guarantor_href": href(copy, "guarantors", guarantor),
        "provider_id": row.practitioner_id,
        "provider_href": href(copy, "providers", row.practitioner_id),
        "practice_id": copy.location.id,
        "practice_href": f"{ROOT}/practices/{copy.location.id}",
        "cust_id": copy.location.cust_id,
        "hygienist": "",
        "original_provider": "",
        "location": "",
    }


def _facts(copy: Copy, row: Appointment) -> Json:
    local = row.start.astimezone(copy.location.clinic.zone)
    kind = copy.location.clinic.type_of(row)
    zone = copy.location.clinic.zone
    return {
        "appointment_sr_no": row.id,
        "date": midnight(local),
        "time": f"{local:%H:%M}",
        "length": str(row.minutes),
        "status": copy.location.persona.word(row),
        "note": row.notes or "",
        "description": copy.location.description_of(row, copy.placed),
        "type": str(copy.placed.get(row.id, {}).get("type") or (kind.name if kind else "")),
        "operatory": copy.location.operatory_of(row, copy.placed),
        "appointment_made_date": midnight(copy.location.clinic.created_at(row.id).astimezone(zone)),
        "last_changed_date": midnight(copy.updated_at(row.id).astimezone(zone)),
        "is_companion": flag(is_set=False),
        "sooner_if_possible": flag(is_set=row.variant % 20 == 0),
        "schedule": "",
        "treatment_class": "",
        "service_category": "",
    }


def _money(copy: Copy, row: Appointment) -> Json:
    has_code = bool(row.attendees) and bool(row.type_id)
    code = PROCEDURES[row.variant % len(PROCEDURES)] if has_code else ""
    price = f"{40 + row.variant % 160}.00" if has_code else ""
    blank = {
        f"procedure_code{number}{part}": ""
        for number in range(2, 8)
        for part in ("", "_amount", "_time")
    }
    return {
        **blank,
        "amount": price or "0.00",
        "procedure_code1": code,
        "procedure_code1_amount": price,
        "procedure_code1_time": str(row.minutes) if has_code else "",
        "procedure_codes": str(copy.placed.get(row.id, {}).get("procedure_codes") or code),
        "surface_quadrant": "",
        "surface_quadrant_type": "",
        "tooth_number": "",
    }


def _progress(copy: Copy, row: Appointment) -> Json:
    """How it went, beside the status; a cancellation shows where the PMS shows it."""
    shown = copy.location.persona.shows_cancelled_by
    is_off = row.meaning is Meaning.CANCELLED
    is_confirmed = row.meaning is Meaning.CONFIRMED
    zone = copy.location.clinic.zone
    off_at = (row.cancelled_at or row.start).astimezone(zone)
    on = row.start.astimezone(zone)
    came = on if row.meaning in CAME else None
    return {
        "cancelled": flag(is_set=is_off) if shown == "flag" else "",
        "cancelled_date": midnight(off_at) if is_off and shown != "status" else "",
        "is_confirmed": flag(is_set=is_confirmed),
        "confirmed_on_date": midnight(copy.updated_at(row.id)) if is_confirmed else "",
        "status_in_office": "",
        "multiple_statuses": "",
        "performed": flag(is_set=row.meaning is Meaning.COMPLETED),
        "arrival_status": "Arrived" if came else "",
        "arrival_time": f"{came:%H:%M}" if came else "",
        "in_chair_time": f"{came:%H:%M}" if came and row.meaning is not Meaning.ARRIVED else "",
        "walkout_time": f"{came:%H:%M}" if row.meaning is Meaning.COMPLETED and came else "",
    }


def _name(copy: Copy, patient_id: str) -> str:
    person = copy.patients.get(patient_id)
    return f"{person.last}, {person.first}" if person and person.first else (
        person.last if person else ""
    )  # fmt: skip


def patient(copy: Copy, person: Patient) -> Json:
    clinic = copy.location.clinic
    zone = clinic.zone
    created = clinic.created_at(person.id).astimezone(zone)
    providers = list(clinic.practitioners)
    guarantor = guarantor_of(copy, person.id)
    return {
        "href": href(copy, "patients", person.id),
        "patient_id": person.id,
        "guarantor_id": guarantor,
        "guarantor_href": href(copy, "guarantors", guarantor),
        "practice_id": copy.location.id,
        "practice_href": f"{ROOT}/practices/{copy.location.id}",
        "provider_id": providers[int(person.id) % len(providers)],
        "firstname": person.first or "",
        "middlename": "",
        "lastname": person.last,
        "preferred_name": _preferred(person),
        "salutation": person.prefix or "",
        "birthdate": midnight(person.born_on),
        "gender": person.gender if person.gender in {"male", "female"} else "unknown",
        "status": "Inactive" if person.is_deceased else "Active",
        "email": person.email or "",
        **_phones(person),
        **_address(person.id),
        "first_visit": midnight(created),
        "last_visit": "",
        "created_date": midnight(created),
        "primary_insurance_company_id": company_of(person.id),
        "subscriber_id": number_of("subscriber", person.id, digits=7)
        if company_of(person.id)
        else "",
        "preferred_contact": "",
        "text_alert": flag(is_set=True),
        "voice_alert": flag(is_set=True),
        "email_alert": flag(is_set=bool(person.email)),
        "notes": "",
        **copy.details.get(person.id, {}),
    }


def _preferred(person: Patient) -> str:
    if share_of("preferred", person.id) >= NAMED_AGAIN:
        return ""
    return chance("preferred", person.id).choice(GIVEN)


def _phones(person: Patient) -> Json:
    """Some have no cell but a telephone at home, which only all fields tell."""
    first, *others = (*person.phones, "", "")
    is_fixed = share_of("landline", person.id) < LANDLINE
    return {
        "cell": "" if is_fixed else first,
        "homephone": first if is_fixed else others[0],
        "workphone": others[0] if is_fixed else "",
        "other_phone": "",
    }


def _address(id_: str) -> Json:
    rng = chance("address", id_)
    city, state, zipcode = rng.choice(CITIES)
    return {
        "address_line1": f"{rng.randrange(1, 400)} {rng.choice(FAMILY)} Lane",
        "address_line2": "",
        "city": city,
        "state": state,
        "zipcode": zipcode,
    }
