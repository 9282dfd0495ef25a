"""A caller looks for a time and makes an appointment, and hears only what is so."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.desk import Ability, Opening, Outcome, OutcomeUnknown, Receipt, Shift, Verdict
from domain.errors import Refused, Transient
from domain.tools import CALL_FOLLOWS, Told, under_way
from domain.window import Window, day_start
from domain.wishes import Booking
from domain.writes import Hold, WriteState
from tests.workers.tools.desk import (
    ANN_CALLS,
    BOB_CALLS,
    CHAIR,
    LEE,
    MONDAY,
    ORTIZ,
    ZONE,
    Practice,
    local,
)

NINE = "2026-11-23T09:00:00"
FALL = date(2027, 11, 7)
"""A Sunday, on which clocks go back from two to one."""


def wish(practice: Practice) -> Booking:
    found = practice.desk.sent[-1].wish
    assert isinstance(found, Booking)
    return found


def test_the_conversation_from_the_search_to_the_confirmation_number() -> None:
    practice = Practice()
    call = practice.call()

    assert call.ask("search-patients", query="Ann Ames").startswith(
        "I have found the record of Ann Ames."
    )
    assert call.ask("check-availability", date="2026-11-23") == (
        "I could offer Monday 23 November at 9 am, 9:45 am, 10:45 am or 11:30 am with Dr. Mona Lee,"
        " among others. Which would you like?"
    )
    said = call.answer("book-appointment", {"startTime": NINE, "appointmentType": "cleaning"})

    assert said.text == (
        "The appointment is confirmed for Monday 23 November at 9 am with Dr. Mona Lee. The"
        " confirmation number is K, 7, M, 0, 0, 0."
    )
    assert said.told is Told.CONFIRMED
    booked = wish(practice)
    assert (booked.patient_id, booked.start, booked.minutes) == ("PAT-1001", local(MONDAY, 9), 60)
    assert (booked.practitioner_id, booked.operatory_id) == (LEE.pms_id, CHAIR.pms_id)
    assert (booked.type_id, booked.type_name) == ("TY-1", "Cleaning")


@pytest.mark.parametrize(
    "arguments",
    [
        {"startTime": "2026-11-23T09:00:00Z"},
        {"start_time": "2026-11-23 09:00"},
        {"date": "2026-11-23", "time": "9 am"},
        {"date": "Monday", "time": "09:00"},
        {"date": "next Monday", "startTime": "9:00 AM"},
        {"date": "the day after tomorrow", "startTime": "nine o'clock"},
        {"date": "Monday at 9", "time": "9 in the morning"},
        {"date": "2026-11-23T00:00:00Z", "time": "9 am"},
        {"dateTime": "Monday at 9 am"},
        {"date": "11/23/2026", "time": "nine", "startTime": "2026-11-23T14:00:00+00:00"},
        {"appointment": {"date": "2026-11-23", "time": "9:00"}},
        {"DATE": "November 23rd", "Time": "9:00am", "duration": "30 minutes"},
        {"date": "2026-11-23", "weekday": "Monday", "time": "9:00", "provider": "Doctor Lee"},
        {"date": "2026-11-23", "time": "9:00", "providerId": "PROV-7", "patientId": "PAT-1001"},
    ],
    ids=str,
)
def test_a_time_is_understood_however_it_is_written(arguments: dict[str, object]) -> None:
    practice = Practice()
    if "+00:00" in str(arguments):
        arguments = {**arguments, "startTime": "2026-11-23T09:00:00+00:00"}

    practice.call().ask("book-appointment", **arguments)

    assert wish(practice).start == local(MONDAY, 9)


@pytest.mark.parametrize(
    "arguments",
    [
        {"time": "Monday at 9 am"},
        {"time": "2026-11-23T09:00:00"},
        {"date": {"day": "2026-11-23"}, "time": "9 am"},
        {"date": "Monday", "time": "9 am", "provider": {"id": "PROV-7", "name": "Dr. Lee"}},
        {"date": "Monday", "time": "9 am", "provider": "unknown", "type": "not specified"},
    ],
    ids=str,
)
def test_what_is_said_is_heard_wherever_a_model_puts_it(arguments: dict[str, Any]) -> None:
    practice = Practice()

    practice.call().ask("book-appointment", **arguments)

    assert wish(practice).start == local(MONDAY, 9)


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        ({}, "Which day and time would you like?"),
        ({"date": "2026-11-23"}, "Which time of that day would you like?"),
        ({"time": "9:00"}, "Which day would you like?"),
        ({"date": "Tuesday 2026-11-23", "time": "9:00"}, "That date is Monday 23 November"),
        ({"date": "Monday the 30th or so", "time": "9:00"}, "I did not understand the date."),
        ({"date": "Monday", "time": "9 or 10"}, "Which time of that day would you like?"),
        ({"date": "Monday at 2 pm", "time": "9:00"}, "Which time of that day would you like?"),
        ({"date": "Monday", "time": "midnight"}, "Is that the midnight with which that day begins"),
        ({"startTime": "2024-03-05T10:00"}, "today is Saturday 21 November 2026"),
        ({"startTime": "today at 10:15"}, "the earliest is today at 11 am"),
        ({"startTime": "2027-08-02T10:00"}, "I can only offer times until"),
        ({"startTime": NINE, "provider": "Dr. Nobody"}, "there are Dr. Mona Lee and Dr. Juan"),
        ({"startTime": {"a": 1}, "date": {"a": 1}}, "I did not understand the date."),
        ({"startTime": {}, "date": "not provided"}, "Which day and time would you like?"),
        ({"startTime": ["x"]}, "I did not understand the date."),
        ({"date": "2026-11-23", "time": "Tuesday 9 am"}, "Which day do you mean, Tuesday 24 Nov"),
        ({"date": "Monday", "time": "2026-11-24T09:00:00Z"}, "Which day do you mean, Tuesday 24"),
        ({"date": "Monday", "time": "tomorrow at 9"}, "Which day do you mean, tomorrow or Monday"),
        ({"date": "Monday", "time": "anytime"}, "Which time of that day would you like?"),
        ({"startTime": NINE, "provider": {"name": "Dr. Nobody"}}, "there are Dr. Mona Lee and"),
    ],
    ids=str,
)
def test_what_is_missing_or_unclear_is_asked_for_and_nothing_is_written(
    arguments: dict[str, object], question: str
) -> None:
    practice = Practice()

    said = practice.call().answer("book-appointment", arguments)

    assert question in said.text
    assert not said.is_error
    assert (practice.desk.sent, practice.writes.kept) == ([], {})


def test_a_time_that_is_taken_is_answered_with_the_nearest_free_ones() -> None:
    practice = Practice()
    practice.desk.add("PAT-1002", local(MONDAY, 9))

    said = practice.call().ask("book-appointment", startTime=NINE)

    assert said == (
        "I am sorry, Monday 23 November at 9 am is not free. I could offer Monday 23 November at"
        " 9:30 am, 9:45 am, 10 am or 10:15 am with Dr. Mona Lee. Which would you like?"
    )
    assert practice.desk.sent == []


@pytest.mark.parametrize("again", [False, True], ids=["first", "asked again"])
def test_where_no_text_can_be_sent_none_is_promised(*, again: bool) -> None:
    practice = Practice(can_text=False)
    practice.desk.takes = Receipt(number="7")
    call = practice.call()

    said = call.answer("book-appointment", {"startTime": NINE})
    if again:
        said = call.answer("book-appointment", {"startTime": "2026-11-23T10:00"})

    assert "text" not in said.text
    assert "not final yet" in said.text
    assert said.text.endswith(
        "Somebody at the practice will call you, or you can call back to ask."
    )


def test_a_time_that_is_held_for_another_caller_is_not_free() -> None:
    practice = Practice()
    bob = practice.call("+12025550178")
    practice.desk.takes = Receipt(number="7")
    assert "it is not final yet" in bob.ask("book-appointment", startTime=NINE)

    said = practice.call().ask("book-appointment", startTime=NINE)

    assert "is not free" in said
    assert len(practice.desk.sent) == 1


def test_a_time_that_is_taken_at_the_last_moment_is_answered_with_others() -> None:
    practice = Practice()
    call = practice.call()
    held = practice.writes.held
    window = Window(local(MONDAY, 9), local(MONDAY, 9, 30))
    key = practice.id
    practice.writes.holds[key] = Hold(practice="sikka/D1", window=window, resources=(LEE,))
    seen = iter([[], held(window), held(window)])
    practice.writes.held_by_others = lambda _window: next(seen)

    said = call.ask("book-appointment", startTime=NINE)

    assert "9 am is not free" in said
    assert practice.desk.sent == []


def test_a_day_without_times_is_answered_with_the_next_days_that_have_some() -> None:
    practice = Practice()

    said = practice.call().ask("check-availability", date="today")

    assert said.startswith("Nothing is free today. The next free times are Monday 23 November")
    assert len([one for one in practice.desk.asked if one == "shifts"]) <= 2


def test_two_weeks_without_a_time_are_said_so() -> None:
    practice = Practice()
    practice.desk.works = []

    said = practice.call().ask("check-availability", date="2026-12-24")

    assert "From then until Thursday 7 January 2027 I have nothing free." in said


@pytest.mark.parametrize(
    ("wished", "heard"),
    [
        ({"time": "10:30"}, "Yes, Monday 23 November at 10:30 am is free."),
        ({"time": "10:40"}, "10:40 am is not free. I could offer Monday 23 November at 10:15 am"),
        ({"time": "6 am"}, "I am sorry, Monday 23 November at 6 am is not free. I could offer"),
        ({"time": "as early as possible"}, "The earliest is Monday 23 November at 9 am with Dr."),
        ({"date": "the earliest possible"}, "The earliest is Monday 23 November at 9 am with"),
        ({"date": "as soon as possible"}, "The earliest is Monday 23 November at 9 am with"),
        ({"date": "the earliest possible", "provider": "Ortiz"}, "has nothing free."),
        ({"time": "10:30 in the morning"}, "Yes, Monday 23 November at 10:30 am is free."),
        ({"date": "Monday at half past ten"}, "Yes, Monday 23 November at 10:30 am is free."),
        ({"time": "after 10:30"}, "I could offer Monday 23 November at 10:30 am"),
        ({"time": "afternoon"}, "Nothing is free then. I could offer Monday 23 November at 9 am"),
        (
            {"time": "after school"},
            "Nothing is free then. I could offer Monday 23 November at 9 am",
        ),
        ({"time": "as late as possible"}, "at 10:45 am, 11 am, 11:15 am or 11:30 am"),
        ({"time": "10ish"}, "Yes, Monday 23 November at 10 am is free."),
        ({"time": "my usual time"}, "I did not understand the time. Is there a time that suits"),
        ({"time": "not in the morning"}, "I did not understand the time. Is there a time that"),
        ({"provider": "Ortiz"}, "Dr. Juan Ortiz has nothing free on Monday 23 November."),
        ({"type": "cleaning"}, "11 am with Dr. Mona Lee,"),
    ],
)
def test_availability_follows_the_wish(wished: dict[str, str], heard: str) -> None:
    said = Practice().call().ask("check-availability", **{"date": "2026-11-23", **wished})

    assert heard in said


@pytest.mark.parametrize("tool", ["check-availability", "book-appointment"])
@pytest.mark.parametrize("date", ["Monday or Tuesday", "Monday and Tuesday"])
def test_who_names_two_days_is_asked_which_comes_first(tool: str, date: str) -> None:
    said = Practice().call().ask(tool, date=date, time="9 am")

    assert said == (
        "I can look at one day at a time. Which one first, Monday 23 November or Tuesday 24"
        " November?"
    )


@pytest.mark.parametrize(
    "wished",
    [
        {"time": "earliest"},
        {"date": "first available"},
        {"time": "first thing"},
        {"time": "first thing in the morning"},
        {"date": "first thing Monday"},
    ],
    ids=str,
)
def test_who_would_book_the_earliest_hears_which_it_is_first(wished: dict[str, str]) -> None:
    practice = Practice()

    said = practice.call().ask("book-appointment", **{"date": "Monday", **wished})

    assert said == (
        "The earliest is Monday 23 November at 9 am with Dr. Mona Lee. Shall I make the"
        " appointment?"
    )
    assert practice.desk.sent == []


def test_the_free_slots_of_the_pms_are_offered_where_it_has_them() -> None:
    practice = Practice()
    span = Window(local(MONDAY, 14), local(MONDAY, 15))
    practice.desk.slots = [Opening(window=span, resources=(ORTIZ, CHAIR))]

    said = practice.call().ask("check-availability", date="2026-11-23")

    assert "I could offer Monday 23 November at 2 pm with Dr. Juan Ortiz." in said
    assert "shifts" not in practice.desk.asked


def test_times_are_offered_from_memory_for_a_minute_and_booked_from_the_book() -> None:
    practice = Practice()
    call = practice.call()
    call.ask("check-availability", date="2026-11-23")
    asked = len(practice.desk.asked)

    call.ask("check-availability", date="2026-11-23", time="10:00")
    assert len(practice.desk.asked) == asked

    practice.desk.add("PAT-1002", local(MONDAY, 9))
    assert "is not free" in call.ask("book-appointment", startTime=NINE)


def test_what_was_booked_a_moment_ago_is_not_offered_from_memory_once_a_sync_shows_it() -> None:
    practice = Practice()
    asking = practice.call()
    assert "9 am" in asking.ask("check-availability", date="2026-11-23")

    practice.call().ask("book-appointment", startTime=NINE)
    practice.writes.holds.clear()

    assert "9 am" not in asking.ask("check-availability", date="2026-11-23")


def test_a_second_booking_in_one_call_is_answered_with_the_first() -> None:
    practice = Practice()
    call = practice.call()
    call.ask("book-appointment", startTime=NINE)

    said = call.ask("book-appointment", startTime="2026-11-23T10:00:00")

    assert said == (
        "An appointment for Monday 23 November at 9 am with Dr. Mona Lee was made in this call"
        " already. Shall I move it instead?"
    )
    assert len(practice.desk.sent) == 1


def test_nobody_is_offered_a_move_where_the_practice_cannot_move() -> None:
    practice = Practice(abilities=frozenset(Ability) - {Ability.RESCHEDULE})
    call = practice.call()
    call.ask("book-appointment", startTime=NINE)

    said = call.ask("book-appointment", startTime="2026-11-23T10:00:00")

    assert said == (
        "An appointment for Monday 23 November at 9 am with Dr. Mona Lee was made in this call"
        " already. No more can be made in one call. Shall I connect you with somebody at the"
        " practice?"
    )


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("next week", "Which day of next week do you mean?"),
        ("this week", "Which day of this week do you mean?"),
        ("any day", "Which day do you mean?"),
        ("soon", "Which day do you mean?"),
    ],
)
def test_nobody_is_booked_moved_or_cancelled_on_a_day_they_have_not_named(
    said: str, asked: str
) -> None:
    """Who named a week was booked on its Monday, or today, and heard of the day afterwards."""
    practice = Practice()
    practice.time.now = local(MONDAY, 7)
    practice.desk.add("PAT-1001", local(MONDAY + timedelta(days=1), 9))
    call = practice.call()

    heard = {
        call.ask("book-appointment", date=said, time="10 am"),
        call.ask("reschedule-appointment", newDate=said, newTime="10 am"),
        call.ask("cancel-appointment", date=said),
    }

    assert heard == {asked}
    assert practice.desk.sent == []
    assert "do you mean" not in call.ask("check-availability", date=said)


def test_of_an_hour_that_comes_twice_in_a_night_only_the_first_is_offered() -> None:
    """Who was told that 1:30 is taken was offered 1:30."""
    practice = Practice()
    midnight = day_start(FALL, ZONE)
    practice.time.now = midnight - timedelta(hours=5)
    practice.rules = replace(practice.rules, slot_minutes=30)
    night = Window(midnight, midnight + timedelta(hours=4))
    practice.desk.works = [Shift(resource=one, window=night) for one in (LEE, CHAIR)]
    practice.call().ask("book-appointment", date="Sunday", time="1:30 am")

    said = practice.call(BOB_CALLS).ask("book-appointment", date="Sunday", time="1:30 am")

    assert said == (
        "I am sorry, tomorrow at 1:30 am is not free. I could offer tomorrow at midnight, 12:30 am,"
        " 1 am or 2 am with Dr. Mona Lee. Which would you like?"
    )


def test_shortly_before_midnight_days_are_told_whole() -> None:
    """What is said at 11:59 may be heard, and acted on, when tomorrow is another day."""
    practice = Practice()
    practice.time.now = local(MONDAY, 0) - timedelta(minutes=2)
    call = practice.call()

    said = call.ask("book-appointment", date="tomorrow", time="9:00")

    assert said.startswith("The appointment is confirmed for Monday 23 November at 9 am with Dr.")


def test_another_wish_of_a_call_whose_first_is_not_final_promises_a_text_of_that() -> None:
    practice = Practice()
    practice.desk.takes = Receipt(number="77")
    call = practice.call()
    first = call.answer("book-appointment", {"startTime": NINE})

    second = call.answer("book-appointment", {"startTime": f"{MONDAY}T10:00"})

    assert "was requested in this call already, and is not final yet" in second.text
    assert (second.told, second.write_id) == (Told.REQUESTED, first.write_id)
    assert len(practice.desk.sent) == 1


def test_a_tool_call_that_is_carried_out_again_has_one_effect_and_the_same_answer() -> None:
    practice = Practice()
    call = practice.call()
    first = call.answer("book-appointment", {"startTime": NINE})

    again = call.answer("book-appointment", {"startTime": NINE}, again=True)

    assert (again.text, again.write_id) == (first.text, first.write_id)
    assert len(practice.desk.sent) == 1


def test_what_the_practice_has_not_answered_yet_is_only_requested() -> None:
    practice = Practice()
    practice.desk.takes = Receipt(number="7")

    said = practice.call().answer("book-appointment", {"startTime": NINE})

    assert said.text == under_way(
        can_text=True, what="the appointment for Monday 23 November at 9 am with Dr. Mona Lee"
    )
    assert said.told is Told.REQUESTED
    assert said.write_id is not None


def test_an_answer_within_the_callers_patience_is_waited_for() -> None:
    practice = Practice()
    practice.desk.takes = Receipt(number="7")
    practice.desk.outcomes = [
        Outcome(verdict=Verdict.PENDING),
        Outcome(verdict=Verdict.PENDING),
        Outcome(verdict=Verdict.DONE),
    ]

    said = practice.call().answer("book-appointment", {"startTime": NINE})

    assert said.told is Told.CONFIRMED


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Refused("no"), Told.FAILED),
        (OutcomeUnknown("lost"), Told.REQUESTED),
        (Transient("could not be reached"), Told.FAILED),
        (RuntimeError("a bug"), Told.REQUESTED),
    ],
    ids=["refused", "answer lost", "not reached", "bug"],
)
def test_a_write_that_may_have_left_is_never_told_as_nothing(
    trouble: Exception, told: Told
) -> None:
    practice = Practice()
    practice.desk.takes = trouble

    said = practice.call().answer("book-appointment", {"startTime": NINE})

    assert said.told is told
    assert said.write_id is not None
    assert ("no appointment was made" in said.text) is (told is Told.FAILED)


def test_a_bug_on_the_way_is_logged_with_the_write_it_left_in_doubt() -> None:
    practice = Practice()
    practice.desk.takes = RuntimeError("Ann Ames of 12 Example St")

    with capture_logs() as lines:
        said = practice.call().answer("book-appointment", {"startTime": NINE})

    (line,) = [one for one in lines if one["event"] == "write.in_doubt"]
    assert line["write_id"] == str(said.write_id)
    assert (line["error_kind"], line["state"]) == ("RuntimeError", "unknown")
    assert line["exc_info"] is True
    assert "Ann" not in str({**line, "exc_info": None})


def test_who_has_cancelled_and_cannot_be_booked_anew_is_not_told_that_nothing_was_changed() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    call = practice.call()
    call.ask("cancel-appointment")
    practice.desk.takes = Refused("full")

    said = call.ask("book-appointment", date="Tuesday", time="10 am")

    assert said.startswith("The practice's system did not accept that, so no appointment was made.")


def test_another_time_may_be_tried_after_a_refusal() -> None:
    practice = Practice()
    call = practice.call()
    practice.desk.takes = Refused("no")
    call.ask("book-appointment", startTime=NINE)

    practice.desk.takes = Receipt(is_final=True)
    said = call.answer("book-appointment", {"startTime": "2026-11-23T10:00:00"})

    assert said.told is Told.CONFIRMED
    states = [one.state for one in practice.writes.kept.values()]
    assert states == [WriteState.FAILED, WriteState.CONFIRMED]


def test_who_cannot_prove_who_they_are_books_nothing() -> None:
    practice = Practice()

    said = practice.call("+12025559999").ask(
        "book-appointment", startTime=NINE, patientId="PAT-1001"
    )

    assert said == "May I have the full name and date of birth of the patient?"
    assert (practice.desk.sent, practice.writes.kept) == ([], {})


def test_a_caller_with_the_name_and_birthday_books_from_any_number() -> None:
    practice = Practice()

    said = practice.call(None).answer(
        "book-appointment",
        {
            "startTime": NINE,
            "firstName": "ann",
            "lastName": "AMES",
            "dateOfBirth": "March 2, 1985",
        },
    )

    assert said.told is Told.CONFIRMED
    assert wish(practice).patient_id == "PAT-1001"
    assert practice.desk.people["PAT-1001"].phones == (ANN_CALLS,)


@pytest.mark.parametrize("takes", [Receipt(number="7"), OutcomeUnknown("lost")], ids=str)
def test_who_was_cut_off_and_calls_again_hears_of_the_first_request(
    takes: Receipt | OutcomeUnknown,
) -> None:
    practice = both_work()
    practice.desk.takes = takes
    practice.call().ask("book-appointment", startTime=NINE)

    said = practice.call().answer("book-appointment", {"startTime": NINE})

    assert said.text == (
        "The appointment for Monday 23 November at 9 am with Dr. Mona Lee was requested at the"
        f" practice already, and is not final yet. {CALL_FOLLOWS}"
    )
    assert said.told is Told.REQUESTED
    assert len(practice.desk.sent) == 1


@pytest.mark.parametrize("is_shown", [True, False], ids=["shown", "not shown yet"])
@pytest.mark.parametrize("other", [{"time": "9:15"}, {"time": "9:00", "provider": "Ortiz"}])
def test_nobody_is_booked_twice_at_one_time(other: dict[str, str], *, is_shown: bool) -> None:
    practice = booked_at_nine(is_shown=is_shown)

    said = practice.call().ask("book-appointment", date="Monday", **other)

    assert said == (
        "The patient has an appointment at that time already: Monday 23 November at 9 am with Dr."
        " Mona Lee. Would you like any other time?"
    )
    assert len(practice.desk.sent) == 1


@pytest.mark.parametrize("is_shown", [True, False], ids=["shown", "not shown yet"])
def test_who_was_cut_off_and_asks_again_hears_that_it_was_booked(*, is_shown: bool) -> None:
    practice = booked_at_nine(is_shown=is_shown)

    said = practice.call().answer("book-appointment", {"startTime": NINE})

    assert said.text == (
        "That was done already. The appointment is confirmed for Monday 23 November at 9 am with"
        " Dr. Mona Lee. The confirmation number is K, 7, M, 0, 0, 0."
    )
    assert said.told is Told.CONFIRMED
    assert len(practice.desk.sent) == 1


def booked_at_nine(*, is_shown: bool) -> Practice:
    """In a call before."""
    practice = both_work()
    practice.call().ask("book-appointment", startTime=NINE, provider="Lee")
    if not is_shown:
        practice.desk.book.clear()
    else:
        practice.writes.holds.clear()
    return practice


def test_another_time_of_that_day_is_booked_besides() -> None:
    practice = both_work()
    practice.call().ask("book-appointment", startTime=NINE)

    said = practice.call().answer("book-appointment", {"startTime": "2026-11-23T10:00"})

    assert said.told is Told.CONFIRMED


def test_the_same_wish_again_in_a_call_is_told_with_its_number() -> None:
    practice = Practice()
    call = practice.call()
    first = call.ask("book-appointment", startTime=NINE)

    assert call.ask("book-appointment", date="Monday", time="9 am") == (
        f"That was done already. {first}"
    )
    assert len(practice.desk.sent) == 1


def both_work() -> Practice:
    """A practice where at nine either doctor is free, each with a room."""
    practice = Practice()
    room = replace(CHAIR, pms_id="OP-4")
    span = Window(local(MONDAY, 9), local(MONDAY, 12))
    practice.desk.works += [Shift(resource=one, window=span) for one in (ORTIZ, room)]
    return practice


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (
            {"startTime": NINE, "date": "2026-11-24"},
            "Which day do you mean, Monday 23 November or Tuesday 24 November?",
        ),
        (
            {"startTime": NINE, "weekday": "Tuesday"},
            "That date is Monday 23 November, not a Tuesday",
        ),
        ({"startTime": "2026-11-23T14:00:00Z", "time": "9 am"}, "Which time of that day"),
        ({"startTime": NINE, "timeOfDay": "afternoon"}, "Which time of that day"),
        ({"date": "Monday", "time": "9 am PST"}, "Times are told on the practice's own clock"),
        ({"startTime": "Monday at 9 am Pacific"}, "I did not understand the date."),
        ({"startTime": "Monday at 9 CST"}, "Times are told on the practice's own clock"),
        (
            {"date": "Monday", "time": "9:00", "duration": "30 or 60 minutes"},
            "How long shall it be",
        ),
        ({"date": "Monday", "time": "9:00", "duration": "an hour and a half"}, "How long shall it"),
    ],
    ids=str,
)
def test_what_is_told_in_two_ways_is_asked_about(
    arguments: dict[str, object], question: str
) -> None:
    practice = Practice()

    said = practice.call().answer("book-appointment", arguments)

    assert question in said.text
    assert practice.desk.sent == []


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ("1 hour 30 minutes", 90),
        ("1h30", 90),
        ("half an hour", 30),
        ("an hour", 60),
        ("90 min", 90),
        ("two hours", 120),
    ],
)
def test_a_length_in_hours_and_minutes_is_all_of_it(duration: str, minutes: int) -> None:
    practice = Practice()

    practice.call().ask("book-appointment", startTime=NINE, duration=duration)

    assert wish(practice).minutes == minutes


def test_a_time_with_its_offset_is_offered_as_it_would_be_booked() -> None:
    call = Practice().call()
    elsewhere = "2026-11-23T06:30:00-08:00"

    offered = call.ask("check-availability", startTime=elsewhere)

    assert offered.startswith("Yes, Monday 23 November at 9:30 am is free.")
    assert "at 9:30 am" in call.ask("book-appointment", startTime=elsewhere)


def test_after_midnight_tomorrow_is_asked_about_and_days_are_told_whole() -> None:
    practice = Practice()
    practice.time.now = local(MONDAY, 0, 20)
    call = practice.call()
    offered = call.ask("check-availability", date="tomorrow")
    asked = call.ask("book-appointment", date="tomorrow", time="9:00")
    weekday = call.ask("book-appointment", date="Monday", time="9:00")

    said = call.ask("book-appointment", date="tomorrow, Tuesday", time="9:00")

    assert offered.startswith("I could offer Tuesday 24 November at 9 am")
    assert asked == "Which day do you mean, Monday 23 November or Tuesday 24 November?"
    assert weekday == "Which day do you mean, Monday 23 November or Monday 30 November?"
    assert said.startswith("The appointment is confirmed for Tuesday 24 November at 9 am with Dr.")


def test_the_part_of_the_day_that_is_said_with_the_day_counts_for_the_time() -> None:
    practice = Practice()
    span = Window(local(MONDAY, 7), local(MONDAY, 21))
    practice.desk.works = [Shift(resource=one, window=span) for one in (LEE, CHAIR)]
    call = practice.call()
    evening = {"date": "Monday evening", "time": "7:00"}

    assert call.ask("check-availability", **evening).startswith(
        "Yes, Monday 23 November at 7 pm is free."
    )
    assert call.ask("book-appointment", **evening).startswith(
        "The appointment is confirmed for Monday 23 November at 7 pm with Dr. Mona Lee."
    )


def test_a_full_fortnight_says_nothing_of_the_days_before_it() -> None:
    said = Practice().call().ask("check-availability", date="2026-11-30")

    assert said == (
        "Nothing is free on Monday 30 November. From then until Monday 14 December I have nothing"
        " free. Shall I look at another date, or connect you with the practice?"
    )
