"""What a practice leaves out is not stored, is emptied where it was, and comes back when it may."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from adapters.storage.practices import connection_list
from adapters.storage.upkeep.left_out_now import left_out_now
from domain.jobs import JobState
from domain.work import EMPTY
from infra.database import dispatch, transaction
from tests.sync.practice import ACCOUNT, Practice
from tests.sync.test_edits import TYPED, a_patient, act, conflicts, now, type_in

pytestmark = pytest.mark.integration

FIELDS = ("patient_phone", "patient_email", "patient_date_of_birth", "notes", "appointment_type")


def leave_out(clinic: Practice, what: str | None) -> None:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        connection_list.configure(db, clinic.connection_id, {"settings": {"leave_out": what}})


def empty(clinic: Practice) -> int:
    """Carry the job that waits; answers how many rows it says it has emptied."""
    query = text("SELECT id FROM jobs WHERE kind = :kind AND state = 'ready'")
    with dispatch(clinic.engine) as db:
        job_id = db.execute(query, {"kind": EMPTY}).scalar_one()
    assert clinic.run(job_id) is JobState.DONE
    with dispatch(clinic.engine) as db:
        done = db.execute(text("SELECT result FROM jobs WHERE id = :id"), {"id": job_id})
        return int(done.scalar_one()["rows"])


def shown(clinic: Practice, *fields: str) -> set[str]:
    """Of these fields, those that any row shows."""
    return {name for row in clinic.rows() for name in fields or FIELDS if row[name]}


def history(clinic: Practice) -> list[Mapping[str, Any]]:
    """Every snapshot there is, opened."""
    query = text("SELECT appointment_id, before FROM run_sheet_history WHERE before IS NOT NULL")
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        found = db.execute(query).all()
    seal = clinic.seal()
    return [
        seal.open_document(row.appointment_id, "before", row.before, table="run_sheet_history")
        for row in found
    ]


def test_what_is_left_out_from_the_start_is_never_stored(clinic: Practice) -> None:
    leave_out(clinic, "phone,email,birth_date,notes,type")

    run = clinic.sync()

    assert (run["status"], run["created"] > 0) == ("success", True)
    assert shown(clinic) == set()
    assert all(row["appointment_type_id"] is None for row in clinic.rows())
    assert all(row["patient_name"] for row in clinic.rows() if row["pms_patient_id"])


def test_a_sync_empties_the_rows_it_reads_though_their_records_came_as_before(
    clinic: Practice,
) -> None:
    clinic.sync()
    assert shown(clinic) == set(FIELDS)
    leave_out(clinic, "phone,notes")

    run = clinic.sync()

    assert run["updated"] > 0
    assert shown(clinic) == set(FIELDS) - {"patient_phone", "notes"}
    assert conflicts(clinic) == []


def test_the_job_empties_rows_of_days_that_no_sync_reads(clinic: Practice) -> None:
    clinic.sync()
    leave_out(clinic, "phone,type")

    rows = empty(clinic)

    assert shown(clinic) == set(FIELDS) - {"patient_phone", "appointment_type"}
    assert all(row["appointment_type_id"] is None for row in clinic.rows())
    query = text("SELECT request_summary, phi_fields FROM pms_audit_logs WHERE action = :action")
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        told = db.execute(query, {"action": "connection.emptied"}).one()
    assert told.request_summary.startswith(f"phone, type: {rows} ")
    assert told.phi_fields == ["appointment_type", "patient_phone"]


def test_an_edit_while_rows_are_emptied_wakes_the_practice_once_that_is_done(
    clinic: Practice,
) -> None:
    clinic.sync()
    leave_out(clinic, "phone")
    hour = "now() + interval '1 hour'"
    clinic.change(
        f"UPDATE pms_connections SET rests_until = {hour}, next_sync_at = {hour} WHERE id = :id"  # noqa: S608 - our own words
    )
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        left_out_now(db, clinic.connection_id)
        type_in(clinic, a_patient(clinic)["id"], notes="rang back")

    empty(clinic)

    query = text("SELECT rests_until <= now() FROM pms_connections")
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        assert db.execute(query).scalar_one()


def test_what_was_emptied_comes_back_though_no_sync_ran_in_between(clinic: Practice) -> None:
    clinic.sync()
    before = {row["id"]: row["patient_phone"] for row in clinic.rows()}
    leave_out(clinic, "phone")
    empty(clinic)
    leave_out(clinic, None)

    clinic.sync()

    assert {row["id"]: row["patient_phone"] for row in clinic.rows()} == before


def test_what_was_left_out_for_a_while_comes_back_with_the_next_sync(clinic: Practice) -> None:
    leave_out(clinic, "phone,email,birth_date,notes,type")
    clinic.sync()
    leave_out(clinic, None)

    clinic.sync()

    assert shown(clinic) == set(FIELDS)


@pytest.mark.parametrize("by_job", [True, False], ids=["by the job", "by a sync"])
def test_what_a_person_typed_stays_and_is_in_conflict_with_nothing(
    clinic: Practice, *, by_job: bool
) -> None:
    clinic.sync()
    row = a_patient(clinic)
    type_in(clinic, row["id"], patient_phone=TYPED, notes="rang back")
    act(clinic, row, action="phone", phone="0491570110")
    clinic.sync()
    assert [one["field"] for one in conflicts(clinic)] == ["patient_phone"]
    leave_out(clinic, "phone,notes")

    if by_job:
        empty(clinic)
    else:
        clinic.sync()

    assert now(clinic, row)["patient_phone"] == TYPED
    assert now(clinic, row)["notes"] == "rang back"
    assert conflicts(clinic) == []
    assert clinic.sync()["conflicts"] == 0


def test_nothing_of_it_is_left_in_the_history_or_in_conflicts(clinic: Practice) -> None:
    clinic.sync()
    row = a_patient(clinic)
    theirs = row["patient_phone"]
    type_in(clinic, row["id"], patient_phone=TYPED)
    act(clinic, row, action="phone", phone="0491570110")
    clinic.sync()
    leave_out(clinic, "phone")
    clinic.sync()
    assert theirs in str(history(clinic))

    empty(clinic)

    assert theirs not in str(history(clinic))
    assert "0491570110" not in str(history(clinic))
    assert TYPED in str(history(clinic))
    query = text("SELECT appointment_id, both_values FROM run_sheet_conflicts")
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        [kept] = db.execute(query).all()
    seal = clinic.seal()
    opened = seal.open_document(
        kept.appointment_id, "both_values", kept.both_values, table="run_sheet_conflicts"
    )
    assert (opened["ours"], opened["theirs"]) == (TYPED, None)


def test_a_second_look_finds_nothing_to_empty(clinic: Practice) -> None:
    clinic.sync()
    type_in(clinic, a_patient(clinic)["id"], patient_phone=TYPED)
    leave_out(clinic, "phone,notes")
    empty(clinic)
    before, kept = clinic.versions(), history(clinic)
    leave_out(clinic, "phone,notes")

    empty(clinic)

    assert clinic.versions() == before
    assert history(clinic) == kept


def test_a_sync_asks_for_the_emptying_only_where_it_is_due(clinic: Practice) -> None:
    clinic.sync()
    assert clinic.jobs_of_kind(EMPTY) == 0
    clinic.change('UPDATE pms_connections SET settings = \'{"leave_out": "email"}\'')

    clinic.sync()
    assert clinic.jobs_of_kind(EMPTY) == 1
    empty(clinic)
    clinic.sync(first=clinic.day + timedelta(days=1), last=clinic.day + timedelta(days=1))

    assert clinic.jobs_of_kind(EMPTY) == 1


def test_a_row_that_was_taken_back_stays_so_until_the_pms_says_something_else(
    clinic: Practice,
) -> None:
    clinic.sync()
    row = a_patient(clinic)
    taken_back = "UPDATE run_sheet_appointments SET undone = true, removed_at = now()"
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        db.execute(text(f"{taken_back} WHERE id = :id"), {"id": row["id"]})
    standing = []
    for choice in ("phone,notes", None):
        leave_out(clinic, choice)
        clinic.sync()
        standing.append(now(clinic, row)["removed_at"])
    act(clinic, row, action="notes", notes="something else")
    clinic.sync()

    assert all(standing)
    assert now(clinic, row)["removed_at"] is None


def test_what_was_taken_back_stays_so_where_a_new_release_leaves_more_out(
    clinic: Practice,
) -> None:
    clinic.sync()
    clinic.change(
        "UPDATE run_sheet_appointments SET undone = true, removed_at = now()"
        " WHERE pms_connection_id = :id"
    )
    clinic.change('UPDATE pms_connections SET settings = \'{"leave_out": "email"}\'')

    clinic.sync()

    assert clinic.live_rows() == {}
