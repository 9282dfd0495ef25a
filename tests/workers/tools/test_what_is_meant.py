"""What a caller means by a name, a day or a kind of visit, and what they hear if it is unclear."""

from dataclasses import dataclass, field

import pytest

from domain.connections import Connection, KnownType
from domain.desk import Shift
from domain.window import Window
from domain.wishes import Booking
from tests.workers.tools.desk import LEE, MONDAY, ORTIZ, Practice, local

BOTH = {
    "a": "Beatrix von Adlerstein",
    "b": "Dr. Mona Lee",
    "c": "Dr. Beatrix Kiddo",
    "d": "PIA ODA",
}


@dataclass
class Staffed(Practice):
    """A practice with these clinicians."""

    staff: dict[str, str] = field(default_factory=dict)

    @property
    def connection(self) -> Connection:
        return Connection(
            id=self.id,
            account_id="default",
            vendor="sikka",
            site="D1",
            timezone="America/New_York",
            practitioners=self.staff,
        )


@pytest.mark.parametrize("told", ["Beatrix", "beatrix", "Dr Beatrix", "von Adlerstein"])
def test_a_first_name_that_fits_one_clinician_is_understood(told: str) -> None:
    practice = Staffed(staff={"PROV-7": "Beatrix von Adlerstein", "PROV-9": "Dr. Juan Ortiz"})

    said = practice.call().ask("check-availability", date="2026-11-23", provider=told)

    assert said.startswith("I could offer")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            "Beatrix",
            (
                "There is more than one of that name: Beatrix von Adlerstein and Dr. Beatrix"
                " Kiddo. Who is it?"
            ),
        ),
        (
            "Bea Arthur",
            (
                "Nobody called Bea Arthur works here; there are Beatrix von Adlerstein, Dr. Mona"
                " Lee, Dr. Beatrix Kiddo and Pia Oda. Who shall it be?"
            ),
        ),
        (
            "my usual dentist",
            (
                "There are Beatrix von Adlerstein, Dr. Mona Lee, Dr. Beatrix Kiddo and Pia Oda."
                " Who shall it be?"
            ),
        ),
    ],
)
def test_ambiguous_and_unknown_names_are_told_apart(told: str, said: str) -> None:
    practice = Staffed(staff=BOTH)

    assert practice.call().ask("check-availability", date="2026-11-23", provider=told) == said


@pytest.mark.parametrize("when", ["yesterday", "last Monday", "last week", "two days ago"])
def test_a_day_that_has_passed_is_not_offered(when: str) -> None:
    assert Practice().call().ask("check-availability", date=when) == (
        "That day has passed: today is Saturday 21 November 2026. Which day would you like?"
    )


@pytest.mark.parametrize("minutes", [0, 4, 481, 100000, "-30", "9 hours"])
def test_a_visit_of_no_sensible_length_is_asked_about(minutes: object) -> None:
    said = Practice().call().ask("check-availability", date="2026-11-23", duration=minutes)

    assert said == "A visit takes from five minutes to eight hours. How long shall it be?"


@pytest.mark.parametrize("minutes", [5, 30, "30 minutes", "1 hour", "1.5 hours", "an hour"])
def test_a_length_may_be_told_in_hours(minutes: object) -> None:
    said = Practice().call().ask("check-availability", date="2026-11-23", duration=minutes)

    assert said.startswith("I could offer")


def test_an_unknown_kind_of_visit_is_asked_about() -> None:
    call = Practice().call()

    assert call.ask("check-availability", date="2026-11-23", type="exorcism") == (
        "I do not know that kind of visit. It could be Cleaning or New patient exam. Which one is"
        " it, or shall I connect you with somebody at the practice?"
    )
    assert call.ask("check-availability", date="2026-11-23", type="cleaning").startswith(
        "I could offer"
    )


def test_an_unknown_kind_of_visit_is_not_booked_at_the_usual_length() -> None:
    practice = Practice()

    said = practice.call().ask("book-appointment", startTime="2026-11-23T09:00", type="exorcism")

    assert said.startswith("I do not know that kind of visit. It could be Cleaning or")
    assert practice.desk.sent == []


@pytest.mark.parametrize("type_", ["any", "No preference"])
def test_whoever_wants_no_kind_in_particular_is_asked_about_none(type_: str) -> None:
    practice = Practice()

    said = practice.call().ask("book-appointment", startTime="2026-11-23T09:00", type=type_)

    assert "is confirmed for" in said


def test_kinds_that_somebody_has_only_marked_are_not_all_there_are() -> None:
    practice = Practice(types={"Video": KnownType(name="Video", is_telehealth=True)})
    call = practice.call()

    free = call.ask("check-availability", date="2026-11-23", type="cleaning")
    booked = call.ask("book-appointment", startTime="2026-11-23T09:00", type="cleaning")

    assert free.startswith("I could offer")
    assert "is confirmed for" in booked
    [sent] = practice.desk.sent
    assert isinstance(sent.wish, Booking)
    assert (sent.wish.type_id, sent.wish.type_name) == (None, "cleaning")


def test_of_many_kinds_a_few_are_told_as_that() -> None:
    kinds = ("Cleaning", "Crown", "Exam", "Filling", "X-ray")
    types = {one: KnownType(name=one, duration_minutes=30) for one in kinds}

    said = Practice(types=types).call().ask("check-availability", date="monday", type="exorcism")

    assert said == (
        "I do not know that kind of visit. There are Cleaning, Crown, Exam and Filling, and others."
        " What would you call it?"
    )


@pytest.mark.parametrize(
    "whom",
    [
        "either",
        "any doctor",
        "Either of them",
        "whoever is free",
        "the first available",
        "I don't mind",
        "It doesn\u2019t matter",
    ],
)
def test_whoever_leaves_it_to_us_gets_anybody_who_is_free(whom: str) -> None:
    practice = Practice()

    said = practice.call().ask("book-appointment", startTime="2026-11-23T09:00", provider=whom)

    assert "is confirmed for" in said


@pytest.mark.parametrize(
    "whom",
    [
        "whoever is free, maybe Dr Lee",
        "Dr. Lee, or anyone who is available",
        "I don't mind, preferably Mona Lee",
        "no preference, I'd like Lee if possible",
        "any doctor, Lee please",
    ],
)
def test_whom_somebody_would_rather_have_is_whom_they_get(whom: str) -> None:
    practice = Practice()
    practice.desk.works += [
        Shift(resource=ORTIZ, window=Window(local(MONDAY, 9), local(MONDAY, 12)))
    ]

    said = practice.call().ask("book-appointment", startTime="2026-11-23T09:00", provider=whom)

    assert "is confirmed for" in said
    [sent] = practice.desk.sent
    assert isinstance(sent.wish, Booking)
    assert sent.wish.practitioner_id == LEE.pms_id


@pytest.mark.parametrize(
    "whom",
    [
        "any hygienist",
        "not Dr. Lee",
        "anyone but Lee",
        "first",
        "whoever is free, not Lee",
        "anyone, no Lee",
        "anybody other than Dr Lee",
        "I don't mind, just not Lee",
        "no preference except Lee",
        "anyone, I don't want Lee",
        "whoever, Lee or Ortiz",
    ],
)
def test_a_wish_beside_it_is_not_passed_over(whom: str) -> None:
    practice = Practice()

    said = practice.call().ask("book-appointment", startTime="2026-11-23T09:00", provider=whom)

    assert said.endswith(("Who shall it be?", "Who is it?"))
    assert practice.desk.sent == []


def test_a_word_that_is_somebodys_name_is_not_passed_over() -> None:
    practice = Staffed(staff={"PROV-7": "Dr. Will Free", "PROV-9": "Dr. Juan Ortiz"})

    said = [
        practice.call().ask("book-appointment", startTime="2026-11-23T09:00", provider=whom)
        for whom in ("whoever is free, maybe Ortiz", "anyone, perhaps Will Ortiz")
    ]

    assert [one.endswith("Who shall it be?") for one in said] == [True, True]
    assert practice.desk.sent == []


def test_that_one_clinician_has_no_time_is_not_told_of_the_practice() -> None:
    call = Practice().call()
    wished = {"date": "2026-11-23", "provider": "Dr. Ortiz"}
    no_time = (
        "From then until Monday 7 December Dr. Juan Ortiz has nothing free. Shall I look for"
        " somebody else or at another date, or connect you with the practice?"
    )

    asked = call.ask("check-availability", **wished)
    booked = call.ask("book-appointment", **wished, time="9 am")

    assert asked == f"Dr. Juan Ortiz has nothing free on Monday 23 November. {no_time}"
    assert booked == f"I am sorry, Monday 23 November at 9 am is not free. {no_time}"
