"""The lists of what changes rarely: places, people at work, words, and what insurance says.

Where the document names a list but not its fields, the fewest that make sense are made up.
"""

from collections.abc import Iterator
from typing import Any

from simulators.chance import chance
from simulators.people import phone
from simulators.records import Practitioner
from simulators.sikka import shapes
from simulators.sikka.copies import Copy
from simulators.sikka.listing import Table, Values
from simulators.sikka.offices import number_of

Json = dict[str, Any]
NOTE_TYPES = ("General", "Clinical", "Phone call", "Insurance")
PAYMENTS = (("P1", "Cash payment"), ("P2", "Check payment"), ("P3", "Credit card payment"))
PATIENT_STATUSES = ("Active", "Inactive", "Archived")
PROVIDER = ("href", "provider_id", "practice_id", "firstname", "lastname", "provider_type",
            "specialty", "status", "is_hidden", "is_user", "initials")  # fmt: skip


def _practice(copy: Copy, row: object) -> Json:
    place = copy.location
    address = {"address_line1": f"{place.number} Example Plaza", "address_line2": ""}
    number = phone(chance("phone", place.site), "US")
    return {
        "href": f"{shapes.ROOT}/practices/{place.id}",
        "practice_id": place.id,
        "name": place.name,
        **address,
        "city": shapes.CITIES[0][0],
        "state": shapes.CITIES[0][1],
        "zipcode": shapes.CITIES[0][2],
        "phone": number,
        "email": "front@clinic.example",
        "cust_id": place.cust_id,
        "is_main_office": shapes.flag(is_set=place.number == 1),
        "national_provider_identifier": number_of("npi", place.site, digits=10),
        "website": "https://clinic.example",
    }


def _provider(copy: Copy, row: Practitioner) -> Json:
    return {
        "href": shapes.href(copy, "providers", row.id),
        "provider_id": row.id,
        "practice_id": copy.location.id,
        "firstname": row.first,
        "lastname": row.last,
        "provider_type": "Dentist" if row.prefix in {"Dr", "Prof"} else "Hygienist",
        "specialty": "General",
        "speciality": "General",
        "status": "Active" if row.is_active else "Inactive",
        "is_hidden": shapes.flag(is_set=not row.in_book),
        "is_user": shapes.flag(is_set=True),
        "initials": f"{row.first[:1]}{row.last[:1]}".upper(),
    }


def _operatories(copy: Copy, values: Values) -> Iterator[Json]:
    if values.get("cust_id") != copy.location.cust_id:
        return
    people = list(copy.location.clinic.practitioners.values())
    for name, person in zip(copy.location.operatories, people, strict=True):
        yield {
            "href": shapes.href(copy, "operatories", name),
            "operatory": name,
            "operatory_id": name,
            "title": f"Operatory {name.removeprefix('OP')}",
            "practice_id": copy.location.id,
            "cust_id": copy.location.cust_id,
            "provider_id": _shared(copy, person, people),
            "is_hidden": "F" if person.in_book else "T",
        }


def _shared(copy: Copy, person: Practitioner, people: list[Practitioner]) -> str:
    """One PMS joins several by a pipe."""
    if copy.location.persona.name != "Eaglesoft":
        return person.id
    return f"{person.id}|{people[0].id}" if person is not people[0] else person.id


def _statuses(copy: Copy, words: tuple[str, ...] | list[str]) -> list[Json]:
    return [
        {"practice_id": copy.location.id, "status_id": str(number), "status": word,
         "description": word}
        for number, word in enumerate(words, start=1)
    ]  # fmt: skip


def _variables(copy: Copy, values: Values) -> list[Json]:
    service = "Appointment Status"
    return [
        {"practice_id": copy.location.id, "service_name": service,
         "service_item": word, "value": word, "description": word}
        for word in copy.location.persona.vocabulary
    ]  # fmt: skip


def _note_types(copy: Copy, values: Values) -> list[Json]:
    return [{"practice_id": copy.location.id, "type": word, "description": word}
            for word in NOTE_TYPES]  # fmt: skip


def _payment_types(copy: Copy, values: Values) -> list[Json]:
    own = [(code, words, False) for code, words in PAYMENTS]
    return [
        {"practice_id": copy.location.id, "code": code, "description": words,
         "is_insurance_type": shapes.flag(is_set=is_insurance)}
        for code, words, is_insurance in (*own, ("P9", "Insurance payment", True))
    ]  # fmt: skip


def _plain(copy: Copy, row: Json) -> Json:
    return row


DIRECTORY = {
    "practices": Table(
        rows=lambda copy, values: [None],
        render=_practice,
        usual=("href", "practice_id", "name", "address_line1", "address_line2", "city", "state",
               "zipcode", "phone", "email", "cust_id"),
        filters=("practice_id", "national_provider_identifier"),
    ),
    "providers": Table(
        rows=lambda copy, values: copy.location.clinic.practitioners.values(),
        render=_provider,
        usual=tuple(name for name in PROVIDER),
        filters=("provider_id", "practice_id", "provider_type", "status", "firstname", "lastname",
                 "is_user"),
    ),
    "operatories": Table(
        rows=_operatories, render=_plain, filters=("is_hidden", "practice_id"), needs=("cust_id",)
    ),
    "appointment_statuses": Table(
        rows=lambda copy, values: _statuses(copy, copy.location.persona.vocabulary),
        render=_plain,
        filters=("practice_id",),
    ),
    "patient_statuses": Table(
        rows=lambda copy, values: _statuses(copy, PATIENT_STATUSES),
        render=_plain,
        filters=("practice_id",),
    ),
    "practice_variables": Table(
        rows=_variables, render=_plain, filters=("practice_id", "service_name")
    ),
    "note_types": Table(rows=_note_types, render=_plain, filters=("practice_id",)),
    "payment_types": Table(rows=_payment_types, render=_plain, filters=("practice_id",)),
}  # fmt: skip
