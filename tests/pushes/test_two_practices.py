"""A row of ours whose clinician is changed to somebody of another practice of the account."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from adapters.storage.practices import connection_list, connections, practice_book
from domain.appointments import Practitioner
from domain.connections import Connection, State
from domain.desk import OutcomeUnknown
from domain.pushes import ELSEWHERE
from domain.work import LINK_PATIENT, PUSH_ENTRY, sync_job
from infra.database import transaction
from tests.pushes.book import ANN, COLUMNS, DAY, NINE, Book
from tests.pushes.office import ADA, ZONE, Office

pytestmark = pytest.mark.integration

CLEO = "Dr Cleo Example"
CLEOS_COLUMN = "col-9"
EVERYTHING = """{"auto_create": true}"""
VISIT: dict[str, Any] = {
    "start": f"{DAY}T12:00",
    "clinician": COLUMNS[ANN],
    "patient_name": "Example, Ada",
    "patient_date_of_birth": "1970-01-01",
}


@dataclass
class Street(Book):
    """The book of the first practice; that of the second is `other`."""

    other: Book = field(default_factory=Book)
    other_id: UUID | None = None

    def __call__(self, connection: Connection) -> Book:
        return self.other if connection.id == self.other_id else self

    def desk(self, connection: Connection) -> Book:
        return self(connection)


@pytest.fixture
def street() -> Street:
    made = Street()
    made.books("a-1", start=NINE)
    made.other.people["p-1"] = ADA
    return made


@pytest.fixture
def office(db: Engine, street: Street) -> Office:
    made = Office(db, book=street, features=EVERYTHING)
    made.sync()
    new = connections.NewConnection(
        account_id=made.account,
        vendor=made.vendor,
        site="other",
        timezone=ZONE,
        telehealth_only=False,
        settings={"map_all": True},
        state=State.ACTIVE,
    )
    with transaction(db, account_id=made.account) as session:
        street.other_id = connections.add(session, new)
        values = {"on": EVERYTHING, "id": street.other_id}
        session.execute(
            text("UPDATE pms_connections SET features = CAST(:on AS jsonb) WHERE id = :id"), values
        )
        held = connections.load(session, street.other_id)
        cleo = Practitioner(pms_id=CLEOS_COLUMN, full_name=CLEO)
        practice_book.save_practitioners(session, held, [cleo])
    return made


def gives_to(office: Office, entry_id: UUID, name: str) -> None:
    query = "SELECT id FROM run_sheet_clinicians WHERE name = :name"
    (column,) = office.all(query, name=name)
    office.retypes(entry_id, clinician=str(column["id"]))


def is_in_doubt(office: Office, street: Street, entry_id: UUID) -> bool:
    """The first practice was sent it, answers no more, and somebody has called its job off."""
    street.after, street.is_silent = [OutcomeUnknown("no answer")], True
    for _ in range(9):
        if office.all("SELECT FROM pms_writes WHERE state = 'unknown'"):
            office.all("UPDATE jobs SET state = 'cancelled' WHERE state = 'ready' RETURNING id")
            return True
        for job_id in office.ready((PUSH_ENTRY, LINK_PATIENT)):
            office.run(job_id)
    return False


def test_a_row_given_to_another_practice_before_it_was_sent_is_made_there(
    office: Office, street: Street
) -> None:
    entry_id = office.adds(**VISIT)

    gives_to(office, entry_id, CLEO)
    office.push()

    assert street.writes == []
    (new,) = street.other.visits.values()
    assert (new.column, new.patient_id) == (CLEOS_COLUMN, "p-1")


def test_what_one_practice_may_have_taken_is_sent_to_no_other(
    office: Office, street: Street
) -> None:
    entry_id = office.adds(**VISIT)
    assert is_in_doubt(office, street, entry_id)

    gives_to(office, entry_id, CLEO)
    office.time.ahead = timedelta(hours=1)
    office.push()

    assert street.other.writes == []
    row = office.entry(entry_id)
    assert (row["push_state"], row["push_reason"]) == ("error", ELSEWHERE)
    assert [one["state"] for one in office.all("SELECT state FROM pms_writes")] == ["unknown"]


def test_what_was_in_doubt_is_read_back_where_it_was_sent(office: Office, street: Street) -> None:
    entry_id = office.adds(**VISIT)
    assert is_in_doubt(office, street, entry_id)
    gives_to(office, entry_id, CLEO)
    office.push()

    gives_to(office, entry_id, COLUMNS[ANN])
    street.is_silent = False
    office.push()

    assert len(street.writes) == 1
    assert street.other.writes == []
    assert office.entry(entry_id)["linked_to"] is not None


def test_a_visit_that_one_practice_has_off_the_sheet_is_not_made_at_another(
    office: Office, street: Street
) -> None:
    entry_id = office.adds(**{**VISIT, "start": f"{DAY + timedelta(days=1)}T12:00"})
    office.push()
    assert len(street.writes) == 1

    gives_to(office, entry_id, CLEO)
    office.push()

    assert street.other.writes == []
    assert office.entry(entry_id)["push_reason"] == ELSEWHERE


def test_what_was_typed_at_a_practice_that_was_left_goes_to_the_one_that_took_over(
    office: Office, street: Street
) -> None:
    street.other.books("b-1", start=NINE + timedelta(hours=3))
    assert street.other_id is not None
    job = sync_job(
        account_id=office.account,
        connection_id=street.other_id,
        vendor=office.vendor,
        first_day=DAY,
        last_day=DAY,
    )
    assert office.run(office.put(job)) == "done"
    office.types("b-1", start="12:30")
    with transaction(office.engine, account_id=office.account) as db:
        connection_list.remove(db, street.other_id)

    street.books("a-2", start=NINE + timedelta(hours=3))
    office.sync()
    assert office.stands("a-2") == ("pending", None)
    office.push()

    assert street.visits["a-2"].start == NINE + timedelta(hours=3, minutes=30)
    assert office.stands("a-2") == ("synced", None)


def test_what_was_typed_while_a_practice_was_removed_goes_out_once_it_is_connected_again(
    office: Office, street: Street
) -> None:
    with transaction(office.engine, account_id=office.account) as db:
        connection_list.remove(db, office.connection_id)
    office.types("a-1", start="10:00")
    again = connections.NewConnection(
        account_id=office.account,
        vendor=office.vendor,
        site="book",
        timezone=ZONE,
        telehealth_only=False,
        settings={"map_all": True},
        state=State.ACTIVE,
    )
    with transaction(office.engine, account_id=office.account) as db:
        assert connections.add(db, again, at=NINE) == office.connection_id

    office.sync()
    assert office.stands("a-1") == ("pending", None)
    office.push()

    assert street.visits["a-1"].start == NINE + timedelta(hours=1)
    assert office.stands("a-1") == ("synced", None)
