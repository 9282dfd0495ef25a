"""What a caller asks for again is not sent again: they hear what became of it."""

from datetime import date
from typing import Any

import pytest

from domain.desk import Balance, OutcomeUnknown, Receipt
from domain.errors import Refused
from domain.tools import CALL_FOLLOWS, TEXT_FOLLOWS, Told
from domain.verification import ONLY_HUMAN
from tests.workers.tools.desk import MONDAY, Call, Practice, local

FAY = {"name": "Fay van Dyk", "dob": "1999-09-09"}
ALREADY = "was requested at the practice already, and is not final yet."
THERE_ALREADY = (
    "The patient has an appointment at that time already: Tuesday 24 November at 10 am with"
    " Dr. Mona Lee. Would you like any other time?"
)
ASKED: dict[str, dict[str, Any]] = {
    "create-patient": FAY,
    "cancel-appointment": {},
    "reschedule-appointment": {"newStart": "2026-11-23T10:30"},
    "add-patient-note": {"content": "Please call me back."},
    "process-payment": {"amount": "40", "method": "cash"},
    "update-patient": {"newPhone": "202-555-0188"},
}


def lagging() -> tuple[Practice, Call]:
    """A practice whose copy of the book does not show what was written; a call of Ann's."""
    practice = Practice()
    practice.desk.owes = Balance(total="40.00")
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    return practice, practice.call()


@pytest.mark.parametrize("tool", ASKED)
@pytest.mark.parametrize("takes", [Receipt(number="8"), OutcomeUnknown("lost")], ids=str)
def test_what_is_requested_is_not_sent_twice_in_one_call(
    tool: str, takes: Receipt | OutcomeUnknown
) -> None:
    practice, call = lagging()
    practice.desk.takes = takes

    first = call.answer(tool, ASKED[tool])
    second = call.answer(tool, ASKED[tool])

    assert len(practice.desk.sent) == 1
    assert second.text.endswith(f"{ALREADY} {TEXT_FOLLOWS}")
    assert (second.told, second.write_id) == (Told.REQUESTED, first.write_id)


@pytest.mark.parametrize("tool", ["add-patient-note", "process-payment", "update-patient"])
def test_what_is_done_is_not_done_twice_in_one_call(tool: str) -> None:
    practice, call = lagging()

    first = call.ask(tool, **ASKED[tool])
    second = call.ask(tool, **ASKED[tool])

    assert second == f"That was done already. {first}"
    assert len(practice.desk.sent) == 1


def test_a_reason_in_other_words_is_no_other_cancellation() -> None:
    practice, call = lagging()
    practice.desk.takes = Receipt(number="8")

    call.ask("cancel-appointment", reason="ill")
    call.ask("cancel-appointment", reason="Caller is sick")

    assert len(practice.desk.sent) == 1


@pytest.mark.parametrize("tool", ["cancel-appointment", "reschedule-appointment"])
def test_what_another_call_has_requested_is_not_sent_again(tool: str) -> None:
    practice, call = lagging()
    practice.desk.takes = Receipt(number="8")
    call.ask(tool, **ASKED[tool])

    said = practice.call().ask(tool, **ASKED[tool])

    assert said.endswith(f"{ALREADY} {CALL_FOLLOWS}")
    assert len(practice.desk.sent) == 1


def test_what_another_call_has_cancelled_is_not_cancelled_again() -> None:
    practice, call = lagging()
    stale = practice.desk.book[0]
    first = call.ask("cancel-appointment")
    practice.desk.book[0] = stale

    assert practice.call().ask("cancel-appointment") == f"That was done already. {first}"
    assert len(practice.desk.sent) == 1


@pytest.mark.parametrize("is_shown", [False, True], ids=["not shown yet", "shown"])
@pytest.mark.parametrize("is_same_call", [True, False], ids=["same", "another"])
def test_who_asks_for_their_move_again_by_where_it_was_hears_that_it_is_done(
    *, is_shown: bool, is_same_call: bool
) -> None:
    """Its answer was lost, and the assistant repeats what it asked for."""
    practice, call = lagging()
    again = call if is_same_call else practice.call()
    wish = {"currentDate": "Monday", "newDate": "Tuesday", "newTime": "10 am"}
    first = call.ask("reschedule-appointment", **wish)
    if is_shown:
        practice.writes.holds.clear()

    said = again.answer("reschedule-appointment", wish)

    assert said.text == (THERE_ALREADY if is_shown else f"That was done already. {first}")
    assert len(practice.desk.sent) == 1


def test_a_day_without_an_appointment_is_asked_about_where_none_stands_at_the_new_time() -> None:
    _, call = lagging()

    said = call.ask(
        "reschedule-appointment", currentDate="Tuesday", newDate="Wednesday", newTime="10"
    )

    assert said == "I can see no appointment on that day. Which day is it on?"


def test_another_patient_another_note_and_another_time_are_new() -> None:
    practice, call = lagging()
    practice.desk.takes = Receipt(number="8")
    call.ask("create-patient", **FAY)
    call.ask("create-patient", name="Flo van Dyk", dob="1999-09-09")
    call.ask("add-patient-note", content="One.")
    call.ask("add-patient-note", content="Two.")

    assert len(practice.desk.sent) == 4


def test_what_came_to_nothing_may_be_asked_for_again() -> None:
    practice, call = lagging()
    practice.desk.takes = Refused("The practice refused.")
    call.ask("cancel-appointment")
    practice.desk.takes = Receipt(is_final=True)

    assert call.answer("cancel-appointment", {}).told is Told.CONFIRMED
    assert len(practice.desk.sent) == 2


def test_a_number_that_was_changed_may_be_changed_back() -> None:
    practice, call = lagging()
    for number in ("202-555-0188", "202-555-0189", "202-555-0188"):
        call.ask("update-patient", newPhone=number)

    assert len(practice.desk.sent) == 3


def test_a_name_is_the_same_however_it_is_written() -> None:
    practice, call = lagging()
    practice.desk.takes = Receipt(number="8")
    born = date(1999, 9, 9).isoformat()
    call.ask("create-patient", firstName="FAY", lastName="Van Dyk", dateOfBirth=born)
    call.ask("create-patient", firstName="Fay", lastName="van dyk", dob="September 9, 1999")

    assert len(practice.desk.sent) == 1


def test_a_move_to_where_it_is_sends_nothing() -> None:
    practice, call = lagging()

    said = call.ask("reschedule-appointment", newStart="2026-11-23T09:00")

    assert said == (
        "It is at that time already: Monday 23 November at 9 am with Dr. Mona Lee. Would you like"
        " any other time?"
    )
    assert practice.desk.sent == []


def test_registering_twice_is_no_guess_at_who_somebody_is() -> None:
    practice, call = lagging()
    practice.desk.takes = Receipt(number="8")
    for _ in range(5):
        call.ask("create-patient", **FAY)

    assert call.proofs.attempts == 1


@pytest.mark.parametrize(
    "takes", [Receipt(number="8"), OutcomeUnknown("lost"), Receipt(is_final=True)], ids=str
)
def test_who_calls_again_is_not_registered_twice(takes: Receipt | OutcomeUnknown) -> None:
    practice, call = lagging()
    practice.desk.takes = takes
    first = call.ask("create-patient", **FAY)
    known = {one: card for one, card in practice.desk.people.items() if one < "PAT-2000"}
    practice.desk.people = known

    again = practice.call()
    said = again.answer("create-patient", FAY)

    assert len(practice.desk.sent) == 1
    if said.told is Told.CONFIRMED:
        assert said.text == f"That was done already. {first}"
    else:
        assert said.text.endswith(f"{ALREADY} {CALL_FOLLOWS}")
    assert again.proofs.attempts == 1


def test_a_registration_of_another_call_is_not_found_by_guessing_birthdays() -> None:
    practice, call = lagging()
    call.ask("create-patient", **FAY)
    stranger = practice.call(None)
    for day in range(1, 4):
        stranger.ask("search-patients", name="Fay van Dyk", dob=f"1999-09-0{day}")

    said = stranger.answer("create-patient", {**FAY, "phone": "202-555-0111"})

    assert said.text == ONLY_HUMAN
    assert stranger.proofs.patient_ids == frozenset()
