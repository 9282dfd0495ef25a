"""What is left out goes a bounded step at a time, on from where it was, until it is nowhere."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from adapters.storage.practices import connection_list
from adapters.storage.two_way import patient_links
from adapters.storage.two_way.pushing import PushStore
from adapters.storage.upkeep.emptying import Emptying, EmptyingStore
from domain.errors import FenceLost
from domain.jobs import Job
from domain.patient_links import Candidate, Choice, LinkState, Person
from domain.work import EMPTY, PUSH_ENTRY
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import VISIT, Desk, desk_of, moved, rephoned
from tests.storage.rig import Rig
from tests.storage.test_taken_back import leave_out
from tests.storage.test_undoing import run, step_back

pytestmark = pytest.mark.integration

BATCH = 2
PHONES = [f"(03) 9000 01{number:02}" for number in range(9)]
OTHERS = [replace(moved(VISIT, 5 * number), pms_id=f"b-{number}") for number in range(1, 4)]


@pytest.fixture
def desk(rig: Rig) -> Desk:
    desk = desk_of(rig.engine, Sealer(Keyring.from_hex("0f" * 32)), rig.connect("site"))
    for phone in PHONES:
        run(desk, rephoned(VISIT, phone))
    run(desk, *OTHERS)
    return desk


def claimed(rig: Rig, desk: Desk) -> Job:
    """The job that waits; a worker that had it is dead."""
    with transaction(desk.engine, account_id=desk.account) as db:
        query = text(
            "SELECT id FROM jobs WHERE kind = :kind AND state IN ('ready', 'running')"
            " ORDER BY id LIMIT 1"
        )
        job_id = db.execute(query, {"kind": EMPTY}).scalar_one()
    if rig.state(job_id) == "running":
        rig.lapse(job_id)
    job = rig.ledger.claim(job_id)
    assert job is not None
    return job


def begun(desk: Desk, job: Job) -> Emptying:
    return EmptyingStore(desk.engine, desk.sealer, clock=lambda: desk.now, batch=BATCH).begin(job)


def carried(opened: Emptying, *, most: int = 1000) -> int:
    """So many steps of it."""
    count = 0
    for _ in opened.steps():
        count += 1
        if count == most:
            break
    return count


def documents(desk: Desk) -> list[Mapping[str, Any]]:
    """Every snapshot of the history, opened."""
    lines = desk.all(
        "SELECT appointment_id, before FROM run_sheet_history WHERE before IS NOT NULL ORDER BY id"
    )
    return [
        desk.seal.open_document(
            line["appointment_id"], "before", line["before"], table="run_sheet_history"
        )
        for line in lines
    ]


def holding(desk: Desk) -> int:
    """Rows and snapshots that hold a phone number."""
    rows = [one["patient_phone"] for one in desk.all("SELECT * FROM run_sheet_appointments")]
    return sum(one is not None for one in rows) + str(documents(desk)).count("(03) 9000")


def emptied(desk: Desk) -> list[str]:
    found = desk.one("SELECT emptied FROM pms_connections WHERE id = :id", id=desk.connection.id)
    return list(found["emptied"])


def test_a_long_history_is_emptied_a_few_lines_at_a_time(rig: Rig, desk: Desk) -> None:
    leave_out(desk, "phone")
    opened = begun(desk, claimed(rig, desk))
    before, most = holding(desk), 0
    for _ in opened.steps():
        most, before = max(most, before - holding(desk)), holding(desk)
    opened.done()

    assert holding(desk) == 0
    assert 0 < most <= 2 * BATCH
    assert emptied(desk) == ["phone"]


@pytest.mark.parametrize("done", range(1, 8))
def test_a_pass_that_was_killed_goes_on_where_it_was(rig: Rig, desk: Desk, done: int) -> None:
    leave_out(desk, "phone")
    job = claimed(rig, desk)
    carried(begun(desk, job), most=done)

    again = begun(desk, claimed(rig, desk))
    rest = carried(again)
    again.done()

    assert holding(desk) == 0
    assert again.place.rows == 1 + len(OTHERS)
    assert done + rest <= carried(begun(desk, replace(again.job, checkpoint={})))


def test_what_is_taken_back_meanwhile_does_not_bring_it_back(rig: Rig, desk: Desk) -> None:
    leave_out(desk, "phone")
    opened = begun(desk, claimed(rig, desk))
    carried(opened, most=2)

    step_back(desk)
    carried(opened)

    assert holding(desk) == 0


def test_nothing_more_is_emptied_once_it_may_be_held_again(rig: Rig, desk: Desk) -> None:
    leave_out(desk, "phone")
    opened = begun(desk, claimed(rig, desk))
    carried(opened, most=1)
    left = holding(desk)
    leave_out(desk, None)

    carried(opened)
    opened.done()

    assert holding(desk) == left > 0
    assert emptied(desk) == []


def test_what_is_left_out_meanwhile_is_emptied_by_another_pass(rig: Rig, desk: Desk) -> None:
    leave_out(desk, "email")
    first = claimed(rig, desk)
    opened = begun(desk, first)
    carried(opened, most=1)
    leave_out(desk, "phone")
    carried(opened)
    opened.done()
    rig.ledger.finish(first)
    assert emptied(desk) == []

    opened = begun(desk, claimed(rig, desk))
    carried(opened)
    opened.done()

    assert holding(desk) == 0
    assert emptied(desk) == ["phone"]


def test_a_choice_that_came_and_went_while_nobody_emptied_begins_anew(rig: Rig, desk: Desk) -> None:
    leave_out(desk, "phone")
    carried(begun(desk, claimed(rig, desk)), most=7)
    leave_out(desk, None)
    desk.told(*OTHERS)
    leave_out(desk, "phone")

    opened = begun(desk, claimed(rig, desk))
    carried(opened)
    opened.done()

    assert holding(desk) == 0


def test_a_worker_that_was_taken_over_empties_nothing(rig: Rig, desk: Desk) -> None:
    leave_out(desk, "phone")
    frozen = begun(desk, claimed(rig, desk))
    claimed(rig, desk)
    before = holding(desk)

    with pytest.raises(FenceLost):
        carried(frozen)

    assert holding(desk) == before


def test_rows_of_a_practice_that_is_removed_are_emptied_all_the_same(rig: Rig, desk: Desk) -> None:
    leave_out(desk, "phone")
    with transaction(desk.engine, account_id=desk.account) as db:
        connection_list.remove(db, desk.connection.id)

    opened = begun(desk, claimed(rig, desk))
    carried(opened)
    opened.done()

    assert holding(desk) == 0


def test_the_preview_of_a_dry_run_does_not_tell_it(rig: Rig, desk: Desk) -> None:
    run_id = run(desk, rephoned(VISIT, "(03) 9000 0200"))
    lines = [
        {"what": "change", "appointment_type": "Review", "changed": {"patient_phone": [1, 2]}},
        {"what": "add", "patient_name": "Ada Example", "appointment_type": "Review"},
    ]
    diff = desk.seal.document(run_id, "diff", lines, table="pms_sync_log")
    keep = "UPDATE pms_sync_log SET diff = :diff WHERE id = :id RETURNING id"
    desk.one(keep, diff=diff, id=run_id)
    leave_out(desk, "phone,type")

    carried(begun(desk, claimed(rig, desk)))

    kept = desk.one("SELECT diff FROM pms_sync_log WHERE id = :id", id=run_id)
    assert desk.seal.open_document(run_id, "diff", kept["diff"], table="pms_sync_log") == [
        {"what": "change", "appointment_type": None, "changed": {}},
        {"what": "add", "patient_name": "Ada Example", "appointment_type": None},
    ]


def test_whoever_a_person_may_be_at_the_pms_loses_the_day_of_birth(rig: Rig, desk: Desk) -> None:
    found = [Candidate(pms_id="7", name="Ada Example", date_of_birth="1970-01-01")]
    choice = Choice(state=LinkState.MANY, candidates=found)
    with transaction(desk.engine, account_id=desk.account) as db:
        person = Person(name="Ada Example", entry_id=str(uuid4()))
        link = patient_links.of_person(db, desk.sealer, desk.connection, person)
        patient_links.chosen(
            db, desk.sealer, link, choice, account_id=desk.account, by=None, at=desk.now
        )
    leave_out(desk, "birth_date")

    carried(begun(desk, claimed(rig, desk)))

    with transaction(desk.engine, account_id=desk.account) as db:
        kept = patient_links.load(db, desk.sealer, link.id)
    assert kept.candidates == [Candidate(pms_id="7", name="Ada Example")]


def test_whoever_was_looked_up_before_the_choice_is_kept_without_the_day_of_birth(
    desk: Desk,
) -> None:
    found = [Candidate(pms_id="7", name="Ada Example", date_of_birth="1970-01-01")]
    choice = Choice(state=LinkState.MANY, candidates=found)
    leave_out(desk, "birth_date")

    with transaction(desk.engine, account_id=desk.account) as db:
        person = Person(name="Ada Example", entry_id=str(uuid4()))
        link = patient_links.of_person(db, desk.sealer, desk.connection, person)
        patient_links.chosen(
            db, desk.sealer, link, choice, account_id=desk.account, by=None, at=desk.now
        )
        kept = patient_links.load(db, desk.sealer, link.id)

    assert kept.candidates == [Candidate(pms_id="7", name="Ada Example")]


def test_what_a_push_asked_for_before_the_choice_is_read_back_without_it(
    rig: Rig, desk: Desk
) -> None:
    asked_with = desk.connection
    job = rig.claimed(PUSH_ENTRY, account_id=desk.account, connection_id=asked_with.id)
    pushing = PushStore(desk.engine, desk.sealer, lambda: desk.now, job)
    leave_out(desk, "phone")
    opened = begun(desk, claimed(rig, desk))
    carried(opened)
    opened.done()

    later = moved(rephoned(VISIT, "(03) 9000 0300"), 15)
    outcome = pushing.read_back(VISIT.pms_id, [later], asked_with)

    assert outcome.counts["updated"] == 1
    assert holding(desk) == 0
