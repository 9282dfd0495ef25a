"""Rows that wait for their patient: each goes out by its own link, and none waits for ever."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from adapters.storage.practices import connection_list, connections
from adapters.storage.two_way import patient_links
from domain.patient_links import Choice, LinkState, Person
from domain.pushes import NOT_SHOWN
from domain.work import LINK_PATIENT, PUSH_ENTRY
from infra.database import transaction
from tests.pushes.book import ANN, COLUMNS, DAY, NINE
from tests.pushes.office import SEALER, ZONE, Office

pytestmark = pytest.mark.integration

ADA: dict[str, Any] = {
    "start": f"{DAY}T12:00",
    "clinician": COLUMNS[ANN],
    "patient_name": "Ada Example",
    "patient_date_of_birth": "1970-01-01",
}
UNBORN: dict[str, Any] = {**ADA, "patient_date_of_birth": None}
LATER: dict[str, Any] = {"start": f"{DAY}T15:00"}


@pytest.fixture
def eager(db: Engine) -> Office:
    """A practice that is to have every row people add."""
    made = Office(db, features="""{"auto_create": true}""")
    made.book.books("a-1")
    made.sync()
    return made


def links(office: Office, link_id: UUID, pms_id: str = "p-1") -> list[UUID]:
    """A person says who is meant; the rows that waited for it."""
    with transaction(office.engine, account_id=office.account) as db:
        link = patient_links.load(db, SEALER, link_id)
        choice = Choice(state=LinkState.LINKED, pms_patient_id=pms_id)
        about: dict[str, Any] = {"account_id": office.account, "at": office.time()}
        patient_links.chosen(db, SEALER, link, choice, by="person:ann", **about)
        return list(patient_links.waiting(db, SEALER, link))


def link_of(office: Office, entry_id: UUID) -> UUID:
    found: UUID = office.entry(entry_id)["push_link_id"]
    return found


def test_a_name_alone_is_linked_for_its_own_row_only(eager: Office) -> None:
    first, second = eager.adds(**UNBORN), eager.adds(**UNBORN | LATER)
    eager.push()
    assert link_of(eager, first) != link_of(eager, second)

    assert links(eager, link_of(eager, first)) == [first]
    eager.ask_push(first, create=True)
    third = eager.adds(**UNBORN | {"start": f"{DAY}T17:00"})
    eager.push()

    assert [one.start for pms_id, one in eager.book.visits.items() if pms_id != "a-1"] == [
        NINE + timedelta(hours=3)
    ]
    waiting = {eager.entry(one)["push_state"] for one in (second, third)}
    assert waiting == {"needs_patient"}


def test_whoever_is_told_apart_by_a_birth_date_is_linked_for_all_their_rows(eager: Office) -> None:
    eager.book.people["p-2"] = replace(eager.book.people["p-1"], pms_id="p-2")
    first, second = eager.adds(**ADA), eager.adds(**ADA | LATER)
    eager.push()

    assert sorted(links(eager, link_of(eager, first))) == sorted([first, second])


def test_a_link_at_another_practice_lets_nothing_go_here(eager: Office) -> None:
    entry_id = eager.adds(**UNBORN)
    eager.push()
    other = _another(eager)

    with transaction(eager.engine, account_id=eager.account) as db:
        there = replace(eager.connection(), id=other)
        person = Person(name=UNBORN["patient_name"]).on(entry_id)
        link = patient_links.of_person(db, SEALER, there, person)

    assert links(eager, link.id) == []
    assert eager.entry(entry_id)["push_state"] == "needs_patient"


def test_who_was_linked_before_their_row_came_to_wait_lets_it_go_all_the_same(
    eager: Office,
) -> None:
    entry_id = eager.adds(**UNBORN)
    eager.push(kinds=(PUSH_ENTRY,))
    links(eager, link_of(eager, entry_id))
    assert len(eager.book.visits) == 1

    (job,) = eager.ready((LINK_PATIENT,))
    eager.run(job)
    eager.push()

    assert len(eager.book.visits) == 2


def test_a_look_does_not_keep_back_whom_a_person_linked_meanwhile(eager: Office) -> None:
    entry_id = eager.adds(**UNBORN)
    eager.push(kinds=(PUSH_ENTRY,))
    look = eager.book.search_patients

    def meanwhile(query: Any) -> Any:
        links(eager, link_of(eager, entry_id))
        return look(query)

    eager.book.search_patients = meanwhile  # type: ignore[method-assign]
    eager.push()

    assert len(eager.book.visits) == 2


def test_what_a_booking_cannot_say_goes_after_it_where_nothing_goes_by_itself(db: Engine) -> None:
    office = Office(db, features="""{"auto_push": false}""")
    office.book.books("a-1")
    office.sync()
    entry_id = office.adds(**ADA, status="confirmed")

    office.ask_push(entry_id, create=True)
    office.push()

    (new,) = [one for pms_id, one in office.book.visits.items() if pms_id != "a-1"]
    (row,) = [one for one in office.shown() if one["pms_appointment_id"] != "a-1"]
    assert (new.status, row["push_state"]) == ("confirmed", "synced")


def test_a_visit_that_is_never_shown_is_a_persons_to_look_at_and_never_booked_twice(
    eager: Office,
) -> None:
    eager.book.hidden.add("new-2")
    entry_id = eager.adds(**ADA)
    eager.push(kinds=(LINK_PATIENT,))
    eager.push_once()
    eager.push(kinds=(LINK_PATIENT,))
    assert eager.push_once() == "ready"
    assert str(eager.entry(entry_id)["push_reason"]).startswith("Waits for")

    eager.time.ahead += timedelta(hours=2)
    eager.push()
    row = eager.entry(entry_id)
    assert (row["push_state"], row["push_reason"]) == ("error", NOT_SHOWN)

    eager.book.hidden.clear()
    eager.ask_push(entry_id, create=True)
    eager.push()
    assert (len(eager.book.visits), len(eager.shown())) == (2, 2)


def _another(office: Office) -> UUID:
    new = connections.NewConnection(
        account_id=office.account,
        vendor=office.vendor,
        timezone=ZONE,
        telehealth_only=False,
        site="another",
        settings={},
    )
    with transaction(office.engine, account_id=office.account) as db:
        return connections.add(db, new)


def forgets_links(office: Office) -> None:
    """As a worker of before leaves the rows: they wait for their patient, and do not say whom."""
    office.all("UPDATE run_sheet_appointments SET push_link_id = NULL RETURNING id")


def test_rows_that_do_not_say_for_which_link_they_wait_are_found_by_their_person(
    eager: Office,
) -> None:
    eager.book.people["p-2"] = replace(eager.book.people["p-1"], pms_id="p-2")
    first, second = eager.adds(**ADA), eager.adds(**UNBORN | LATER)
    eager.push()
    born, unborn = link_of(eager, first), link_of(eager, second)
    forgets_links(eager)

    assert (links(eager, born), links(eager, unborn)) == ([first], [second])


def test_the_next_sync_sends_rows_that_do_not_say_for_which_link_they_wait(eager: Office) -> None:
    entry_id = eager.adds(**UNBORN)
    eager.push()
    link_id = link_of(eager, entry_id)
    links(eager, link_id)
    forgets_links(eager)

    eager.sync()
    eager.push()

    assert (len(eager.book.visits), len(eager.shown())) == (2, 2)


def test_nobody_is_looked_for_at_a_paused_practice_until_it_is_resumed(db: Engine) -> None:
    office = Office(db, features="""{"auto_push": true, "auto_create": true}""")
    office.book.books("a-1")
    office.sync()
    entry_id = office.adds(**ADA)
    office.push(kinds=(PUSH_ENTRY,))
    paused(office)
    office.push()
    assert [one["state"] for one in office.all("SELECT state FROM patient_links")] == ["pending"]

    with transaction(office.engine, account_id=office.account) as one:
        connection_list.resume(one, office.connection_id)
    office.sync()
    office.push()

    assert office.entry(entry_id)["linked_to"] is not None
    assert len(office.book.visits) == 2


def paused(office: Office) -> None:
    with transaction(office.engine, account_id=office.account) as db:
        connection_list.pause(db, office.connection_id)
