"""Which of a patient's appointments a caller means, and which of them are none any more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.appointments import Status
from domain.desk import Ability, Receipt, Shift
from domain.tools import CALL_FOLLOWS, TEXT_FOLLOWS, Told
from domain.window import Window
from domain.wishes import Cancellation, Move
from domain.writes import SHOWN_AFTER
from tests.workers.tools.desk import MONDAY, ORTIZ, Call, Practice, local

FAR = MONDAY + timedelta(days=45)
ELEVEN = {"newDate": "Monday", "newTime": "11 am"}


def seen_late() -> tuple[Practice, Call]:
    """A practice whose copy of the book stays as it is, with one appointment of Ann's."""
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.shows = list(practice.desk.book)
    return practice, practice.call()


def two_on_monday() -> Practice:
    """At 9 with Dr. Lee, at 11 with Dr. Ortiz."""
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    made = practice.desk.add("PAT-1001", local(MONDAY, 11))
    practice.desk.book[-1] = replace(
        made, practitioner_id=ORTIZ.pms_id, practitioner_name=ORTIZ.name
    )
    return practice


def sent(practice: Practice) -> list[str]:
    """The appointments that something was done to."""
    wishes = [one.wish for one in practice.desk.sent]
    return [one.appointment_id for one in wishes if isinstance(one, Cancellation | Move)]


@pytest.mark.parametrize("is_same_call", [True, False], ids=["same call", "another call"])
def test_what_was_just_cancelled_is_not_moved(*, is_same_call: bool) -> None:
    practice, call = seen_late()
    call.ask("cancel-appointment")

    said = (call if is_same_call else practice.call()).answer("reschedule-appointment", ELEVEN)

    assert said.text == (
        "This appointment was cancelled already: Monday 23 November at 9 am with Dr. Mona Lee. So"
        " it cannot be moved. Shall I look for a time for a new one?"
    )
    assert said.told is None
    assert len(practice.desk.sent) == 1


@pytest.mark.parametrize(
    "wished",
    [
        {"newDate": "Tuesday", "newTime": "same time"},
        {"newDate": "Tuesday", "newTime": "at the same time"},
        {"newDate": "the same time on Tuesday"},
        {"newStartTime": "Tuesday at the same time of day"},
        {"date": "Tuesday", "time": "the same time"},
    ],
    ids=str,
)
def test_who_wants_the_same_time_on_another_day_keeps_it(wished: dict[str, str]) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9, 30))

    said = practice.call().ask("reschedule-appointment", **wished)

    assert said.startswith("The new time is confirmed: Tuesday 24 November at 9:30 am with Dr.")


def test_who_wants_the_same_time_next_week_is_asked_for_the_day_alone() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9, 30))

    said = practice.call().ask("reschedule-appointment", newDate="the same time next week")

    assert said == "Which day of next week do you mean?"


def test_no_new_appointment_is_offered_where_the_practice_cannot_book() -> None:
    practice, call = seen_late()
    call.ask("cancel-appointment")
    practice.abilities = frozenset(Ability) - {Ability.BOOK}

    said = call.ask("reschedule-appointment", **ELEVEN)

    assert said.endswith("be moved. Shall I connect you with somebody at the practice?")


@pytest.mark.parametrize(
    ("is_same_call", "follows"),
    [(True, TEXT_FOLLOWS), (False, CALL_FOLLOWS)],
    ids=["same call", "another call"],
)
def test_what_is_about_to_be_cancelled_is_not_moved(*, is_same_call: bool, follows: str) -> None:
    practice, call = seen_late()
    practice.desk.takes = Receipt(number="8")
    call.ask("cancel-appointment")

    said = (call if is_same_call else practice.call()).answer("reschedule-appointment", ELEVEN)

    assert said.text == (
        "The cancellation of the appointment for Monday 23 November at 9 am was requested at the"
        f" practice already, and is not final yet. {follows}"
    )
    assert said.told is Told.REQUESTED
    assert len(practice.desk.sent) == 1


def test_what_was_just_cancelled_is_not_told_as_coming_up() -> None:
    practice, call = seen_late()
    call.ask("cancel-appointment")

    for one in (call, practice.call()):
        assert "There is no appointment coming up." in one.ask("get-patient-info")


def test_what_is_about_to_be_cancelled_is_told_as_that() -> None:
    practice, call = seen_late()
    practice.desk.takes = Receipt(number="8")
    call.ask("cancel-appointment")

    said = practice.call().ask("get-patient-info")

    assert (
        "The cancellation of that on Monday 23 November at 9 am with Dr. Mona Lee was requested,"
        " and is not final yet."
    ) in said
    assert "coming up" not in said


def test_what_the_book_shows_long_after_its_cancellation_stands_again() -> None:
    practice, call = seen_late()
    call.ask("cancel-appointment")
    practice.time.now += SHOWN_AFTER + timedelta(minutes=1)

    assert "The next appointment is Monday" in practice.call().ask("get-patient-info")


def test_the_other_appointment_is_moved_when_one_was_cancelled() -> None:
    practice = two_on_monday()
    practice.desk.shows = list(practice.desk.book)
    call = practice.call()
    call.ask("cancel-appointment", date="Monday", time="9 am")

    call.ask("reschedule-appointment", newDate="Tuesday", newTime="9 am", provider="Lee")

    assert sent(practice) == ["APPT-1", "APPT-2"]


def test_a_second_cancellation_of_one_of_two_leaves_the_other_alone() -> None:
    practice = two_on_monday()
    practice.desk.shows = list(practice.desk.book)
    call = practice.call()
    first = call.ask("cancel-appointment", date="Monday", time="9 am")

    again = call.ask("cancel-appointment", date="Monday", time="9 am")

    assert again == f"That was done already. {first}"
    assert sent(practice) == ["APPT-1"]


def test_an_appointment_beyond_what_may_be_booked_is_told() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY + timedelta(days=190), 10))

    assert "The next appointment is" in practice.call().ask("get-patient-info")


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("cancel-appointment", {}),
        ("reschedule-appointment", {"newDate": (FAR + timedelta(2)).isoformat(), "newTime": "11"}),
    ],
)
def test_a_near_one_is_not_taken_for_one_in_six_weeks(tool: str, given: dict[str, Any]) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.add("PAT-1001", local(FAR, 10))

    said = practice.call().ask(tool, **given)

    assert said == (
        "There is more than one: Monday 23 November at 9 am with Dr. Mona Lee and Thursday 7"
        " January 2027 at 10 am with Dr. Mona Lee. Which one do you mean?"
    )
    assert practice.desk.sent == []


@pytest.mark.parametrize(
    "told",
    [
        {"date": "2026-11-23", "time": "11 am"},
        {"startTime": "2026-11-23T11:00:00"},
        {"startTime": "2026-11-23T11:00:00Z"},
        {"date": "Monday at 11 am"},
        {"date": "Monday", "startTime": "11:00"},
        {"startTime": "11 am"},
        {"time": "afternoon"},
        {"currentTime": "11"},
        {"time": "some time"},
        {"provider": "Dr. Ortiz"},
        {"provider": "Dr. Nobody"},
    ],
    ids=str,
)
def test_one_at_another_time_or_with_somebody_else_is_asked_about(told: dict[str, str]) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().ask("cancel-appointment", **told)

    assert said == (
        "I cannot see that appointment, only Monday 23 November at 9 am with Dr. Mona Lee. Do you"
        " mean that one?"
    )
    assert practice.desk.sent == []


@pytest.mark.parametrize(
    "told",
    [
        {"date": "Monday", "time": "11 am"},
        {"startTime": "2026-11-23T11:00"},
        {"date": "Monday at 11 am"},
        {"time": "11 o'clock"},
        {"date": "Monday", "provider": "Ortiz"},
        {"appointment": {"date": "2026-11-23T00:00:00", "practitioner": "Dr. Juan Ortiz"}},
        {"appointmentTime": "11:00", "provider": "any"},
    ],
    ids=str,
)
def test_of_two_on_a_day_one_is_named_by_its_time_or_clinician(told: dict[str, Any]) -> None:
    practice = two_on_monday()

    practice.call().ask("cancel-appointment", **told)

    assert sent(practice) == ["APPT-2"]


@pytest.mark.parametrize(
    "told",
    [
        {"currentDate": "Monday", "currentTime": "11 am"},
        {"currentDate": "Monday at 11 am"},
        {"currentStartTime": "2026-11-23T11:00"},
        {"startTime": "2026-11-23T11:00"},
        {"time": "11:00"},
        {"currentProvider": "Ortiz"},
    ],
    ids=str,
)
def test_of_two_on_a_day_the_one_to_be_moved_is_named(told: dict[str, str]) -> None:
    practice = two_on_monday()
    tuesday = Window(local(MONDAY + timedelta(days=1), 9), local(MONDAY + timedelta(days=1), 12))
    practice.desk.works += [Shift(resource=ORTIZ, window=tuesday)]

    practice.call().ask("reschedule-appointment", newDate="Tuesday", newTime="10 am", **told)

    assert sent(practice) == ["APPT-2"]


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        ("cancel-appointment", {"startTime": "2026-11-24T11:00"}),
        (
            "reschedule-appointment",
            {"currentStartTime": "2026-11-24T11:00", "newDate": "Monday", "newTime": "9 am"},
        ),
    ],
)
def test_of_two_at_the_same_time_the_one_on_the_day_beside_it_is_meant(
    tool: str, told: dict[str, str]
) -> None:
    practice = Practice()
    for day in (MONDAY, MONDAY + timedelta(days=1)):
        practice.desk.add("PAT-1001", local(day, 11))

    practice.call().ask(tool, **told)

    assert sent(practice) == ["APPT-2"]


def test_with_whom_it_shall_be_does_not_say_with_whom_it_is() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    span = Window(local(MONDAY, 9), local(MONDAY, 12))
    practice.desk.works += [Shift(resource=ORTIZ, window=span)]

    said = practice.call().answer("reschedule-appointment", {**ELEVEN, "provider": "Ortiz"})

    assert said.told is Told.CONFIRMED


@pytest.mark.parametrize("cancel", [{}, {"time": "9 am"}], ids=str)
def test_after_a_cancelled_booking_another_is_made_in_the_call(cancel: dict[str, str]) -> None:
    practice = Practice()
    call = practice.call()
    call.ask("book-appointment", date="Monday", time="9:00")
    call.ask("cancel-appointment", **cancel)

    said = call.answer("book-appointment", {"date": "Monday", "time": "10:00"})

    assert said.text.startswith("The appointment is confirmed for Monday 23 November at 10 am")
    again = call.ask("book-appointment", date="Monday", time="11:00")
    assert "10 am with Dr. Mona Lee was made in this call already" in again


def test_while_the_cancellation_of_a_booking_is_open_no_other_is_made() -> None:
    practice = Practice()
    call = practice.call()
    call.ask("book-appointment", date="Monday", time="9:00")
    practice.desk.takes = Receipt(number="8")
    call.ask("cancel-appointment")

    said = call.ask("book-appointment", date="Monday", time="10:00")

    assert said == (
        "The appointment for Monday 23 November at 9 am with Dr. Mona Lee was made in this call,"
        " and its cancellation is not final yet. Only the practice can make another one now. Shall"
        " I connect you with somebody at the practice?"
    )
    assert len(practice.desk.sent) == 2


@pytest.mark.parametrize("said", ["the dentist", "my usual doctor", "unknown", "Paula Hygie"])
def test_whoever_is_called_by_what_they_are_or_as_they_were_told_is_not_asked_about(
    said: str,
) -> None:
    practice = Practice()
    made = practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.desk.book[-1] = replace(made, practitioner_id="HYG-9", practitioner_name="Paula Hygie")

    heard = practice.call().ask("cancel-appointment", date="Monday", provider=said)

    assert heard.startswith("This appointment is cancelled")


def test_two_entries_of_one_clinician_are_the_one_who_is_named() -> None:
    practice = Practice(practitioners={"PROV-7": "Dr. Mona Lee", "PROV-70": "Dr. Mona Lee"})
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    heard = practice.call().ask("cancel-appointment", date="Monday", provider="Dr. Mona Lee")

    assert heard.startswith("This appointment is cancelled")


@pytest.mark.parametrize("is_same_call", [True, False], ids=["same call", "another call"])
@pytest.mark.parametrize(
    ("takes", "how"),
    [
        (Receipt(is_final=True), "is cancelled already"),
        (Receipt(number="8"), "was asked to be cancelled already"),
    ],
    ids=["done", "requested"],
)
@pytest.mark.parametrize("again", [{}, {"date": "Monday"}], ids=str)
def test_a_cancellation_that_is_asked_for_again_in_fewer_words_takes_no_other_with_it(
    *, again: dict[str, str], takes: Receipt, how: str, is_same_call: bool
) -> None:
    practice = two_on_monday()
    practice.desk.shows = list(practice.desk.book)
    practice.desk.takes = takes
    call = practice.call()
    call.ask("cancel-appointment", date="Monday", time="9 am")
    then = call if is_same_call else practice.call()

    said = then.answer("cancel-appointment", again)

    assert said.text == (
        f"The appointment Monday 23 November at 9 am with Dr. Mona Lee {how}. There is another one,"
        " Monday 23 November at 11 am with Dr. Juan Ortiz. Which one do you mean?"
    )
    assert sent(practice) == ["APPT-1"]
    practice.desk.takes = Receipt(is_final=True)
    then.ask("cancel-appointment", date="Monday", time="11 am")
    assert sent(practice) == ["APPT-1", "APPT-2"]


@pytest.mark.parametrize("told", ["the next one", "my next appointment", "both", "the later one"])
def test_who_names_their_appointment_by_other_words_than_a_day_hears_which_there_are(
    told: str,
) -> None:
    practice = two_on_monday()

    said = practice.call().ask("cancel-appointment", date=told)

    assert said == (
        "I cannot see that appointment, only Monday 23 November at 9 am with Dr. Mona Lee and"
        " Monday 23 November at 11 am with Dr. Juan Ortiz. Which one do you mean?"
    )
    assert sent(practice) == []


@pytest.mark.parametrize("day", ["the same day", "same day", "on the same date"])
def test_an_appointment_can_be_moved_to_another_time_of_the_same_day(day: str) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().ask("reschedule-appointment", newDate=day, newTime="11:00")

    assert said.startswith("The new time is confirmed: Monday 23 November at 11 am")


@pytest.mark.parametrize(
    "told",
    [
        {"date": {"day": "2026-11-24"}},
        {"date": "2026-11-23", "startTime": "2026-11-24T09:00"},
        {"time": "Tuesday at 9 am"},
        {"appointment": "Tuesday at 9 am"},
    ],
    ids=str,
)
def test_nothing_is_cancelled_on_another_day_than_was_said(told: dict[str, Any]) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().ask("cancel-appointment", **told)

    assert said.startswith(("I can see no appointment on that day.", "I cannot see that"))
    assert sent(practice) == []


def test_the_same_day_of_next_week_is_asked_about() -> None:
    """Of an appointment of next week that may be the week after."""
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    wished = {"newDate": "the same day next week", "newTime": "11:00"}

    said = practice.call().ask("reschedule-appointment", **wished)

    assert said == "I did not understand the date. Which day would you like?"
    assert sent(practice) == []


@pytest.mark.parametrize(
    ("wished", "then"),
    [
        ({"newDate": "a day later", "newTime": "10 am"}, "Tuesday 24 November at 10 am"),
        ({"newDate": "two days later than that", "newTime": "9 am"}, "Wednesday 25 November at 9"),
        ({"newDate": "the same time a day later"}, "Tuesday 24 November at 9:30 am"),
        ({"newDate": "in three days", "newTime": "9 am"}, "Tuesday 24 November at 9 am"),
        ({"newTime": "an hour later"}, "Monday 23 November at 10:30 am"),
        ({"newTime": "half an hour earlier"}, "Monday 23 November at 9 am"),
        ({"newDate": "Tuesday", "newTime": "an hour later"}, "Tuesday 24 November at 10:30 am"),
    ],
    ids=str,
)
def test_later_is_counted_from_the_visit_and_in_some_days_from_today(
    wished: dict[str, str], then: str
) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9, 30))

    said = practice.call().ask("reschedule-appointment", **wished)

    assert said.startswith(f"The new time is confirmed: {then}")


@pytest.mark.parametrize(
    ("wished", "said"),
    [
        ({"newDate": "same day a week later", "newTime": "9 am"}, "Monday 30 November at 9 am is"),
        ({"newDate": "a week later"}, "Which time of that day would you like?"),
        ({"newDate": "a week later, on Friday", "newTime": "9 am"}, "not a Friday. Which one do"),
        ({"newDate": "three days earlier", "newTime": "9 am"}, "That day has passed: today is"),
        ({"newTime": "20 hours later"}, "Which day would you like?"),
    ],
    ids=str,
)
def test_nobody_is_moved_to_what_later_leaves_open_or_is_not_free(
    wished: dict[str, str], said: str
) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    assert said in practice.call().ask("reschedule-appointment", **wished)
    assert sent(practice) == []


@pytest.mark.parametrize(
    "wished",
    [
        {"newTime": "11 am"},
        {"newTime": "11 am", "newDate": ""},
        {"newStartTime": "11 am"},
        {"time": "11 am"},
        {"newDate": "11 am"},
        {"currentDate": "Monday", "newTime": "11 am"},
        {"currentTime": "9 am", "newTime": "11 am"},
        {"newTime": "same day, but at eleven"},
        {"newDate": "the same day but at 11"},
    ],
    ids=str,
)
def test_who_names_a_time_alone_is_moved_within_the_day_it_is_on(wished: dict[str, str]) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    said = practice.call().ask("reschedule-appointment", **wished)

    assert said.startswith("The new time is confirmed: Monday 23 November at 11 am")


@pytest.mark.parametrize(
    ("wished", "said"),
    [
        ({"newTime": "in the morning"}, "Which time of that day would you like?"),
        ({"newTime": "11 am", "weekday": "Tuesday"}, "That date is Monday 23 November, not a"),
        ({"newTime": "Tuesday at 11", "newDate": "Monday"}, "Which day do you mean, Tuesday 24"),
    ],
    ids=str,
)
def test_a_day_that_is_told_in_any_way_is_not_passed_over(
    wished: dict[str, str], said: str
) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    assert practice.call().ask("reschedule-appointment", **wished).startswith(said)
    assert sent(practice) == []


def test_a_move_onto_another_of_ones_own_is_told_of_it_and_offered_no_times_in_vain() -> None:
    practice = two_on_monday()

    said = practice.call().ask(
        "reschedule-appointment",
        date="Monday",
        time="9 am",
        newDate="Monday",
        newTime="11 am",
        provider="Ortiz",
    )

    assert said == (
        "The patient has an appointment at that time already: Monday 23 November at 11 am with Dr."
        " Juan Ortiz. Would you like any other time?"
    )
    assert not practice.desk.sent


def test_what_was_booked_again_for_the_time_of_a_cancellation_can_be_cancelled_too() -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.call().ask("cancel-appointment", date="Monday", time="9 am")
    practice.call().ask("book-appointment", date="Monday", time="9 am")

    said = practice.call().ask("cancel-appointment", date="Monday", time="9 am")

    assert said.startswith("This appointment is cancelled")
    assert sent(practice) == ["APPT-1", "APPT-2"]


@pytest.mark.parametrize(
    "told",
    [{"date": ["2026-11-24"]}, {"time": ["11 am"]}, {"provider": ["Dr. Ortiz"]}],
    ids=str,
)
def test_what_is_told_as_a_list_is_not_passed_over(told: dict[str, Any]) -> None:
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))

    practice.call().ask("cancel-appointment", **told)

    assert practice.desk.sent == []


def test_of_several_days_in_a_list_none_is_chosen() -> None:
    practice = Practice()
    days = ["2026-11-23", "2026-11-24"]

    said = practice.call().ask("book-appointment", date=days, time="9 am")

    assert said == (
        "I can look at one day at a time. Which one first, Monday 23 November or Tuesday 24"
        " November?"
    )


def late() -> Practice:
    """A quarter past nine on Monday, when Ann should have been there at nine."""
    practice = Practice()
    practice.desk.add("PAT-1001", local(MONDAY, 9))
    practice.time.now = local(MONDAY, 9, 15)
    return practice


CHANGES = pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("cancel-appointment", {}),
        ("cancel-appointment", {"date": "today"}),
        ("cancel-appointment", {"time": "9 am"}),
        ("reschedule-appointment", {"newDate": "Wednesday", "newTime": "11 am"}),
    ],
    ids=str,
)


@CHANGES
def test_who_is_late_is_handed_on_and_not_told_that_there_is_no_appointment(
    tool: str, given: dict[str, Any]
) -> None:
    practice = late()

    said = practice.call().ask(tool, **given)

    assert said == (
        "The appointment today at 9 am with Dr. Mona Lee should have begun by now, so only the"
        " practice can change it. Shall I connect you with somebody at the practice?"
    )
    assert practice.desk.sent == []


def test_who_is_late_loses_no_later_appointment_in_its_place() -> None:
    practice = late()
    practice.desk.add("PAT-1001", local(FAR, 10))
    call = practice.call()

    for tool, given in (("cancel-appointment", {}), ("reschedule-appointment", ELEVEN)):
        assert call.ask(tool, **given) == (
            "The appointment today at 9 am with Dr. Mona Lee should have begun by now. There is"
            " another one, Thursday 7 January 2027 at 10 am with Dr. Mona Lee. Which one do you"
            " mean?"
        )
    assert practice.desk.sent == []

    call.ask("cancel-appointment", date=FAR.isoformat())
    assert sent(practice) == ["APPT-2"]


@pytest.mark.parametrize("status", [Status.ARRIVED, Status.COMPLETED, Status.NO_SHOW])
def test_a_visit_of_this_morning_that_is_over_is_not_meant(status: Status) -> None:
    practice = late()
    practice.desk.book[0] = replace(practice.desk.book[0], status=status)
    practice.desk.add("PAT-1001", local(FAR, 10))

    practice.call().ask("cancel-appointment")

    assert sent(practice) == ["APPT-2"]
