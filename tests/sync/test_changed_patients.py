"""A visit that is told as changed and stands for somebody else by now, between whole passes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import Engine

from adapters.storage.audit.audit import Access
from adapters.storage.sheet.reading import read_sheet
from domain.appointments import Appointment, Patient, Practitioner
from domain.errors import Transient
from domain.intake import FOR_OTHERS, WAS_FOR_SOMEBODY
from domain.sources import Page, Query
from domain.window import Window
from infra.database import engine, transaction
from tests.sync.book import NINE, TODAY, Book, Desk
from tests.sync.test_interrupted import visit
from tests.sync.test_lookups import last_run, tried

pytestmark = pytest.mark.integration


@dataclass
class Feed(Book):
    """Visits are for those in `patients`; with `changed` only these are told, and no more."""

    patients: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    looked: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def queries(
        self, window: Window, practitioners: Sequence[Practitioner], *, since: str | None = None
    ) -> Sequence[Query]:
        return [Query(key="all", window=window, complete=not self.changed)]

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        for page in super().pages(query, resume=resume):
            told = [one for one in page.records if query.complete or one.pms_id in self.changed]
            yield replace(page, records=[row for one in told for row in self.each(one)])

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        self.looked.append(pms_id)
        if self.failure is not None:
            raise self.failure
        found = super().probe(pms_id)
        return None if found is None else [row for one in found for row in self.each(one)]

    def each(self, one: Appointment) -> list[Appointment]:
        named = self.patients.get(one.pms_id, ("ann",))
        return [replace(one, patient=person(one.pms_id, who)) for who in named]


def person(pms_id: str, who: str) -> Patient | None:
    return Patient(pms_id=who, full_name=f"{who} {pms_id}") if who else None


@pytest.fixture
def db(database_url: str) -> Iterator[Engine]:
    opened = engine(database_url, application_name="tests", pool_size=5)
    yield opened
    opened.dispose()


@pytest.fixture
def book() -> Feed:
    return Feed(visits={who: visit(NINE, who) for who in "abc"})


@pytest.fixture
def desk(db: Engine, book: Feed) -> Desk:
    made = Desk(db, book)
    book.patients = {"b": ("ann", "bob")}
    tried(made)
    return made


def standing(desk: Desk) -> list[tuple[str, str]]:
    """The visits on the sheet, with whom each is for."""
    rows: list[Any] = [row.values for row in desk.rows().values() if not row.removed]
    names = [str(row["patient_name"] or " b").partition(" ") for row in rows]
    return sorted((what, who) for who, _, what in names)


@pytest.mark.parametrize(
    ("patients", "named"),
    [
        (("cleo",), ["cleo"]),
        (("cleo", "bob"), ["bob", "cleo"]),
        (("bob",), ["bob"]),
        (("ann", "bob", "cleo"), ["ann", "bob", "cleo"]),
        ((), []),
    ],
)
def test_a_change_of_patients_leaves_a_row_for_each_of_them_and_for_nobody_else(
    desk: Desk, book: Feed, patients: tuple[str, ...], named: list[str]
) -> None:
    before = standing(desk)
    assert [who for what, who in before if what == "b"] == ["ann", "bob"]
    book.patients, book.changed = {"b": patients or ("",)}, ("b",)

    assert tried(desk) == ["done"]

    assert last_run(desk) == ("success", None)
    after = standing(desk)
    assert [who for what, who in after if what == "b" and who] == named
    assert [one for one in after if one[0] != "b"] == [one for one in before if one[0] != "b"]


def test_a_change_that_names_the_same_patients_costs_no_look_up(desk: Desk, book: Feed) -> None:
    book.looked.clear()
    book.visits["b"] = {**book.visits["b"], "status": "confirmed"}
    book.changed = ("b",)

    assert tried(desk) == ["done"]

    assert book.looked == []
    assert len(standing(desk)) == 4


def test_a_row_whose_visit_cannot_be_looked_up_stays(desk: Desk, book: Feed) -> None:
    """The listing alone takes nobody off the sheet between whole passes."""
    book.patients, book.changed = {"b": ("cleo",)}, ("b",)
    book.failure = Transient("Book: GET /visits/{id} answered 500")

    assert tried(desk) == ["ready", "ready", "done"]

    assert last_run(desk)[0] == "partial"
    assert {who for what, who in standing(desk) if what == "b"} == {"ann", "bob", "cleo"}


def flags(desk: Desk) -> dict[str, tuple[str, ...]]:
    """What is told of each row of the visit, by its patient."""
    with transaction(desk.engine, account_id=desk.account) as db:
        sheet = read_sheet(
            db,
            desk.seal,
            account_id=desk.account,
            first_day=TODAY,
            last_day=TODAY,
            access=Access(user="tests"),
        )
    return {
        one.patient.pms_id or "" if one.patient else "": tuple(one.flags)
        for one in sheet.entries
        if one.pms_appointment_id == "b"
    }


def test_a_visit_that_turns_to_nobodys_says_so_and_whose_it_was(desk: Desk, book: Feed) -> None:
    assert flags(desk) == {"ann": (), "bob": ()}
    book.patients["b"] = ("",)

    tried(desk)

    assert flags(desk) == {
        "ann": (FOR_OTHERS,),
        "bob": (FOR_OTHERS,),
        "": (WAS_FOR_SOMEBODY,),
    }
    book.patients["b"] = ("ann",)
    tried(desk)
    assert flags(desk) == {"ann": (), "bob": (FOR_OTHERS,), "": (FOR_OTHERS,)}
