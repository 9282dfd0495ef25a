"""The rows of some days go out together; whoever asked is told of each that did not."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from adapters.storage.people import accounts
from adapters.storage.two_way import push_board
from domain.desk import OutcomeUnknown
from domain.errors import Refused
from domain.features import SHEET_PUSHES
from domain.push_ranges import UNSENT
from domain.pushes import DISPUTED, NO_COLUMN, SWITCHED_OFF
from infra.database import dispatch, transaction
from tests.pushes.book import ANN, BEN, COLUMNS, DAY, NINE
from tests.pushes.office import Office
from workers.handlers.push_range import BATCH, PATIENCE

pytestmark = pytest.mark.integration


def forgets_jobs(office: Office) -> None:
    """What people typed waits, and nothing is on its way."""
    office.all("UPDATE jobs SET state = 'cancelled' WHERE state = 'ready' RETURNING id")


def to_send(office: Office) -> int:
    with transaction(office.engine, account_id=office.account) as db:
        return push_board.to_send(db, office.connection_id, first=DAY, last=DAY)


def told(office: Office, job: int) -> tuple[int, dict[str, int], dict[str, int]]:
    """What a range answers: how many were sent, and why the others were not."""
    result = office.job(job)["result"]
    reasons = result["reasons"]
    assert result["failed"] == sum(reasons["failed"].values())
    assert result["waiting"] == sum(reasons["waiting"].values())
    return result["sent"], reasons["failed"], reasons["waiting"]


def test_several_rows_go_out_by_their_days(office: Office) -> None:
    for number in range(2, 6):
        office.book.books(f"a-{number}", start=NINE + timedelta(hours=number), column=BEN)
    office.sync()
    for number in range(1, 6):
        office.types(f"a-{number}", status="arrived")
    forgets_jobs(office)

    job = office.ask_range()
    office.push()

    assert {one.status for one in office.book.visits.values()} == {"arrived"}
    assert told(office, job) == (5, {}, {})


def test_a_range_tells_what_failed(office: Office) -> None:
    office.types("a-1", status="arrived")
    forgets_jobs(office)
    office.book.before = [Refused("not today")]

    job = office.ask_range()
    office.push()

    assert told(office, job) == (0, {"not today": 1}, {})


def test_what_was_refused_is_not_sent_again_as_it_is(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.before = [Refused("not today")]
    office.push()
    sent = "SELECT id FROM pms_writes WHERE entry_id IS NOT NULL"

    assert to_send(office) == 0
    job = office.ask_range()
    office.push()

    assert told(office, job) == (0, {"not today": 1}, {})
    assert len(office.all(sent)) == 1

    office.types("a-1", status="no_show")
    forgets_jobs(office)
    assert to_send(office) == 1


def test_what_failed_without_a_word_of_the_practice_is_tried_again(office: Office) -> None:
    office.types("a-1", status="arrived")
    forgets_jobs(office)
    office.all(
        "UPDATE run_sheet_appointments SET push_state = 'error', push_reason = 'No answer.'"
        " WHERE push_state = 'pending' RETURNING id"
    )

    assert to_send(office) == 1
    job = office.ask_range()
    office.push()

    assert told(office, job) == (1, {}, {})


def test_one_row_that_is_stuck_holds_up_no_other(office: Office) -> None:
    for number in range(2, BATCH + 3):
        office.book.books(f"a-{number}", start=NINE + timedelta(minutes=number), column=BEN)
    office.sync()
    for number in range(1, BATCH + 3):
        office.types(f"a-{number}", status="arrived")
    forgets_jobs(office)
    office.book.before, office.book.is_silent = [OutcomeUnknown("no answer")], True

    job = office.ask_range()
    for _ in range(6):
        for one in office.ready(("push_range", "push_entry")):
            office.run(one)
    assert sum(one.status == "arrived" for one in office.book.visits.values()) == BATCH + 1
    assert office.job(job)["state"] == "ready"

    office.time.ahead += PATIENCE + timedelta(seconds=1)
    assert office.run(job) == "done"
    sent, failed, waiting = told(office, job)
    assert (sent, failed, sum(waiting.values())) == (BATCH + 1, {}, 1)


def test_a_row_that_cannot_even_be_tried_counts_as_failed(office: Office) -> None:
    office.types("a-1", duration_minutes=45)
    forgets_jobs(office)
    office.all("UPDATE run_sheet_appointments SET pms_practitioner_id = NULL RETURNING id")
    office.all("DELETE FROM pms_clinician_mappings RETURNING id")

    job = office.ask_range()
    office.push()

    assert told(office, job) == (0, {NO_COLUMN: 1}, {})


def test_what_waits_for_a_person_is_counted_and_named(office: Office) -> None:
    office.types("a-1", status="arrived")
    office.book.changes("a-1", status="no_show")
    office.push()
    office.adds(start=f"{DAY}T12:00", clinician=COLUMNS[ANN], patient_name="Ada Example")

    assert to_send(office) == 0
    job = office.ask_range()
    office.push()

    assert told(office, job) == (0, {}, {DISPUTED: 1, UNSENT: 1})


def test_the_count_beforehand_is_of_what_is_sent(db: Engine) -> None:
    office = Office(db, features="""{"auto_create": true}""")
    office.book.books("a-1")
    office.book.books("a-2", start=NINE + timedelta(hours=1))
    office.sync()
    office.types("a-1", status="arrived")
    office.types("a-2", status="arrived")
    office.adds(start=f"{DAY}T12:00", clinician=COLUMNS[ANN], patient_name="Nobody Known")
    office.push(kinds=("link_patient",))
    forgets_jobs(office)
    del office.book.visits["a-2"]
    office.sync()
    forgets_jobs(office)

    assert to_send(office) == 2
    job = office.ask_range()
    office.run(job)

    rows = office.all(
        "SELECT FROM jobs WHERE kind = 'push_entry' AND args ->> 'range_id' = :id", id=str(job)
    )
    assert len(rows) == 2


def test_a_range_asked_for_before_pushes_were_switched_off_puts_nothing_on_its_way(
    office: Office,
) -> None:
    office.types("a-1", status="arrived")
    forgets_jobs(office)
    job = office.ask_range()
    with dispatch(office.engine) as db:
        accounts.switch(db, office.account, {SHEET_PUSHES: False})

    office.push()

    assert told(office, job) == (0, {}, {SWITCHED_OFF: 1})
    assert office.all("SELECT FROM jobs WHERE args ->> 'range_id' = :id", id=str(job)) == []
