"""What was asked for and is not final yet: neither there nor nothing, and never passed over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.desk import OutcomeUnknown, Receipt, Shift
from domain.errors import Refused
from domain.tools import CALL_FOLLOWS, TEXT_FOLLOWS, Told
from domain.verification import NOT_FOUND, ONLY_HUMAN
from domain.window import Window
from domain.wishes import Booking, Cancellation, Move
from domain.writes import KeptWrite, WriteState
from tests.workers.tools.desk import (
    CHAIR,
    FAMILY_CALLS,
    MONDAY,
    ORTIZ,
    Call,
    Practice,
    local,
)
from workers.calls.identity import REGISTERING

FAY = {"firstName": "Fay", "lastName": "van Dyk", "dateOfBirth": "1999-09-09"}
FAR = MONDAY + timedelta(days=45)
ASKED_FOR = "The appointment for Monday 23 November at 9 am with Dr. Mona Lee was requested"
MOVE_ASKED_FOR = "The move to Tuesday 24 November at 10 am with Dr. Mona Lee was requested"
THE_OTHER = "Thursday 7 January 2027 at 10 am with Dr. Mona Lee"
NOT_YET = (
    ", and is not final yet, so it cannot be changed just now. Shall I try again in a minute, or"
    " connect you with somebody at the practice?"
)
TAKES = pytest.mark.parametrize(
    "takes", [Receipt(number="8"), OutcomeUnknown("lost")], ids=["taken on", "in doubt"]
)
CHANGES = pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("cancel-appointment", {}),
        ("reschedule-appointment", {"newDate": "Wednesday", "newTime": "11 am"}),
    ],
    ids=["cancelled", "moved"],
)
SAME_CALL = pytest.mark.parametrize("is_same_call", [True, False], ids=["same", "another"])


def booked(takes: Receipt | OutcomeUnknown) -> tuple[Practice, Call]:
    """Ann has asked for Monday at nine, and nobody can say yet what became of it."""
    practice = Practice()
    practice.desk.takes = takes
    call = practice.call()
    call.ask("book-appointment", date="Monday", time="9 am")
    practice.desk.takes = Receipt(is_final=True)
    return practice, call


def moved(takes: Receipt | OutcomeUnknown) -> tuple[Practice, Call]:
    """Ann has asked for her visit on Monday at nine to be moved to Tuesday at ten."""
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.takes = takes
    call = practice.call()
    call.ask("reschedule-appointment", newDate="Tuesday", newTime="10 am")
    practice.desk.takes = Receipt(is_final=True)
    return practice, call


def changes(practice: Practice) -> int:
    return sum(isinstance(one.wish, Cancellation | Move) for one in practice.desk.sent)


@TAKES
@CHANGES
@SAME_CALL
def test_no_other_appointment_is_taken_for_one_that_was_just_asked_for(
    takes: Receipt | OutcomeUnknown, tool: str, given: dict[str, Any], *, is_same_call: bool
) -> None:
    practice, call = booked(takes)
    practice.desk.add("PAT-1001", local(FAR, 10))

    said = (call if is_same_call else practice.call()).ask(tool, **given)

    assert said == (
        f"{ASKED_FOR}, and is not final yet. There is another one, {THE_OTHER}. Which one do you"
        " mean?"
    )
    assert changes(practice) == 0


@TAKES
@CHANGES
def test_what_was_just_asked_for_is_told_as_not_final_and_not_as_nothing(
    takes: Receipt | OutcomeUnknown, tool: str, given: dict[str, Any]
) -> None:
    practice, call = booked(takes)

    assert call.ask(tool, **given) == f"{ASKED_FOR}{NOT_YET}"
    assert changes(practice) == 0


@pytest.mark.parametrize(
    "words", [{"date": "Monday"}, {"time": "9 am"}, {"provider": "Lee", "date": "Monday"}], ids=str
)
def test_what_is_not_final_is_named_by_its_words(words: dict[str, str]) -> None:
    practice, call = booked(Receipt(number="8"))
    practice.desk.add("PAT-1001", local(FAR, 10))

    assert call.ask("cancel-appointment", **words) == f"{ASKED_FOR}{NOT_YET}"
    assert call.ask("cancel-appointment", date=FAR.isoformat()) == (
        f"This appointment is cancelled: {THE_OTHER}. The confirmation number is K, 7, M, 0, 0, 1."
    )


def test_what_the_book_shows_sooner_than_we_are_told_is_no_second_appointment() -> None:
    practice, call = booked(Receipt(number="8"))
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    assert call.ask("cancel-appointment") == f"{ASKED_FOR}{NOT_YET}"
    assert "not final" not in call.ask("get-patient-info")
    assert changes(practice) == 0


def test_of_a_household_only_the_one_it_was_asked_for_is_held_up() -> None:
    practice = Practice()
    practice.desk.add("PAT-1004", local(FAR, 10))
    practice.desk.takes = Receipt(number="8")
    call = practice.call(FAMILY_CALLS)
    call.ask("book-appointment", date="Monday", time="9 am", firstName="Cleo")
    practice.desk.takes = Receipt(is_final=True)

    said = call.ask("cancel-appointment", firstName="Dora")

    assert said.startswith(f"This appointment is cancelled: {THE_OTHER}")


@TAKES
@CHANGES
@SAME_CALL
def test_a_second_change_waits_for_the_end_of_the_first(
    takes: Receipt | OutcomeUnknown, tool: str, given: dict[str, Any], *, is_same_call: bool
) -> None:
    practice, call = moved(takes)

    said = (call if is_same_call else practice.call()).ask(tool, **given)

    assert said == f"{MOVE_ASKED_FOR}{NOT_YET}"
    assert changes(practice) == 1


@pytest.mark.parametrize("day", ["Monday", "Tuesday"])
def test_what_is_being_moved_is_known_by_either_day(day: str) -> None:
    practice, call = moved(Receipt(number="8"))

    assert call.ask("cancel-appointment", date=day) == f"{MOVE_ASKED_FOR}{NOT_YET}"
    assert changes(practice) == 1


def test_what_is_being_moved_is_not_told_to_be_where_it_was() -> None:
    _, call = moved(Receipt(number="8"))

    said = call.ask("reschedule-appointment", newDate="Monday", newTime="9 am")

    assert said == f"{MOVE_ASKED_FOR}{NOT_YET}"


def test_the_very_move_that_is_under_way_is_told_of_when_it_is_asked_for_again() -> None:
    practice, call = moved(Receipt(number="8"))

    said = call.answer("reschedule-appointment", {"newDate": "Tuesday", "newTime": "10 am"})

    assert said.text == (
        f"{MOVE_ASKED_FOR} at the practice already, and is not final yet. {TEXT_FOLLOWS}"
    )
    assert said.told is Told.REQUESTED
    assert changes(practice) == 1


def test_a_caller_hears_what_is_not_final_among_what_comes() -> None:
    for practice, asked in (
        (booked(Receipt(number="8"))[0], ASKED_FOR),
        (moved(Receipt(number="8"))[0], MOVE_ASKED_FOR),
    ):
        said = practice.call().ask("get-patient-info")

        assert f"{asked}, and is not final yet." in said
        assert "no appointment coming up" not in said


def cancelled(takes: Receipt) -> tuple[Practice, Call]:
    """Ann has asked for her visit on Monday at nine to be cancelled."""
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.takes = takes
    call = practice.call()
    call.ask("cancel-appointment")
    return practice, call


def asked_for(make: Callable[[Receipt], tuple[Practice, Call]]) -> tuple[Practice, KeptWrite]:
    """What Ann has asked for, and was promised word of."""
    practice, _ = make(Receipt(number="8"))
    kept = list(practice.writes.kept.values())[-1]
    practice.writes.promised.add(kept.id)
    return practice, kept


CANCELLED = "The cancellation of the appointment for Monday 23 November at 9 am was requested"


@pytest.mark.parametrize(
    ("make", "done", "not_done"),
    [
        (booked, "The next appointment is Monday", f"{ASKED_FOR}, and could not be made."),
        (moved, "The next appointment is Tuesday", f"{MOVE_ASKED_FOR}, and could not be made."),
        (cancelled, f"{CANCELLED}, and is done.", f"{CANCELLED}, and could not be made."),
    ],
    ids=["booked", "moved", "cancelled"],
)
def test_who_calls_to_ask_hears_how_it_ended(
    make: Callable[[Receipt], tuple[Practice, Call]], done: str, not_done: str
) -> None:
    for state, words in ((WriteState.CONFIRMED, done), (WriteState.FAILED, not_done)):
        practice, kept = asked_for(make)
        before = practice.call().answer("get-patient-info", {})
        is_done = state is WriteState.CONFIRMED
        pms_id = practice.desk.do(kept.write) if is_done else kept.pms_id
        practice.writes.settle(kept, state, pms_id=pms_id)

        said = practice.call().answer("get-patient-info", {})

        assert words in said.text and "not final" not in said.text
        assert (before.heard, said.heard) == ((), (kept.id,))


def test_what_was_asked_for_again_since_has_no_end_yet() -> None:
    practice, kept = asked_for(booked)
    practice.writes.settle(kept, WriteState.FAILED)
    practice.desk.takes = Receipt(number="9")
    practice.call().ask("book-appointment", date="Monday", time="9 am")

    said = practice.call().answer("get-patient-info", {})

    assert "is not final yet" in said.text and "could not be made" not in said.text
    assert said.heard == ()


def test_what_the_practice_has_changed_since_is_not_told_as_it_ended() -> None:
    practice, kept = asked_for(booked)
    pms_id = practice.desk.do(kept.write)
    practice.writes.settle(kept, WriteState.CONFIRMED, pms_id=pms_id)
    practice.writes.holds.clear()
    practice.desk.book[-1] = replace(practice.desk.book[-1], start=local(FAR, 10))

    said = practice.call().answer("get-patient-info", {})

    assert "Thursday 7 January" in said.text
    assert said.heard == ()


def test_nobody_is_booked_over_what_another_call_has_asked_for_them() -> None:
    practice, _ = booked(Receipt(number="8"))
    span = Window(local(MONDAY, 9), local(MONDAY, 12))
    room = Shift(resource=CHAIR, window=span)
    practice.desk.works += [Shift(resource=ORTIZ, window=span), room]
    practice.writes.holds.clear()

    said = practice.call().ask("book-appointment", date="Monday", time="9:15", provider="Ortiz")

    assert said == (f"{ASKED_FOR} at the practice already, and is not final yet. {CALL_FOLLOWS}")
    assert sum(isinstance(one.wish, Booking) for one in practice.desk.sent) == 1


@pytest.mark.parametrize("is_shown", [True, False], ids=["shown", "not shown yet"])
@pytest.mark.parametrize("time", ["9 am", "10:30 am", "11 am"])
def test_a_booking_that_was_moved_in_the_call_is_told_where_it_is_now(
    time: str, *, is_shown: bool
) -> None:
    practice = Practice()
    call = practice.call()
    call.ask("book-appointment", date="Monday", time="9 am")
    call.ask("reschedule-appointment", newDate="Monday", newTime="10:30 am")
    if is_shown:
        practice.writes.holds.clear()

    said = call.answer("book-appointment", {"date": "Monday", "time": time})

    assert said.text == (
        "An appointment for Monday 23 November at 10:30 am with Dr. Mona Lee was made in this call"
        " already. Shall I move it instead?"
    )
    assert said.told is None


def test_a_booking_that_is_being_moved_is_told_as_that() -> None:
    practice = Practice()
    call = practice.call()
    call.ask("book-appointment", date="Monday", time="9 am")
    practice.desk.takes = Receipt(number="8")
    call.ask("reschedule-appointment", newDate="Tuesday", newTime="10 am")

    said = call.answer("book-appointment", {"date": "Monday", "time": "9 am"})

    assert said.text == (
        f"{MOVE_ASKED_FOR} at the practice already, and is not final yet. {TEXT_FOLLOWS}"
    )
    assert said.told is Told.REQUESTED


def test_a_booking_whose_move_was_refused_stands_where_it_was() -> None:
    practice = Practice()
    call = practice.call()
    first = call.ask("book-appointment", date="Monday", time="9 am")
    practice.desk.takes = Refused("no")
    call.ask("reschedule-appointment", newDate="Tuesday", newTime="10 am")

    said = call.ask("book-appointment", date="Monday", time="9 am")

    assert said == f"That was done already. {first}"


def test_a_second_child_is_not_offered_the_time_of_the_first() -> None:
    practice = Practice()
    call = practice.call(FAMILY_CALLS)
    call.ask("book-appointment", date="Monday", time="9 am", firstName="Cleo")

    said = call.ask("book-appointment", date="Monday", time="10 am", firstName="Dora")

    assert said == (
        "One appointment was asked for in this call already, and no more can be. For somebody else"
        " please call again; or shall I connect you with somebody at the practice?"
    )
    assert len(practice.desk.sent) == 1


def registering() -> tuple[Practice, Call]:
    """A call that has asked for Fay to be registered; nobody can say yet what became of it."""
    practice = Practice()
    practice.desk.takes = Receipt(number="8")
    call = practice.call(None)
    call.ask("create-patient", **FAY, phone="202-555-0111")
    practice.desk.takes = Receipt(is_final=True)
    return practice, call


def test_who_is_being_registered_is_not_told_that_there_is_no_such_patient() -> None:
    practice, call = registering()
    tried = call.proofs.attempts

    for _ in range(4):
        assert call.ask("book-appointment", date="Monday", time="9 am", **FAY) == REGISTERING

    assert call.proofs.attempts == tried
    assert len(practice.desk.sent) == 1


@SAME_CALL
def test_who_was_registered_since_books_before_the_practice_shows_them(
    *, is_same_call: bool
) -> None:
    practice, call = registering()
    kept = next(iter(practice.writes.kept.values()))
    practice.writes.settle(kept, WriteState.CONFIRMED, pms_id="PAT-77")
    then = call if is_same_call else practice.call(None)

    said = then.answer("book-appointment", {"date": "Monday", "time": "9 am", **FAY})

    assert said.told is Told.CONFIRMED
    assert said.patient_id == "PAT-77"
    assert then.proofs.attempts == is_same_call


def test_who_calls_again_while_being_registered_hears_so_for_the_price_of_a_guess() -> None:
    practice, _ = registering()
    other = practice.call(None)

    assert other.ask("book-appointment", date="Monday", time="9 am", **FAY) == REGISTERING
    assert other.proofs.attempts == 1


def test_a_registration_is_found_by_no_other_name_or_birthday() -> None:
    _, call = registering()

    for one in ({**FAY, "firstName": "Flo"}, {**FAY, "dateOfBirth": "1999-09-08"}):
        assert call.ask("search-patients", **one) in {NOT_FOUND, ONLY_HUMAN}
    assert call.proofs.patient_ids == frozenset()
