"""What nothing hangs on may be anything: it costs no vendor's appointment."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.advancedmd import rows as advancedmd
from adapters.pms import gentu, halaxy, medirecords, sikka
from adapters.rest.record import Record
from adapters.rest.surroundings import Surroundings
from domain.appointments import Appointment
from domain.connections import Connection, KnownType
from domain.errors import BadRecord

CONNECTION = Connection(
    id=UUID(int=1),
    account_id="a",
    vendor="sikka",
    site="1",
    timezone="Australia/Melbourne",
    telehealth_only=False,
    types={"5": KnownType(name="Visit")},
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
CONTACT = ANYTHING | st.lists(
    st.fixed_dictionaries(
        {"system": ANYTHING | st.just("phone"), "value": ANYTHING, "rank": ANYTHING}
    )
)
LENGTHS = ANYTHING | st.sampled_from(["30", "30.0", "30.5", " 45 ", "1e3", "", "-5", "abc"])

Fields = dict[str, Any]
Read = Callable[[Any, Any], tuple[Appointment, Record]]
"""A length and a patient's contacts to the appointment they are told with, and its record."""


def at_gentu(length: Any, contact: Any) -> tuple[Appointment, Record]:
    told = {"id": "a1", "startAt": "2026-06-02T09:00:00+10:00", "minutesDuration": length}
    told["participant"] = [{"referenceType": "patient", "referenceId": "p1"}]
    beside = {"patients": {"p1": {"contact": contact}}}
    return only(gentu.parse, told, Surroundings(beside))


def at_halaxy(length: Any, contact: Any) -> tuple[Appointment, Record]:
    told = {"id": "a1", "start": "2026-06-02T09:00:00+10:00", "minutesDuration": length}
    told["participant"] = [{"actor": {"reference": "/main/Patient/p1", "type": "Patient"}}]
    return only(halaxy.parse, told, Surroundings({"Patient": {"p1": {"telecom": contact}}}))


def at_sikka(length: Any, contact: Any) -> tuple[Appointment, Record]:
    told = {"appointment_sr_no": "a1", "patient_id": "p1", "date": "2026-06-02", "time": "09:00"}
    person = {"patient_id": "p1", "cell": contact, "homephone": contact, "email": contact}
    return only(sikka.parse, {**told, "length": length}, Surroundings({"patients": {"p1": person}}))


def at_medirecords(length: Any, contact: Any) -> tuple[Appointment, Record]:
    told = {"id": "a1", "patientId": "p1", "scheduleTime": "2026-06-02T09:00"}
    person = {"mobilePhone": contact, "homePhone": contact, "email": contact, "dob": contact}
    around = Surroundings(follow=lambda path, query, parts: person)
    return only(medirecords.parse, told, around)


def at_advancedmd(length: Any, contact: Any) -> tuple[Appointment, Record]:
    told = {"id": 1, "patientid": 2, "startdatetime": "2026-06-02T09:00", "duration": length}
    return only(advancedmd.parse, {**told, "appointmenttypeids": []}, Surroundings())


def told_oddly(odd: Any) -> dict[str, tuple[Any, Fields, Surroundings]]:
    """An appointment of each vendor of which only what it cannot do without is in order."""
    named = {"family": odd, "given": odd, "prefix": odd, "text": odd}
    person = {"firstName": odd, "lastName": odd, "firstname": odd, "lastname": odd}
    person |= {"patient_id": "p1", "name": named, "birthdate": odd}
    taking_part = [
        {"referenceType": "patient", "referenceId": "p1"},
        {"referenceType": "provider", "referenceId": "d1"},
    ]
    at_halaxy = [
        {"actor": {"reference": "/main/Patient/p1", "type": "Patient"}},
        {"actor": {"reference": "/main/Practitioner/d1", "type": "Practitioner"}},
    ]
    both = {"p1": {**person, "name": [named, odd]}, "d1": {**person, "name": [named, odd]}}
    return {
        "gentu": (
            gentu.parse,
            {"id": "a1", "startAt": "2026-06-02T09:00:00+10:00", "participant": taking_part}
            | {"endAt": odd, "comment": odd, "description": odd},
            Surroundings({"patients": {"p1": person}, "practitioners": {"d1": person}}),
        ),
        "halaxy": (
            halaxy.parse,
            {"id": "a1", "start": "2026-06-02T09:00:00+10:00", "participant": at_halaxy}
            | {"end": odd, "description": odd},
            Surroundings({"Patient": both, "Practitioner": both}),
        ),
        "medirecords": (
            medirecords.parse,
            {"id": "a1", "patientId": "p1", "scheduleTime": "2026-06-02T09:00", "notes": odd},
            Surroundings(follow=lambda path, query, parts: person),
        ),
        "sikka": (
            sikka.parse,
            {"appointment_sr_no": "a1", "patient_id": "p1", "date": "2026-06-02", "time": "09:00"}
            | dict.fromkeys(
                (
                    *("status", "type", "note", "description", "patient_name", "cancelled_date"),
                    *("arrival_time", "in_chair_time", "walkout_time", "is_confirmed"),
                ),
                odd,
            ),
            Surroundings({"patients": {"p1": person}}),
        ),
        "advancedmd": (
            advancedmd.parse,
            {"id": 1, "patientid": 2, "startdatetime": "2026-06-02T09:00", "duration": 30}
            | dict.fromkeys(
                (
                    *("firstname", "lastname", "provider", "heading", "facilityid"),
                    *("confirmdate", "lastupdated", "appointmenttypeids"),
                ),
                odd,
            ),
            Surroundings(),
        ),
    }


def only(parse: Any, told: Fields, around: Surroundings) -> tuple[Appointment, Record]:
    record = Record(told, around=around)
    (found,) = parse(record, replace(CONNECTION))
    return found, record


READERS = [at_gentu, at_halaxy, at_sikka, at_medirecords, at_advancedmd]
WITH_LENGTHS = [at_gentu, at_halaxy, at_sikka, at_advancedmd]
WITH_CONTACTS = [at_gentu, at_halaxy]


@pytest.mark.parametrize("read", READERS)
@given(length=LENGTHS, contact=CONTACT)
def test_no_length_and_no_contact_costs_an_appointment(
    read: Read, length: Any, contact: Any
) -> None:
    found, record = read(length, contact)

    assert found.pms_id in {"a1", "1"}
    assert found.end > found.start
    assert all(what.startswith(("unreadable:", "duration:")) for what in record.drift)


@pytest.mark.parametrize("vendor", ["gentu", "halaxy", "medirecords", "sikka", "advancedmd"])
@given(odd=ANYTHING)
def test_no_name_note_end_or_mark_costs_an_appointment(vendor: str, odd: Any) -> None:
    found, record = only(*told_oddly(odd)[vendor])

    assert found.pms_id in {"a1", "1"}
    assert found.patient is not None
    assert found.end > found.start
    assert all(what.startswith(("unreadable:", "duration:", "status:")) for what in record.drift)


@pytest.mark.parametrize("read", WITH_LENGTHS)
@pytest.mark.parametrize(
    ("length", "minutes"),
    [(30, 30), ("30", 30), ("30.0", 30), (30.5, 31), ("30.5", 31), (45.0, 45)],
)
def test_a_length_is_read_however_it_is_written(read: Read, length: Any, minutes: int) -> None:
    found, record = read(length, None)

    assert (found.duration_minutes, record.drift, found.flags & {"estimated_duration"}) == (
        minutes,
        [],
        frozenset(),
    )


@pytest.mark.parametrize("read", WITH_LENGTHS)
@pytest.mark.parametrize("length", ["half an hour", True, [30], float("nan"), float("inf")])
def test_a_length_that_is_none_is_estimated_and_told(read: Read, length: Any) -> None:
    found, record = read(length, None)

    assert "estimated_duration" in found.flags
    (told,) = record.drift
    assert told in {"unreadable:minutesDuration", "unreadable:length", "unreadable:duration"}


@pytest.mark.parametrize("read", WITH_LENGTHS)
@pytest.mark.parametrize("length", [0, "0", -15])
def test_a_visit_of_no_length_is_as_long_as_is_usual_and_says_so(read: Read, length: Any) -> None:
    found, record = read(length, None)

    assert found.duration_minutes > 0
    assert "estimated_duration" in found.flags
    assert record.drift == []


@pytest.mark.parametrize("read", WITH_CONTACTS)
def test_a_number_among_the_contacts_is_a_number_to_ring(read: Read) -> None:
    found, record = read(30, [{"system": "phone", "value": 61491570156}])

    assert found.patient is not None
    assert (found.patient.phone, record.drift) == ("61491570156", [])


@pytest.mark.parametrize("read", WITH_CONTACTS)
def test_what_is_no_contact_is_left_out_and_told(read: Read) -> None:
    odd = [7, {"system": "phone", "value": ["x"]}, {"system": "phone", "value": "0491 570 156"}]

    found, record = read(30, odd)

    assert found.patient is not None
    assert found.patient.phone == "0491 570 156"
    assert {what.split(":")[0] for what in record.drift} == {"unreadable"}


@pytest.mark.parametrize(
    ("parse", "told"),
    [
        (gentu.parse, {"id": "a1", "startAt": 7}),
        (halaxy.parse, {"id": "a1", "start": []}),
        (sikka.parse, {"appointment_sr_no": "a1", "date": "2026-06-02", "time": 9}),
        (medirecords.parse, {"id": "a1", "scheduleTime": None}),
    ],
    ids=["gentu", "halaxy", "sikka", "medirecords"],
)
def test_what_an_appointment_cannot_do_without_still_sets_it_aside(
    parse: Any, told: Fields
) -> None:
    with pytest.raises(BadRecord):
        only(parse, told, Surroundings())
