"""Appointments moved and called off, people registered, calls passed on, what needs a switch."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.desk import Ability, Balance, Busy, Coverage, Note, Opening, Receipt, Resource
from domain.slots import PRACTITIONER
from domain.tools import Told, under_way
from domain.window import Window
from domain.wishes import Cancellation, Move, NewNote, NewPatient, PatientChange, Payment
from tests.workers.tools.desk import (
    ANN_CALLS,
    LEE,
    MONDAY,
    NOW,
    ORTIZ,
    Control,
    Practice,
    local,
    person,
)

CONTROL_URL = "https://aws-us.vapi.ai/c/control"
HYGIENIST = Resource(kind=PRACTITIONER, pms_id="HYG-2")


def test_the_one_appointment_there_is_is_cancelled() -> None:
    practice = Practice()
    made = practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.add("PAT-1002", local(MONDAY, 10))

    said = practice.call().answer("cancel-appointment", {"reason": "ill"})

    assert said.told is Told.CONFIRMED
    assert said.text.startswith(
        "This appointment is cancelled: Monday 23 November at 9 am with Dr. Mona Lee."
    )
    wish = Cancellation(
        appointment_id=made.pms_id,
        patient_id="PAT-1001",
        start=local(MONDAY, 9),
        reason="ill",
    )
    assert practice.desk.sent[0].wish == wish


def test_of_several_appointments_one_must_be_named() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    second = practice.desk.add("PAT-1001", local(MONDAY + timedelta(days=1), 10))
    call = practice.call()

    assert call.ask("cancel-appointment") == (
        "There is more than one: Monday 23 November at 9 am with Dr. Mona Lee and Tuesday 24"
        " November at 10 am with Dr. Mona Lee. Which one do you mean?"
    )
    assert practice.desk.sent == []
    call.ask("cancel-appointment", date="Tuesday")
    assert practice.desk.sent[0].wish == Cancellation(
        appointment_id=second.pms_id, patient_id="PAT-1001", start=second.start
    )


def test_somebody_elses_appointment_cannot_be_cancelled() -> None:
    practice = Practice()
    other = practice.desk.add("PAT-1002", local(MONDAY, 9))

    said = practice.call().ask("cancel-appointment", appointmentId=other.pms_id)

    assert said == "I can see no appointment in the coming year. Which day is it on?"
    assert practice.desk.sent == []


def test_an_appointment_that_is_named_and_gone_is_not_taken_for_another() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().ask("cancel-appointment", appointmentId="gone")

    assert said == (
        "I cannot see that appointment any more, only Monday 23 November at 9 am with"
        " Dr. Mona Lee. Do you mean that one?"
    )
    assert practice.desk.sent == []


def test_a_cancellation_the_practice_has_not_answered_is_only_requested() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.takes = Receipt(number="8")

    assert practice.call().ask("cancel-appointment") == under_way(
        can_text=True, what="the cancellation of the appointment for Monday 23 November at 9 am"
    )


def test_a_move_that_is_only_requested_is_told_with_its_time() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.takes = Receipt(number="8")

    said = practice.call().ask("reschedule-appointment", newDate="Monday", newTime="11")

    assert said == under_way(
        can_text=True, what="the move to Monday 23 November at 11 am with Dr. Mona Lee"
    )


def test_several_appointments_to_come_are_told_as_several() -> None:
    practice = Practice()
    for hour in (9, 10):
        practice.desk.add("PAT-1001", local(MONDAY, hour))
    practice.desk.people["PAT-1001"] = person("PAT-1001", "ANN", "MCADAMS", "1985-03-02", ANN_CALLS)

    said = practice.call().ask("get-patient-info")

    assert said.startswith("This is the record of Ann McAdams. The next appointments are Monday")


def test_no_message_is_offered_to_be_taken_where_nobody_can_be_reached() -> None:
    practice = Practice()
    spoken = [practice.call().ask("transfer-to-human")]
    practice.transfer_to = ()
    spoken.append(practice.call().ask("transfer-to-human"))

    assert not [one for one in spoken if "message" in one]


@pytest.mark.parametrize(
    "arguments",
    [
        {"newDate": "2026-11-23", "newTime": "10:30"},
        {"newStartTime": "2026-11-23T10:30:00Z"},
        {"date": "2026-11-23", "time": "10:30"},
        {"currentDate": "Monday", "newDate": "Monday", "time": "10:30 am"},
    ],
    ids=str,
)
def test_an_appointment_is_moved(arguments: dict[str, str]) -> None:
    practice = Practice()
    made = practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().answer("reschedule-appointment", arguments)

    assert said.text.startswith(
        "The new time is confirmed: Monday 23 November at 10:30 am with Dr. Mona Lee."
    )
    wish = practice.desk.sent[0].wish
    assert isinstance(wish, Move)
    assert (wish.appointment_id, wish.start) == (made.pms_id, local(MONDAY, 10, 30))


def test_an_appointment_may_move_into_its_own_time() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().answer("reschedule-appointment", {"newStart": "2026-11-23T09:15"})

    assert said.told is Told.CONFIRMED


@pytest.mark.parametrize("is_shown", [True, False], ids=["shown", "not shown yet"])
def test_what_was_booked_just_now_is_moved_whatever_the_practices_copy_shows(
    *, is_shown: bool
) -> None:
    practice = Practice()
    call = practice.call()
    call.ask("book-appointment", startTime="2026-11-23T09:00")
    practice.desk.shows = None if is_shown else []

    said = call.answer("reschedule-appointment", {"newStart": "2026-11-23T09:15"})
    again = call.answer("reschedule-appointment", {"newStart": "2026-11-23T09:30"})
    where = call.ask("reschedule-appointment")

    assert (said.told, again.told) == (Told.CONFIRMED, Told.CONFIRMED)
    assert where.startswith("The appointment is Monday 23 November at 9:30 am")
    assert len(practice.writes.holds) == 1


def test_what_was_moved_and_made_longer_at_the_practice_is_moved_again_as_long_as_that() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    call = practice.call()
    call.ask("reschedule-appointment", newDate="2026-11-23", newTime="10:00")
    [moved] = practice.desk.book
    practice.desk.book = [replace(moved, end=moved.start + timedelta(minutes=60))]

    call.ask("reschedule-appointment", newDate="2026-11-23", newTime="11:00")

    assert [one.wish.minutes for one in practice.desk.sent if isinstance(one.wish, Move)] == [
        30,
        60,
    ]


def test_an_appointment_is_not_moved_onto_another() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.add("PAT-1002", local(MONDAY, 10))

    said = practice.call().ask("reschedule-appointment", newStart="2026-11-23T10:15")

    assert "10:15 am is not free" in said
    assert practice.desk.sent == []


def _with_a_hygienist(*, taken_at: int) -> Practice:
    """Ann at 9 with the hygienist, who is with Bob and another doctor at some other hour."""
    practice = Practice()
    ann = practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.besides[ann.pms_id] = (HYGIENIST,)
    taken = Window(local(MONDAY, taken_at), local(MONDAY, taken_at, 30))
    practice.desk.elsewhere.append(Busy(window=taken, resources=(HYGIENIST, ORTIZ)))
    return practice


def test_a_moved_visit_takes_its_hygienist_to_no_time_they_are_taken() -> None:
    practice = _with_a_hygienist(taken_at=10)

    said = practice.call().ask("reschedule-appointment", newDate="2026-11-23", newTime="10:00")

    assert said.startswith("I am sorry, Monday 23 November at 10 am is not free. I could offer ")
    assert "10 am" not in said.partition("I could offer ")[2]
    assert practice.desk.sent == []


def test_where_the_pms_offers_its_own_slots_a_moved_visits_hygienist_is_looked_at_too() -> None:
    practice = _with_a_hygienist(taken_at=10)
    hours = [Window(local(MONDAY, hour), local(MONDAY, hour + 1)) for hour in (10, 11)]
    practice.desk.slots = [Opening(window=one, resources=(LEE,)) for one in hours]

    said = practice.call().ask("reschedule-appointment", newDate="2026-11-23", newTime="10:00")

    assert "10 am is not free. I could offer Monday 23 November at 11 am" in said
    assert practice.desk.sent == []


def test_a_moved_visit_holds_its_hygienist_for_the_new_time() -> None:
    practice = _with_a_hygienist(taken_at=11)

    said = practice.call().ask("reschedule-appointment", newDate="2026-11-23", newTime="10:00")

    assert said.startswith("The new time is confirmed: Monday 23 November at 10 am with Dr. Mona")
    (hold,) = practice.writes.holds.values()
    assert HYGIENIST in hold.resources


def test_a_visit_that_was_moved_a_moment_ago_still_takes_its_hygienist_along() -> None:
    practice = _with_a_hygienist(taken_at=11)
    call = practice.call()
    call.ask("reschedule-appointment", newDate="2026-11-23", newTime="10:00")
    practice.desk.shows = []
    practice.desk.besides.clear()

    said = call.ask("reschedule-appointment", newDate="2026-11-23", newTime="11:00")

    assert "11 am is not free" in said
    assert len(practice.desk.sent) == 1


def test_where_to_is_asked_before_an_appointment_is_moved() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().ask("reschedule-appointment")

    assert said.endswith("at 9 am with Dr. Mona Lee. When would suit you better?")


def test_a_new_patient_is_registered_and_may_go_on() -> None:
    practice = Practice()
    call = practice.call("+12025550155")

    said = call.answer("create-patient", {"name": "Fay van Dyk", "dob": "1999-09-09"})

    assert said.told is Told.CONFIRMED
    wish = practice.desk.sent[0].wish
    assert isinstance(wish, NewPatient)
    assert (wish.first_name, wish.last_name, wish.phone) == ("Fay", "van Dyk", "+12025550155")
    booked = call.answer("book-appointment", {"startTime": "2026-11-23T09:00"})
    assert booked.told is Told.CONFIRMED


def test_somebody_known_is_found_and_not_registered_twice() -> None:
    practice = Practice()

    said = practice.call(None).ask(
        "create-patient", firstName="Ann", lastName="Ames", dob="1985-03-02", phone=ANN_CALLS
    )

    assert (
        said == "There is a record with that name and date of birth already. I can go on with it."
    )
    assert practice.desk.sent == []


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        ({}, "first and last name of the new patient"),
        ({"firstName": "Fay"}, "first and last name of the new patient"),
        ({"firstName": "Fay", "lastName": "not provided"}, "first and last name of the new"),
        ({"firstName": "Fay", "lastName": "unknown", "dob": "1999-09-09"}, "first and last name"),
        ({"name": "Fay Fern"}, "date of birth of the new patient"),
        ({"name": "Fay Fern", "dob": "1999-09-09"}, "telephone number for the new patient"),
        ({"name": "Fay Fern", "dob": "1999-09-09", "phone": "12"}, "Could you say it again?"),
    ],
    ids=str,
)
def test_what_a_registration_lacks_is_asked_for(arguments: dict[str, str], question: str) -> None:
    practice = Practice()

    assert question in practice.call(None).ask("create-patient", **arguments)
    assert practice.desk.sent == []


@pytest.mark.parametrize(
    "name",
    [
        {"name": "Fay Fern"},
        {"name": "Fern, Fay"},
        {"query": "Fern", "firstName": "Fay", "lastName": "Fern"},
        {"firstName": "Fay", "lastName": "Fay Fern"},
        {"firstName": "Fay Fern", "lastName": "Fern"},
        {"firstName": "Fay Fern", "lastName": "Fay Fern"},
        {"patient": {"name": {"first": "Fay", "last": "Fern"}}},
    ],
    ids=str,
)
def test_somebody_is_registered_by_the_name_however_it_is_given(name: dict[str, Any]) -> None:
    practice = Practice()
    phone = "two oh two, triple five, oh one double one"

    practice.call(None).ask("create-patient", **name, dob="1999-09-09", phone=phone)

    wish = practice.desk.sent[0].wish
    assert isinstance(wish, NewPatient)
    assert (wish.first_name, wish.last_name) == ("Fay", "Fern")


def test_a_patient_changes_how_they_are_reached() -> None:
    practice = Practice()

    said = practice.call().ask(
        "update-patient", phone="(202) 555-0111", email="ann at example dot com"
    )

    assert said.startswith("The telephone number and e-mail address on record are changed.")
    assert practice.desk.sent[0].wish == PatientChange(
        patient_id="PAT-1001", phone="+12025550111", email="ann@example.com"
    )


def test_an_update_of_nothing_is_asked_about() -> None:
    assert "What would you like to change" in Practice().call().ask("update-patient")


ONLY_NAMES = frozenset({Ability.SEARCH_PATIENTS, Ability.UPDATE_PATIENT, Ability.CHANGE_NAME})


def test_where_only_names_can_be_changed_nothing_else_is_offered_or_sent() -> None:
    practice = Practice(abilities=ONLY_NAMES)
    call = practice.call()

    assert call.ask("update-patient") == "What would you like to change: the first or last name?"
    assert call.ask("update-patient", phone="(202) 555-0111", newLastName="Ash") == (
        "The telephone number cannot be changed from here, so nothing was changed; somebody at the"
        " practice has to do it. Shall I connect you?"
    )
    assert practice.desk.sent == []
    assert "The last name on record is changed." in call.ask("update-patient", newLastName="Ash")
    assert [one.wish for one in practice.desk.sent] == [
        PatientChange(patient_id="PAT-1001", last_name="Ash")
    ]


def test_where_nothing_of_a_patient_can_be_changed_it_is_not_tried() -> None:
    practice = Practice(abilities=ONLY_NAMES - {Ability.CHANGE_NAME})

    assert "I cannot do that for this practice" in practice.call().ask("update-patient")


def test_a_record_is_told_without_whole_numbers() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    assert practice.call().ask("get-patient-info") == (
        "This is the record of Ann Ames. The next appointment is Monday 23 November at 9 am with"
        " Dr. Mona Lee. The last visit was on Monday 4 May. The number on record ends in 0143."
    )


def test_a_call_is_passed_on_by_vapi_and_tells_nothing_of_a_patient() -> None:
    practice = Practice()

    said = practice.call().answer("transfer-to-human", {}, control_url=CONTROL_URL)

    assert said.text == "I am connecting you with the practice now. Please stay on the line."
    assert said.phi_fields == ()
    assert practice.control.asked == [(CONTROL_URL, "+12025550199")]


@pytest.mark.parametrize("control_url", [CONTROL_URL, None], ids=["refused", "no such address"])
def test_nobody_hears_of_a_connection_that_was_not_made(control_url: str | None) -> None:
    practice = Practice(control=Control(takes=False))

    said = practice.call().answer("transfer-to-human", {}, control_url=control_url)

    assert said.text.startswith("You are not connected yet.")
    assert "transferCall" in said.text
    assert "stay on the line" not in said.text


def test_a_practice_that_named_nobody_passes_no_call_on() -> None:
    practice = Practice(transfer_to=())

    said = practice.call().answer("transfer-to-human", {}, control_url=CONTROL_URL)

    assert said.text.startswith("Nobody can be reached")
    assert practice.control.asked == []


def test_notes_insurance_and_balance_are_told_shortly() -> None:
    practice = Practice()
    practice.desk.kept_notes = [Note(text="Prefers mornings.", at=NOW), Note(text="Old")]
    practice.desk.covers = [Coverage(provider="Delta Dental", policy="AB12345678")]
    practice.desk.owes = Balance(total="120.50", patient="20.50", insurance="100.00")
    call = practice.call()

    assert call.ask("get-patient-notes") == "Today: Prefers mornings. Old."
    assert call.ask("get-insurance") == (
        "The insurance on record is Delta Dental as primary, policy ending in 5678."
    )
    assert call.ask("get-balance") == (
        "The balance on record is 120.50. Of this, 20.50 is the patient's and 100.00 the insurer's."
    )


def test_a_note_and_a_payment_are_recorded_and_nothing_is_charged() -> None:
    practice = Practice()
    call = practice.call()

    call.ask("add-patient-note", content="Call back after 5 pm", category="phone")
    said = call.ask("process-payment", amount="$1,250.5", method="card", last4="4242")

    assert "Nothing was charged." in said
    assert [one.wish for one in practice.desk.sent] == [
        NewNote(patient_id="PAT-1001", text="Call back after 5 pm", note_kind="phone"),
        Payment(patient_id="PAT-1001", amount="1250.50", method="card", last4="4242"),
    ]


@pytest.mark.parametrize(
    ("heard", "amount"),
    [
        ("45", "45.00"),
        ("45,50", "45.50"),
        ("45.5", "45.50"),
        ("1,250", "1250.00"),
        ("$1,250.50", "1250.50"),
        ("1.250,50", "1250.50"),
        ("10,000.5 dollars", "10000.50"),
    ],
)
def test_a_comma_never_makes_an_amount_larger(heard: str, amount: str) -> None:
    practice = Practice()

    practice.call().ask("process-payment", amount=heard, method="card")

    assert [one.wish for one in practice.desk.sent] == [
        Payment(patient_id="PAT-1001", amount=amount, method="card")
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"amount": "1.250", "method": "card"}, "What amount was paid?"),
        ({"amount": "120 dollars and 50 cents", "method": "card"}, "What amount was paid?"),
        ({"amount": "1,2,3", "method": "card"}, "What amount was paid?"),
        ({"amount": "ten", "method": "card"}, "What amount was paid?"),
        ({"amount": "-5", "method": "card"}, "What amount was paid?"),
        ({"amount": "10"}, "How was it paid"),
        ({"amount": "10", "method": "card", "number": "4242 4242 4242 4242"}, "card numbers"),
    ],
    ids=str,
)
def test_a_payment_that_cannot_be_recorded_is_asked_about(
    arguments: dict[str, str], said: str
) -> None:
    practice = Practice()

    assert said in practice.call().ask("process-payment", **arguments)
    assert practice.desk.sent == []


def test_what_a_practice_cannot_do_is_answered_with_what_can_be_done() -> None:
    practice = Practice(abilities=frozenset({Ability.BOOK, Ability.CANCEL}))

    said = practice.call().ask("get-insurance")

    assert said == (
        "I cannot do that for this practice. I can make an appointment, cancel an appointment or"
        " connect you with somebody at the practice."
    )
    assert practice.desk.asked == []


def test_a_note_is_kept_to_its_last_word_or_asked_for_in_fewer() -> None:
    practice = Practice()
    call = practice.call()
    told = "I take two tablets at night. " * 40

    assert call.ask("add-patient-note", content=told).startswith("The note is in the record.")
    assert practice.desk.sent[-1].wish == NewNote(patient_id="PAT-1001", text=told.strip())

    assert call.ask("add-patient-note", content=told * 3) == (
        "That is too long to be written down. Could you say it in a few sentences?"
    )
    assert len(practice.desk.sent) == 1


@pytest.mark.parametrize("name", ["Ash (formerly Ames)", "Ash 2", "\U0001f600", "A" * 81, "-", "."])
def test_what_nobody_is_called_is_no_new_name(name: str) -> None:
    practice = Practice()

    said = practice.call().ask("update-patient", newLastName=name)

    assert said == "I did not get the new name. Could you spell it?"
    assert practice.desk.sent == []
