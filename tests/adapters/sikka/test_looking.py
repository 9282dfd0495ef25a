"""Whom the desk finds, however the practice and the caller write names and numbers."""

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx
import pytest

from domain.desk import PatientQuery
from domain.verification import Claim, proved_by
from tests.adapters.sikka.counter import Counter, failure, listed
from tests.adapters.sikka.test_desk import ANN

BORN = date(1984, 12, 10)
CURLY = "\u2019"

Row = dict[str, Any]


def book(
    *rows: Row,
    knows_find: bool = True,
    overlooks_find: bool = False,
    timezone: str = "America/New_York",
) -> Counter:
    """Sikka with these patients: its filters as the document has them, a page at a time."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        if "find" in asked and not knows_find:
            return failure(400, "API1026")
        if overlooks_find:
            asked.pop("find", None)
        found = [row for row in rows if all(fits(row, asked) for fits in FILTERS)]
        size, page = int(asked["limit"]), int(asked["offset"])
        following = "https://api.example/next" if len(found) > (page + 1) * size else ""
        shown = listed(*found[page * size : (page + 1) * size])
        return httpx.Response(200, json={**shown, "pagination": {"next": following}})

    return Counter({"GET /patients": answer}, timezone=timezone)


def without_birthdays(
    answer: Callable[[httpx.Request], httpx.Response],
) -> Callable[[httpx.Request], httpx.Response]:
    def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(204) if "find" in request.url.params else answer(request)

    return answered


def _exactly(row: Row, asked: Row) -> bool:
    names = ("firstname", "lastname")
    return all(row[key].casefold() == asked[key].casefold() for key in names if key in asked)


def _somewhere(row: Row, asked: Row) -> bool:
    keys = ("firstname", "lastname", "email", "cell", "homephone")
    return any(asked.get("search", "").casefold() in row[key].casefold() for key in keys)


def _born(row: Row, asked: Row) -> bool:
    return asked.get("find", "birthdate=eq_").removeprefix("birthdate=eq_") in row["birthdate"]


FILTERS: tuple[Callable[[Row, Row], bool], ...] = (_exactly, _somewhere, _born)


def named(pms_id: str, first: str, last: str, **told: str) -> Row:
    return {**ANN, "patient_id": pms_id, "firstname": first, "lastname": last, **told}


def proved(counter: Counter, query: PatientQuery, claim: Claim) -> str | None:
    card = proved_by(claim, counter.desk.search_patients(query))
    return card.patient.pms_id if card else None


def by_names(counter: Counter, first: str, last: str, *, born: date = BORN) -> str | None:
    query = PatientQuery(first_name=first, last_name=last, date_of_birth=born, limit=50)
    claim = Claim(first_name=first, last_name=last, date_of_birth=born)
    return proved(counter, query, claim)


def by_text(counter: Counter, name: str) -> str | None:
    query = PatientQuery(text=name, date_of_birth=BORN, limit=50)
    return proved(counter, query, Claim(full_name=name, date_of_birth=BORN))


@pytest.mark.parametrize("knows_find", [True, False])
@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Mary Ann", "O'Brien"),
        ("Mary", "O'Brien"),
        ("mary", "o'brien"),
        ("Mary Ann", "OBrien"),
        ("Mary", f"O{CURLY}Brien"),
        ("Mary A.", "O'Brien"),
    ],
)
def test_a_name_is_found_without_its_middle_and_with_any_apostrophe(
    first: str, last: str, *, knows_find: bool
) -> None:
    counter = book(named("p-1", "Mary Ann", "O'Brien"), knows_find=knows_find)

    assert by_names(counter, first, last) == "p-1"
    assert by_text(counter, f"{first} {last}") == "p-1"


@pytest.mark.parametrize("knows_find", [True, False])
@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (("Mary", f"O{CURLY}Brien"), ("Mary", "O'Brien")),
        (("Mary", "OBrien"), ("Mary", "O'Brien")),
        (("Jose", "Garcia"), ("José", "García")),
        (("Ann", "Smith Jones"), ("Ann", "Smith-Jones")),
        (("Mary", "Brown"), ("Mary Ann", "Brown")),
    ],
)
def test_a_record_is_found_that_is_written_more_plainly_than_the_name_is_said(
    kept: tuple[str, str], said: tuple[str, str], *, knows_find: bool
) -> None:
    assert by_names(book(named("p-1", *kept), knows_find=knows_find), *said) == "p-1"


def test_a_record_with_accents_nobody_says_is_found_by_its_birthday() -> None:
    counter = book(named("p-1", "José", "García"), named("p-2", "José", "Gómez"))

    assert by_names(counter, "Jose", "Garcia") == "p-1"
    assert by_text(counter, "Jose Garcia") == "p-1"


@pytest.mark.parametrize(
    ("first", "last", "born"),
    [
        ("Mary Jane", "O'Brien", BORN),
        ("Marie", "O'Brien", BORN),
        ("M", "O'Brien", BORN),
        ("Mary", "Brien", BORN),
        ("Mary", "O'Brian", BORN),
        ("Mary", "O'Brien", date(1984, 12, 11)),
    ],
)
def test_whoever_says_another_name_or_birthday_is_nobody(first: str, last: str, born: date) -> None:
    assert by_names(book(named("p-1", "Mary Ann", "O'Brien")), first, last, born=born) is None


def test_two_of_one_name_and_birthday_are_nobody_however_they_are_written() -> None:
    counter = book(named("p-1", "Mary Ann", "O'Brien"), named("p-2", "Mary Ann", "OBrien"))

    assert by_names(counter, "Mary", f"O{CURLY}Brien") is None


def test_one_of_many_smiths_is_found_by_one_name_in_one_piece() -> None:
    other = {"birthdate": "1970-01-01T00:00:00"}
    smiths = [named(f"s-{n}", "Ann", "Smith", **other) for n in range(60)]
    johns = [named(f"j-{n}", "John", "Doe", **other) for n in range(60)]
    counter = book(*smiths, *johns, named("p-1", "John", "Smith"))

    assert by_names(counter, "John", "Smith") == "p-1"
    assert by_text(counter, "John Smith") == "p-1"
    assert by_text(counter, "Smith, John") == "p-1"


def test_whoever_is_written_as_they_say_it_is_found_by_one_request() -> None:
    counter = book(named("p-1", "Mary Ann", "O'Brien"))

    by_names(counter, "Mary Ann", "O'Brien")

    assert len(counter.asked("/patients")) == 1


@pytest.mark.parametrize("last", ["Nobody", "O'Nobody", "de Ñandú-Y"])
def test_a_name_that_is_nobodys_costs_one_request_where_birthdays_can_be_asked_for(
    last: str,
) -> None:
    counter = book(named("p-1", "Mary Ann", "O'Brien"))

    assert by_names(counter, "Mary", last) is None
    assert len(counter.asked("/patients")) == 1


@pytest.mark.parametrize(("last", "requests"), [("Nobody", 2), ("O'Nobody", 4), ("de Ñandú-Y", 4)])
def test_a_birthday_that_cannot_be_asked_for_is_not_asked_for_again_in_the_call(
    last: str, requests: int
) -> None:
    counter = book(named("p-1", "Mary Ann", "O'Brien"), knows_find=False)

    assert by_names(counter, "Mary", last) is None
    before = len(counter.asked("/patients"))
    assert by_names(counter, "Mary", last) is None

    assert (before, len(counter.asked("/patients"))) == (requests + 1, 2 * requests + 1)


def test_a_birthday_filter_that_is_overlooked_hides_nobody() -> None:
    """Sikka answers with everybody then: a page of them is not everybody born that day."""
    others = [named(f"x-{n}", "Ann", "Smith", birthdate="1970-01-01T00:00:00") for n in range(600)]
    twins = [named("p-1", "Mary Ann", "O'Brien"), named("p-2", "Mary Ann", "OBrien")]
    counter = book(twins[0], *others, twins[1], overlooks_find=True)

    assert by_names(counter, "Mary", f"O{CURLY}Brien") is None
    assert by_names(counter, "Ann", "Smith") is None
    asked = counter.asked("/patients")
    assert len([one for one in asked if "find" in one.url.params]) == 1


def test_a_birthday_filter_that_knows_nobody_is_not_believed() -> None:
    """Its dates may be written otherwise than the document says."""
    counter = book(named("p-1", "Mary Ann", "O'Brien"), named("p-2", "Cleo", "Crane"))
    counter.answers["GET /patients"] = without_birthdays(counter.answers["GET /patients"])

    assert by_names(counter, "Mary", "O'Brien") == "p-1"
    assert by_names(counter, "Cleo", "Crane") == "p-2"
    asked = counter.asked("/patients")
    assert len([one for one in asked if "find" in one.url.params]) == 1


def test_a_birthday_of_a_crowd_does_not_hide_who_is_not_on_the_first_page() -> None:
    crowd = [named(f"x-{n}", "Ann", "Smith") for n in range(600)]
    counter = book(*crowd, named("p-1", "Mary Ann", "O'Brien"))

    assert by_names(counter, "Mary", "O'Brien") == "p-1"


def test_whoever_is_registered_meanwhile_is_found_at_once() -> None:
    rows = [named("p-1", "Mary Ann", "O'Brien")]
    counter = book(*rows)
    assert by_names(counter, "Cleo", "Crane") is None

    counter.answers = book(*rows, named("p-2", "Cleo", "Crane")).answers

    assert by_names(counter, "Cleo", "Crane") == "p-2"


def test_a_household_is_found_whole_however_each_number_is_written() -> None:
    mother = named("p-1", "Cleo", "Crane", cell="2125550101")
    child = named("p-2", "Dora", "Crane", cell="(212) 555-0101")
    other = named("p-3", "Eve", "Crane", cell="212-555-0101", homephone="2125550101")

    found = book(mother, child, other).desk.search_patients(
        PatientQuery(phone="+12125550101", limit=9)
    )

    assert [one.patient.pms_id for one in found] == ["p-1", "p-3", "p-2"]


@pytest.mark.parametrize("written", ["212.555.0101", "(212)555-0101", "+1 212 555 0101"])
def test_whoever_shares_a_number_is_found_in_whatever_way_it_is_written(written: str) -> None:
    """One of a household alone would be taken for whoever calls from it."""
    mother = named("p-1", "Cleo", "Crane", cell="2125550101")
    child = named("p-2", "Dora", "Crane", cell=written)

    found = book(mother, child).desk.search_patients(PatientQuery(phone="+12125550101", limit=9))

    assert {one.patient.pms_id for one in found} == {"p-1", "p-2"}


@pytest.mark.parametrize("written", ["0412 345 678", "0412345678", "0412-345-678"])
def test_a_number_of_another_country_is_looked_for_as_that_country_writes_it(written: str) -> None:
    counter = book(named("p-1", "Cleo", "Crane", cell=written), timezone="Australia/Sydney")

    found = counter.desk.search_patients(PatientQuery(phone="+61412345678", limit=9))

    assert [one.patient.pms_id for one in found] == ["p-1"]


def test_a_crowd_behind_a_number_is_asked_for_no_further() -> None:
    counter = book(*(named(f"p-{n}", "Gus", "Gray", cell="2125550101") for n in range(9)))

    assert len(counter.desk.search_patients(PatientQuery(phone="+12125550101", limit=9))) == 9
    assert len(counter.asked("/patients")) == 1
