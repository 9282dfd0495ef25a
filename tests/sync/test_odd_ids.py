"""An appointment whose id comes in a shape the PMS does not use is neither new nor gone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from domain.appointments import Appointment
from domain.errors import BadRecord
from domain.sources import Page, Query, Reject
from infra.database import engine, transaction
from tests.sync.book import NINE, TODAY, Book, Desk
from tests.sync.practice import ACCOUNT, Practice
from tests.sync.test_interrupted import visit

pytestmark = pytest.mark.integration

ODD = Reject(path="entry[0].id", reason="an id that is not a text", pms_id="17")


class Renumbering(Book):
    """Calls "b" by a number, in its listing and wherever it is asked for it."""

    is_odd = False

    def pages(self, query: Query, *, resume: str | None = None) -> Iterator[Page]:
        for page in super().pages(query, resume=resume):
            named = [one for one in page.records if one.pms_id != "b" or not self.is_odd]
            odd = [ODD] * (len(page.records) - len(named))
            yield replace(page, records=named, rejects=odd)

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        if pms_id == "b" and self.is_odd:
            raise BadRecord(ODD.reason, path=ODD.path)
        return super().probe(pms_id)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    db = engine(database_url, application_name="tests", pool_size=5)
    yield Desk(db, Renumbering(visits={who: visit(NINE, who) for who in "abc"}))
    db.dispose()


def test_a_known_row_whose_id_turns_into_a_number_stays_and_none_is_new(desk: Desk) -> None:
    assert desk.carry(desk.ask(last=TODAY)) == "done"
    desk.book.is_odd = True  # type: ignore[attr-defined]

    job = desk.ask(last=TODAY)
    assert desk.carry(job) == "done"

    rows = desk.rows()
    assert len(rows) == 3
    assert not any(row.removed for row in rows.values())
    query = text(
        "SELECT reject.pms_id, reject.reason FROM pms_rejects AS reject"
        " JOIN pms_sync_log AS run ON run.id = reject.run_id WHERE run.job_id = :id"
    )
    with transaction(desk.engine, account_id=desk.account) as db:
        kept = db.execute(query, {"id": job}).all()
    assert ("17", ODD.reason) in [tuple(one) for one in kept]


def test_two_ids_that_differ_in_their_letters_only_are_two_rows_and_stay_two(desk: Desk) -> None:
    desk.book.visits = {who: visit(NINE, who) for who in ("abc", "ABC")}
    assert desk.carry(desk.ask(last=TODAY)) == "done"
    assert len(desk.rows()) == 2

    desk.book.visits["ABC"]["notes"] = "Brings a letter."
    assert desk.carry(desk.ask(last=TODAY)) == "done"
    assert sorted(str(row.values["notes"]) for row in desk.rows().values()) == [
        "Brings a letter.",
        "None",
    ]

    del desk.book.visits["abc"]
    assert desk.carry(desk.ask(last=TODAY)) == "done"
    (left,) = [row for row in desk.rows().values() if not row.removed]
    assert left.values["patient_name"] == "Ann ABC"
    assert len(desk.rows()) == 2


class Respelling(Book):
    """Finds a visit by its id in whatever letters, and tells it in its own."""

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        own = next((one for one in self.visits if one.casefold() == pms_id.casefold()), pms_id)
        return super().probe(own)


def test_ids_that_change_in_their_letters_alone_leave_no_visit_on_the_sheet_twice(
    database_url: str,
) -> None:
    db = engine(database_url, application_name="tests", pool_size=5)
    desk = Desk(db, Respelling(visits={who: visit(NINE, who) for who in "abc"}))
    desk.carry(desk.ask(last=TODAY))
    desk.book.visits = {who.upper(): told for who, told in desk.book.visits.items()}

    assert desk.carry(desk.ask(last=TODAY, allow_removals=False)) == "done"

    shown = [row.values["patient_name"] for row in desk.rows().values() if not row.removed]
    assert sorted(shown) == ["Ann a", "Ann b", "Ann c"]
    db.dispose()


def test_a_practitioner_whose_id_turns_into_something_else_is_nobody_new(clinic: Practice) -> None:
    fault = {"fault": "wrong-type", "field": "id", "path": "/practitioners"}
    for _ in range(6):
        clinic.control("faults", {"scripts": [fault]})
        clinic.sync()

    run = clinic.sync()

    assert (run["status"], run["error_message"]) == ("success", None)
    query = text("SELECT count(*) FROM pms_clinician_mappings WHERE pms_connection_id = :id")
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        known = db.execute(query, {"id": clinic.connection_id}).scalar_one()
    (practice,) = clinic.simulator.clinics.values()
    assert known == len(practice.practitioners)
