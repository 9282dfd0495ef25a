"""Patients looked for by their names, as a practice wrote them and as somebody else does."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import pytest

from domain.desk import Cut, PatientCard, PatientQuery
from domain.patient_links import TOO_MANY, LinkState, Person, choose
from tests.contract.kit import Stage, fixture, playing

BORN = date(1970, 1, 2)


@dataclass
class Register:
    """Patients of an office by name; only what is spelled like it, in any case, fits a name."""

    names: list[str]
    per_page: int = 50
    asked: list[str] = field(default_factory=list)

    def search(self, **about: Any) -> list[PatientCard]:
        stage = Stage(fixture("advancedmd"), self._answers)
        opens = stage.told.vendor.desk
        assert opens is not None
        secrets = stage.told.told["secrets"]
        desk = opens(stage.told.vendor, stage.told.connection, secrets=secrets, ports=stage.ports)
        found = desk.search_patients(PatientQuery(**about))
        assert isinstance(found, list)
        return found

    def _answers(self, request: httpx.Request) -> httpx.Response:
        if b"lookuppatient" not in request.content:
            return playing(fixture("advancedmd").exchanges)(request)
        asked = json.loads(request.content)["ppmdmsg"]
        self.asked.append(asked["@name"])
        fits = [
            {"@id": f"pat{number}", "@name": name, "@dob": "01/02/1970"}
            for number, name in enumerate(self.names, start=1)
            if name.casefold().startswith(asked["@name"].casefold())
        ]
        first = (int(asked["@page"]) - 1) * self.per_page
        told = {
            "@pagecount": str(-(-len(fits) // self.per_page)),
            "patient": fits[first : first + self.per_page],
        }
        results = {"@success": "1", "patientlist": told}
        return httpx.Response(200, json={"PPMDResults": {"Results": results, "Error": None}})


@pytest.mark.parametrize(
    ("there", "last", "first"),
    [
        ("MULLER,ZOE", "Müller", "Zoë"),
        ("MÜLLER,ZOË", "Müller", "Zoë"),
        ("SORENSEN,ANN", "Sørensen", "Ann"),
        ("EXAMPLE,ANN MARIE", "Example", "Ann"),
        ("VAN DER BERG,ANNA M", "van der Berg", "Anna"),
    ],
)
def test_a_patient_is_known_with_and_without_their_accents(
    there: str, last: str, first: str
) -> None:
    found = Register([there]).search(last_name=last, first_name=first, date_of_birth=BORN)

    assert [card.patient.pms_id for card in found] == ["1"]


def test_both_spellings_are_looked_for_so_that_nobody_seems_the_only_one() -> None:
    register = Register(["MULLER,ZOE", "MÜLLER,ZOË", "MULLEN,ZOE"])

    found = register.search(last_name="Müller", first_name="Zoë")

    assert {card.patient.pms_id for card in found} == {"1", "2"}


def test_a_name_without_accents_is_looked_for_once() -> None:
    register = Register(["O'NEIL,BOB"])

    register.search(last_name="O'Neil", first_name="Bob")

    assert register.asked == ["O'Neil,Bob"]


@pytest.mark.parametrize("there", ["EXAMPLES,ANN", "EXAMPLE,ANNA", "EX,AMPLE ANN"])
def test_a_name_that_only_begins_alike_is_somebody_else(there: str) -> None:
    assert Register([there]).search(last_name="Example", first_name="Ann") == []


def test_what_is_a_title_alone_fits_not_everybody() -> None:
    assert Register(["DR,ANN"]).search(last_name="Dr", first_name="Bob") == []
    assert Register(["EXAMPLE,ANN"]).search(text="Ann Mrs") == []


@pytest.mark.parametrize(("limit", "pages"), [(2, 50), (100, 1)])
def test_of_a_search_that_was_cut_short_nobody_is_linked(limit: int, pages: int) -> None:
    """The one with that birth date may not be the only one."""
    register = Register([f"EXAMPLE,ANN{'' if one == 0 else f' {one}'}" for one in range(9)], pages)

    found = register.search(last_name="Example", first_name="Ann", limit=limit)
    choice = choose(Person(name="Ann Example", date_of_birth=BORN.isoformat()), found)

    assert isinstance(found, Cut)
    assert choice.state is not LinkState.LINKED and choice.reason == TOO_MANY


def test_of_a_whole_search_the_one_who_agrees_is_linked() -> None:
    found = Register(["EXAMPLE,ANN"]).search(last_name="Example", first_name="Ann")
    choice = choose(Person(name="Ann Example", date_of_birth=BORN.isoformat()), found)

    assert not isinstance(found, Cut)
    assert choice.state is LinkState.LINKED
