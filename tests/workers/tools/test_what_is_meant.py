"""What a caller means by a name, a day or a kind of visit, and what they hear if it is unclear."""

from dataclasses import dataclass, field

import pytest

from domain.connections import Connection
from tests.workers.tools.desk import Practice

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

    assert said.startswith("The free times are")


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


@pytest.mark.parametrize("minutes", [0, 2, 100000, "-30", "9 hours"])
def test_a_visit_of_no_sensible_length_is_asked_about(minutes: object) -> None:
    said = Practice().call().ask("check-availability", date="2026-11-23", duration=minutes)

    assert said == "A visit takes from five minutes to eight hours. How long shall it be?"


@pytest.mark.parametrize("minutes", [30, "30 minutes", "1 hour", "1.5 hours", "an hour"])
def test_a_length_may_be_told_in_hours(minutes: object) -> None:
    said = Practice().call().ask("check-availability", date="2026-11-23", duration=minutes)

    assert said.startswith("The free times are")


def test_an_unknown_kind_of_visit_is_asked_about() -> None:
    call = Practice().call()

    assert call.ask("check-availability", date="2026-11-23", type="exorcism") == (
        "I do not know that kind of visit. It could be Cleaning or New patient exam. Which one is"
        " it?"
    )
    assert call.ask("check-availability", date="2026-11-23", type="cleaning").startswith("The free")
