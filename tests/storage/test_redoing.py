"""What was undone stays so whatever becomes of our own rules, and a run can be done again."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from adapters.storage.by_hand.run_redoing import redo_run
from adapters.storage.by_hand.run_undoing import Undone
from domain.intake import filed, told
from domain.sheet import NotOnSheet, Settled
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import VISIT, Desk, desk_of, moved, rephoned
from tests.storage.rig import Rig
from tests.storage.test_linking import SCAN, only, post, sheet
from tests.storage.test_undoing import OTHER, phone_of, run, step_back, undo, unseen

pytestmark = pytest.mark.integration

OLD, NEW = "0f" * 32, "1e" * 32
CHANGED = replace(rephoned(VISIT, "(03) 9000 0002"), type_name="New")


@pytest.fixture
def desk(rig: Rig) -> Desk:
    return desk_of(rig.engine, Sealer(Keyring.from_hex(OLD)), rig.connect("site"))


def rotated(desk: Desk) -> None:
    desk.sealer = Sealer(Keyring.from_hex(NEW, old=[OLD]))


def remapped(desk: Desk) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        made = db.exec_driver_sql(
            "INSERT INTO run_sheet_clinicians (account_id, name)"
            " SELECT %s, 'Dr Other ' || count(*) FROM run_sheet_clinicians"
            " RETURNING id",
            (desk.account,),
        ).scalar_one()
    desk.connection = replace(desk.connection, clinicians={"dr-1": made})


def rezoned(desk: Desk) -> None:
    desk.connection = replace(desk.connection, timezone="Pacific/Auckland")


OUR_DOING = pytest.mark.parametrize("ours", [rotated, remapped, rezoned])


def redo(desk: Desk, run_id: UUID) -> Undone:
    with transaction(desk.engine, account_id=desk.account) as db:
        return redo_run(db, desk.seal, run_id, hand=desk.hand)


@OUR_DOING
def test_an_added_row_stays_off_whatever_becomes_of_our_own_rules(
    desk: Desk, ours: Callable[[Desk], None]
) -> None:
    undo(desk, run(desk, VISIT))

    ours(desk)
    desk.told(VISIT)
    found, _ = desk.told(VISIT)

    assert only(desk).removed
    assert found.unchanged == 1
    desk.told(rephoned(VISIT, "(03) 9000 0009"))
    assert not only(desk).removed


@OUR_DOING
def test_a_changed_row_stays_changed_back_whatever_becomes_of_our_rules(
    desk: Desk, ours: Callable[[Desk], None]
) -> None:
    run(desk, VISIT)
    undo(desk, run(desk, CHANGED))

    ours(desk)
    desk.told(CHANGED)

    entry = only(desk)
    assert (phone_of(entry), entry.appointment_type) == ("(03) 9000 0001", "Review")
    assert entry.clinician_id == desk.connection.clinicians["dr-1"]
    desk.told(rephoned(CHANGED, "(03) 9000 0009"))
    assert (phone_of(only(desk)), only(desk).appointment_type) == ("(03) 9000 0009", "New")


def test_a_print_under_an_old_key_is_renewed_before_that_key_goes(desk: Desk) -> None:
    undo(desk, run(desk, VISIT))
    rotated(desk)
    desk.told(VISIT)
    with transaction(desk.engine, account_id=desk.account) as db:
        stored = db.exec_driver_sql("SELECT fingerprint, pms_print FROM run_sheet_appointments")
        (row,) = stored.all()

    again = Sealer(Keyring.from_hex(NEW))
    clinician = desk.connection.clinicians["dr-1"]
    timezone = desk.connection.timezone
    assert row.fingerprint == again.fingerprint(filed(VISIT, clinician, timezone=timezone))
    assert row.pms_print == b"".join(map(again.fingerprint, told(VISIT, timezone=timezone)))


def test_a_row_that_stays_off_waits_in_its_new_column(desk: Desk) -> None:
    added = run(desk, VISIT)
    undo(desk, added)
    remapped(desk)
    desk.told(VISIT)

    assert redo(desk, added) == Undone(put_back=1)

    assert not only(desk).removed
    assert only(desk).version == 3
    desk.told(VISIT)
    assert only(desk).clinician_id == desk.connection.clinicians["dr-1"]


def test_what_a_run_added_changed_and_took_off_is_done_again(desk: Desk) -> None:
    gone = moved(replace(OTHER, pms_id="a-3"), 60)
    run(desk, VISIT, gone)
    second = run(desk, CHANGED, OTHER, gone=(gone,))
    before = sheet(desk)
    undo(desk, second)

    assert redo(desk, second) == Undone(changed_back=1, put_back=1, taken_off=1)

    after = sheet(desk)
    assert {row: (phone_of(one), one.removed) for row, one in after.items()} == {
        row: (phone_of(one), one.removed) for row, one in before.items()
    }
    found, _ = desk.told(CHANGED, OTHER)
    assert found.unchanged == 2
    assert set(unseen(desk)) == {desk.id_of(VISIT), desk.id_of(OTHER)}


def test_a_run_that_was_done_again_can_be_undone_again(desk: Desk) -> None:
    run(desk, VISIT)
    second = run(desk, CHANGED, OTHER)
    for _ in range(2):
        assert undo(desk, second) == Undone(changed_back=1, taken_off=1)
        assert redo(desk, second) == Undone(changed_back=1, put_back=1)

    assert phone_of(sheet(desk)[desk.id_of(VISIT)]) == "(03) 9000 0002"


def test_rows_that_changed_since_the_undo_are_left_alone(desk: Desk) -> None:
    run(desk, VISIT, OTHER)
    second = run(desk, CHANGED, rephoned(OTHER, "(03) 9000 0002"))
    undo(desk, second)
    desk.type_in(OTHER, notes="Call first.")

    assert redo(desk, second) == Undone(changed_back=1, left_alone=1)

    assert phone_of(sheet(desk)[desk.id_of(OTHER)]) == "(03) 9000 0001"


def test_a_scan_that_came_to_light_is_hidden_again(desk: Desk) -> None:
    post(desk, SCAN)
    added = run(desk, VISIT)
    undo(desk, added)
    assert [one.source for one in sheet(desk).values() if not one.removed] == ["ocr"]

    redo(desk, added)

    assert only(desk).source == "pms"
    assert not only(desk).removed


def test_a_run_that_is_not_undone_is_not_done_again(desk: Desk) -> None:
    done = run(desk, VISIT)

    with pytest.raises(Settled, match="not undone"):
        redo(desk, done)
    with pytest.raises(NotOnSheet):
        redo(desk, uuid4())


@OUR_DOING
def test_a_single_step_stays_undone_too(desk: Desk, ours: Callable[[Desk], None]) -> None:
    run(desk, VISIT)
    run(desk, CHANGED)
    step_back(desk)

    ours(desk)
    desk.told(CHANGED)
    assert phone_of(only(desk)) == "(03) 9000 0001"


def test_a_row_whose_undone_run_is_stepped_back_stays_in_its_new_column(desk: Desk) -> None:
    undo(desk, run(desk, VISIT))
    remapped(desk)
    desk.told(VISIT)

    entry = step_back(desk)

    assert (entry.removed, entry.clinician_id) == (False, desk.connection.clinicians["dr-1"])
    found, _ = desk.told(VISIT)
    assert (found.unchanged, only(desk).clinician_id) == (1, entry.clinician_id)


def test_a_row_that_a_run_put_back_is_redone_in_its_newest_column(desk: Desk) -> None:
    run(desk, VISIT)
    run(desk, gone=(VISIT,))
    back = run(desk, VISIT)

    for _ in range(2):
        assert undo(desk, back) == Undone(taken_off=1)
        remapped(desk)
        desk.told(VISIT)
        assert redo(desk, back) == Undone(put_back=1)

        assert only(desk).clinician_id == desk.connection.clinicians["dr-1"]


def test_a_step_that_both_moved_a_row_and_changed_it_is_stepped_back_whole(desk: Desk) -> None:
    run(desk, VISIT)
    run(desk, gone=(VISIT,))
    undo(desk, run(desk, CHANGED))
    assert (only(desk).removed, phone_of(only(desk))) == (True, "(03) 9000 0001")

    entry = step_back(desk)

    assert (entry.removed, phone_of(entry)) == (False, "(03) 9000 0002")
