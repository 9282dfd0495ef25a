"""What people change in rows of a PMS that takes changes is owed to it, with the job that goes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.storage.by_hand.undoing import undo_row, undo_step
from adapters.storage.practices import connection_list, connections
from domain.appointments import Appointment, Status
from domain.pushes import DISPUTED
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import START, VISIT, Desk, desk_of, moved
from tests.storage.rig import Rig

pytestmark = pytest.mark.integration

KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
MARKED = replace(VISIT, version="v-1")
OFF = """{"auto_push": false}"""
CREATES = """{"auto_create": true}"""


def desk_with(rig: Rig, features: str = "{}", *, vendor: str = "advancedmd") -> Desk:
    connection_id = rig.connect("site")
    rig.run(
        "UPDATE pms_connections SET features = CAST(:features AS jsonb), connector = :vendor"
        " WHERE id = :id",
        features=features,
        vendor=vendor,
        id=connection_id,
    )
    return desk_of(rig.engine, Sealer(Keyring.from_hex(KEY)), connection_id)


@pytest.fixture
def desk(rig: Rig) -> Desk:
    return desk_with(rig)


def jobs(desk: Desk) -> list[Mapping[str, Any]]:
    return desk.all("SELECT * FROM jobs WHERE kind = 'push_entry' AND state = 'ready'")


def stands(desk: Desk, visit: Appointment = MARKED) -> tuple[str | None, str | None]:
    row = desk.row(visit)
    return row["push_state"], row["push_reason"]


def step_back(desk: Desk, visit: Appointment, step_id: int | None = None) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        undo_step(db, desk.seal, desk.id_of(visit), step_id, expected_version=None, hand=desk.hand)


@pytest.mark.parametrize(
    ("vendor", "features", "ways"),
    [
        ("advancedmd", "{}", (True, True, False)),
        ("advancedmd", OFF, (True, False, False)),
        ("advancedmd", CREATES, (True, True, True)),
        ("gentu", "{}", (False, False, False)),
        ("gentu", CREATES, (False, False, False)),
        ("sikka", """{"auto_push": true}""", (False, False, False)),
    ],
)
def test_a_practice_says_whether_its_rows_go_out(
    rig: Rig, vendor: str, features: str, ways: tuple[bool, bool, bool]
) -> None:
    found = desk_with(rig, features, vendor=vendor)

    with transaction(found.engine, account_id=found.account) as db:
        loaded = connections.load(db, found.connection.id)

    assert (loaded.both_ways, loaded.auto_push, loaded.auto_create) == ways


def test_the_pms_s_own_mark_of_a_row_is_kept(desk: Desk) -> None:
    desk.told(replace(MARKED, facility_id="f-9"))

    row = desk.row(MARKED)
    assert (row["pms_version"], row["pms_facility_id"]) == ("v-1", "f-9")


def test_a_new_mark_alone_is_stored_and_nobody_is_told(desk: Desk) -> None:
    desk.told(MARKED)
    before = desk.row(MARKED)

    _, applied = desk.told(replace(MARKED, version="v-2"))

    row = desk.row(MARKED)
    assert (row["pms_version"], row["version"]) == ("v-2", before["version"])
    assert (applied.updated, applied.days, applied.lines) == (0, set(), [])
    assert desk.all("SELECT * FROM run_sheet_history") == []


def test_a_new_mark_with_a_new_time_is_told_as_ever(desk: Desk) -> None:
    desk.told(MARKED)

    _, applied = desk.told(replace(moved(MARKED, 15), version="v-2"))

    assert (applied.updated, desk.row(MARKED)["version"]) == (1, 2)


def test_a_change_of_status_is_owed_and_its_job_goes_with_it(desk: Desk) -> None:
    desk.told(MARKED)

    desk.type_in(MARKED, status="arrived")

    (job,) = jobs(desk)
    assert job["args"]["entry_id"] == str(desk.id_of(MARKED))
    assert stands(desk) == ("pending", None)


def test_several_changes_of_a_row_are_one_job(desk: Desk) -> None:
    desk.told(MARKED)

    desk.type_in(MARKED, status="arrived")
    desk.type_in(MARKED, duration_minutes=45)

    assert len(jobs(desk)) == 1


@pytest.mark.parametrize("change", [{"patient_phone": "03 9555 0199"}, {"notes": "brings a dog"}])
def test_what_no_pms_takes_is_owed_to_none(desk: Desk, change: dict[str, str]) -> None:
    desk.told(MARKED)

    desk.type_in(MARKED, **change)

    assert (jobs(desk), stands(desk)) == ([], (None, None))


def test_a_practice_that_goes_one_way_owes_nothing(rig: Rig) -> None:
    desk = desk_with(rig, vendor="gentu")
    desk.told(MARKED)

    desk.type_in(MARKED, status="arrived")

    assert (jobs(desk), stands(desk)) == ([], (None, None))


def test_an_account_whose_pushes_are_switched_off_owes_nothing(rig: Rig) -> None:
    rig.run("""UPDATE accounts SET features = '{"sheet_pushes": false}' WHERE id = 'default'""")
    desk = desk_with(rig)
    desk.told(MARKED)

    desk.type_in(MARKED, status="arrived")

    assert (jobs(desk), stands(desk)) == ([], (None, None))


def test_a_practice_that_pushes_by_hand_marks_what_it_owes(rig: Rig) -> None:
    desk = desk_with(rig, OFF)
    desk.told(MARKED)

    desk.type_in(MARKED, status="arrived")

    assert (jobs(desk), stands(desk)) == ([], ("pending", None))


@pytest.mark.parametrize(("features", "leaving"), [("{}", 1), (OFF, 0)], ids=["itself", "by hand"])
def test_what_was_typed_at_a_practice_that_was_left_is_owed_to_its_new_pms(
    rig: Rig, features: str, leaving: int
) -> None:
    desk = desk_with(rig, features)
    desk.now = START - timedelta(days=1)
    clinicians, there = desk.connection.clinicians, replace(VISIT, pms_id="b-1")
    with transaction(rig.engine, account_id=desk.account) as db:
        loaded = connections.load(db, rig.connect("left"))
    before = replace(loaded, clinicians=clinicians, telehealth_only=False)
    left = Desk(rig.engine, desk.sealer, before, now=desk.now)
    left.told(VISIT)
    left.type_in(VISIT, status="arrived")
    with transaction(rig.engine, account_id=desk.account) as db:
        connection_list.remove(db, before.id)

    desk.told(there)

    assert (len(jobs(desk)), stands(desk, there)) == (leaving, ("pending", None))


def test_a_change_that_is_taken_back_is_no_longer_owed(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")

    with transaction(desk.engine, account_id=desk.account) as db:
        undo_row(db, desk.seal, desk.id_of(MARKED), expected_version=None, hand=desk.hand)

    assert stands(desk) == ("synced", None)


def test_a_status_changed_on_both_sides_is_a_conflict_and_waits_for_a_person(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")

    desk.told(replace(MARKED, status=Status.NO_SHOW, version="v-2"))

    assert desk.row(MARKED)["status"] == "arrived"
    assert [one["field"] for one in desk.open_conflicts()] == ["status"]


def test_typing_on_in_a_conflict_sends_nothing(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")
    desk.told(replace(MARKED, status=Status.NO_SHOW, version="v-2"))

    desk.type_in(MARKED, status="completed")

    assert stands(desk) == ("pending", DISPUTED)


@pytest.mark.parametrize(("choice", "state"), [("mine", "pending"), ("theirs", "synced")])
def test_a_settled_conflict_is_owed_only_where_ours_was_kept(
    desk: Desk, choice: Any, state: str
) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")
    desk.told(replace(MARKED, status=Status.NO_SHOW, version="v-2"))
    (conflict,) = desk.open_conflicts()

    desk.settle(conflict["id"], choice)

    assert stands(desk) == (state, None)


def test_a_sync_that_brings_agreement_ends_what_was_owed(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")

    desk.told(replace(MARKED, status=Status.ARRIVED, version="v-2"))

    assert stands(desk) == ("synced", None)


def test_a_sync_that_ends_a_conflict_by_going_back_has_ours_sent(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")
    desk.all("UPDATE jobs SET state = 'done' RETURNING id")
    desk.told(replace(MARKED, status=Status.NO_SHOW, version="v-2"))

    desk.told(replace(MARKED, version="v-3"))

    assert desk.open_conflicts() == []
    assert (len(jobs(desk)), stands(desk)) == (1, ("pending", None))


def test_a_sync_of_something_else_keeps_what_is_owed(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")

    desk.told(replace(MARKED, notes="other", version="v-2"))

    assert stands(desk) == ("pending", None)


def test_undoing_a_change_that_has_arrived_sends_the_old_value_back(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")
    desk.told(replace(MARKED, status=Status.ARRIVED, version="v-2"))
    desk.all("UPDATE jobs SET state = 'done' RETURNING id")

    step_back(desk, MARKED)

    assert desk.row(MARKED)["status"] == "booked"
    assert (len(jobs(desk)), stands(desk)) == (1, ("pending", None))


def test_an_undo_that_is_undone_is_owed_again(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")
    step_back(desk, MARKED)
    assert stands(desk) == ("synced", None)

    step_back(desk, MARKED)

    assert desk.row(MARKED)["status"] == "arrived"
    assert stands(desk) == ("pending", None)


def test_undoing_what_a_sync_did_writes_to_no_practice(desk: Desk) -> None:
    desk.told(MARKED)
    desk.told(replace(MARKED, status=Status.ARRIVED, version="v-2"))

    step_back(desk, MARKED)

    assert desk.row(MARKED)["status"] == "booked"
    assert (jobs(desk), stands(desk)) == ([], (None, None))


def test_what_is_taken_back_while_it_leaves_is_sent_after_it(desk: Desk) -> None:
    desk.told(MARKED)
    desk.type_in(MARKED, status="arrived")
    desk.all(
        """
        INSERT INTO pms_writes (account_id, connection_id, kind, state, idempotency_key, request,
                                confirmation, asked_by, trace_id, entry_id)
        VALUES ('default', :connection, 'set_status', 'submitted', 'k', '', 'ABCDEF', 'ann', 't',
                :entry) RETURNING id
        """,
        connection=desk.connection.id,
        entry=desk.id_of(MARKED),
    )

    with transaction(desk.engine, account_id=desk.account) as db:
        undo_row(db, desk.seal, desk.id_of(MARKED), expected_version=None, hand=desk.hand)

    row = desk.row(MARKED)
    assert (row["status"], row["provenance"]["status"]["source"]) == ("booked", "manual")
    assert stands(desk) == ("pending", None)
