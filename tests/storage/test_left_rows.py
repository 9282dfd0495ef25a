"""A practice that changes its PMS: rows left behind leave the sheet, return, or are taken over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.storage.by_hand import conflict_list
from adapters.storage.by_hand.undoing import put_back, take_off
from adapters.storage.practices import connection_list, connections, left_rows
from adapters.storage.practices.left_rows import LeftRows
from adapters.storage.sheet import linking
from domain.appointments import Appointment
from domain.errors import BadInput
from domain.overlaps import Policy
from domain.sheet import EntryView, NotOnSheet, Settled
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import ADA, START, VISIT, Desk, desk_of, moved, rephoned
from tests.storage.rig import Rig
from tests.storage.test_linking import post, sheet
from tests.storage.test_overlaps import choose, pairs
from tests.storage.test_undoing import history, run, step_back, undo

pytestmark = pytest.mark.integration

BEN = replace(ADA, pms_id="pat-2", full_name="Ben Sample", first_name="Ben", last_name="Sample")
LATER = replace(moved(VISIT, 60), pms_id="a-2")
THERE = replace(VISIT, pms_id="b-1", patient=replace(ADA, pms_id="9001"), notes=None)


@pytest.fixture
def desk(rig: Rig) -> Desk:
    made = desk_of(rig.engine, Sealer(Keyring.from_hex("0f" * 32)), rig.connect("old"))
    made.now = START - timedelta(days=1)
    return made


@pytest.fixture
def newer(rig: Rig, desk: Desk) -> Desk:
    """Another PMS of the same practice, with the same clinician."""
    with transaction(rig.engine, account_id=desk.account) as db:
        loaded = connections.load(db, rig.connect("new"))
    connection = replace(loaded, clinicians=desk.connection.clinicians, telehealth_only=False)
    return Desk(rig.engine, desk.sealer, connection, now=desk.now)


def leave(desk: Desk) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        connection_list.remove(db, desk.connection.id)


def counted(desk: Desk) -> LeftRows:
    with transaction(desk.engine, account_id=desk.account) as db:
        return left_rows.counted(
            db, desk.connection.id, account_id=desk.account, now=START - timedelta(hours=12)
        )


def take_all_off(desk: Desk, *, typed: bool = False) -> int:
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        return left_rows.take_off(db, desk.seal, desk.connection.id, typed=typed, hand=desk.hand)


def put_all_back(desk: Desk) -> int:
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        return left_rows.put_back(db, desk.seal, desk.connection.id, hand=desk.hand)


def hand_over(desk: Desk) -> int:
    with transaction(desk.engine, account_id=desk.account) as db:
        linking.alone(db, desk.account)
        return left_rows.hand_over(db, desk.seal, desk.connection.id, hand=desk.hand)


def off(desk: Desk, visit: Appointment) -> EntryView:
    with transaction(desk.engine, account_id=desk.account) as db:
        return take_off(db, desk.seal, desk.id_of(visit), expected_version=None, hand=desk.hand)


def back(desk: Desk, visit: Appointment) -> EntryView:
    with transaction(desk.engine, account_id=desk.account) as db:
        return put_back(db, desk.seal, desk.id_of(visit), expected_version=None, hand=desk.hand)


def standing(desk: Desk) -> set[UUID]:
    return {one.id for one in sheet(desk).values() if not one.removed}


def test_rows_to_come_are_counted_and_those_with_something_typed_among_them(desk: Desk) -> None:
    past = replace(moved(VISIT, -11 * 60), pms_id="a-0")
    desk.told(VISIT, LATER, past, replace(moved(VISIT, -13 * 60), pms_id="a-gone"))
    desk.type_in(LATER, notes="Call first.")

    assert counted(desk) == LeftRows(to_come=3, typed=1, taken_off=0)


def test_a_value_that_had_to_give_way_and_a_typed_row_behind_count_as_typed(desk: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, status="arrived")
    typed = {"start": LATER.start.isoformat(), "patient_name": "Ada Example"}
    post(desk, typed, source="manual")
    desk.told(rephoned(VISIT, "(03) 9000 0002"), LATER)

    assert counted(desk).typed == 2


def test_rows_to_come_are_taken_off_and_what_was_typed_in_stays_unless_asked(desk: Desk) -> None:
    desk.told(VISIT, LATER)
    desk.type_in(LATER, notes="Call first.")
    leave(desk)

    assert take_all_off(desk) == 1
    assert standing(desk) == {desk.id_of(LATER)}
    assert counted(desk) == LeftRows(to_come=1, typed=1, taken_off=1)
    assert take_all_off(desk, typed=True) == 1
    assert standing(desk) == set()


def test_rows_that_were_taken_off_say_by_whom_and_come_back_as_they_were(desk: Desk) -> None:
    desk.told(VISIT, LATER)
    desk.type_in(LATER, notes="Call first.")
    before = {row: one.notes for row, one in sheet(desk).items()}
    leave(desk)
    take_all_off(desk, typed=True)
    assert {one.undone_by for one in sheet(desk).values()} == {"reception"}

    assert put_all_back(desk) == 2

    assert {row: one.notes for row, one in sheet(desk).items() if not one.removed} == before
    assert counted(desk).taken_off == 0
    assert put_all_back(desk) == 0
    assert [one.what for one in history(desk, LATER)] == ["put_back", "taken_off", "edited"]


def test_rows_that_the_pms_or_an_undo_took_off_are_not_put_back(desk: Desk) -> None:
    desk.told(VISIT)
    undo(desk, run(desk, LATER))
    desk.gone(VISIT)
    leave(desk)

    assert put_all_back(desk) == 0
    with pytest.raises(Settled, match="undo that step"):
        back(desk, VISIT)


def test_one_row_is_taken_off_and_put_back(desk: Desk) -> None:
    desk.told(VISIT, LATER)
    with pytest.raises(BadInput, match="cancel it there"):
        off(desk, VISIT)
    leave(desk)

    assert off(desk, VISIT).removed
    assert standing(desk) == {desk.id_of(LATER)}
    assert not back(desk, VISIT).removed
    off(desk, VISIT)
    assert not step_back(desk).removed


def test_a_conflict_of_a_row_that_was_taken_off_waits_for_nobody_until_it_is_back(
    desk: Desk,
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    leave(desk)

    take_all_off(desk, typed=True)
    assert waiting(desk) == 0
    put_all_back(desk)
    assert waiting(desk) == 1


def waiting(desk: Desk) -> int:
    with transaction(desk.engine, account_id=desk.account) as db:
        return conflict_list.waiting(db)


def test_removed_connections_are_told_with_their_rows(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT, LATER)
    leave(desk)
    take_all_off(desk)

    with transaction(desk.engine, account_id=desk.account) as db:
        now = START - timedelta(hours=12)
        (found,) = left_rows.removed(db, account_id=desk.account, now=now)
        with pytest.raises(NotOnSheet, match="no such removed connection"):
            left_rows.require_gone(db, newer.connection.id)
    assert (found.id, found.site) == (desk.connection.id, "old")
    assert (found.to_come, found.typed, found.taken_off) == (0, 0, 2)


def test_a_practice_connected_again_says_itself_what_is_on_the_sheet(desk: Desk) -> None:
    desk.told(VISIT, LATER)
    leave(desk)
    take_all_off(desk)
    revive(desk)

    desk.told(VISIT)

    assert standing(desk) == {desk.id_of(VISIT)}


def revive(desk: Desk) -> None:
    own = desk.connection
    new = connections.NewConnection(
        account_id=desk.account, vendor=own.vendor, site=own.site, timezone=own.timezone
    )
    with transaction(desk.engine, account_id=desk.account) as db:
        assert connections.add(db, new, at=desk.now) == own.id


def test_the_new_pms_takes_over_the_visit_with_what_was_typed(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, notes="Call first.", patient_phone="03 9555 0199")
    leave(desk)

    _, applied = newer.told(THERE)

    row = sheet(newer)[newer.id_of(THERE)]
    assert (applied.created, standing(newer)) == (1, {row.id})
    assert (row.own_notes, row.patient and row.patient.phone) == ("Call first.", "(03) 9555 0199")
    assert desk.id_of(VISIT) not in sheet(newer)
    assert counted(desk).to_come == 0


def test_what_the_new_pms_says_otherwise_is_a_conflict_to_decide_once(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    leave(desk)

    _, applied = newer.told(rephoned(THERE, "(03) 9000 0003"))

    (conflict,) = sheet(newer)[newer.id_of(THERE)].conflicts
    assert (applied.conflicts, waiting(newer)) == (1, 1)
    assert (conflict.ours, conflict.theirs) == ("(03) 9555 0199", "(03) 9000 0003")


@pytest.mark.parametrize(
    "other",
    [
        replace(THERE, patient=BEN),
        moved(THERE, 5),
        replace(THERE, patient=None),
        replace(THERE, practitioner_id="dr-2"),
    ],
    ids=["another patient", "another minute", "nobody", "another clinician"],
)
def test_another_visit_is_another_row(desk: Desk, newer: Desk, other: Appointment) -> None:
    clinicians = {**newer.connection.clinicians, "dr-2": someone_else(newer)}
    newer.connection = replace(newer.connection, clinicians=clinicians)
    desk.told(VISIT)
    leave(desk)

    newer.told(other)

    assert standing(newer) == {desk.id_of(VISIT), newer.id_of(other)}


def someone_else(desk: Desk) -> UUID:
    """A second clinician; both are known to a PMS."""
    with transaction(desk.engine, account_id=desk.account) as db:
        made: UUID = db.exec_driver_sql(
            "INSERT INTO run_sheet_clinicians (account_id, name) VALUES (%s, 'Dr Else')"
            " RETURNING id",
            (desk.account,),
        ).scalar_one()
        for number, own in enumerate((made, *desk.connection.clinicians.values())):
            db.exec_driver_sql(
                "INSERT INTO pms_clinician_mappings (account_id, pms_connection_id,"
                " pms_practitioner_id, pms_practitioner_name, run_sheet_clinician_id)"
                " VALUES (%s, %s, %s, 'Dr', %s)",
                (desk.account, desk.connection.id, f"known-{number}", own),
            )
    return made


def test_two_visits_that_look_the_same_are_kept_and_flagged(desk: Desk, newer: Desk) -> None:
    twice = replace(VISIT, pms_id="a-twice")
    desk.told(VISIT, twice)
    leave(desk)

    newer.told(THERE)

    assert standing(newer) == {desk.id_of(VISIT), desk.id_of(twice), newer.id_of(THERE)}
    assert sheet(newer)[desk.id_of(VISIT)].flags == ("may_be_double",)


def test_a_row_of_a_practice_that_is_connected_is_not_taken_over(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)

    newer.told(THERE)

    assert standing(newer) == {desk.id_of(VISIT), newer.id_of(THERE)}


def test_a_scan_meets_the_one_row_that_stands(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)
    typed = {"start": START.isoformat(), "patient_name": "Ada Example"}
    post(desk, typed, source="manual")
    leave(desk)
    newer.told(THERE)

    post(desk, {**typed, "patient_phone": "03 9000 0001"})
    post(desk, {**typed, "notes": "Call first."}, source="manual")

    (row,) = sheet(newer).values()
    assert (row.id, row.notes) == (newer.id_of(THERE), "Call first.")


def test_a_visit_taken_over_by_mistake_stands_apart_again(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)
    leave(desk)
    newer.told(THERE)
    (linked,) = history(newer, THERE)

    step_back(newer, linked.id, THERE)

    assert standing(newer) == {desk.id_of(VISIT), newer.id_of(THERE)}
    newer.told(rephoned(THERE, "(03) 9000 0009"))
    assert (hand_over(desk), len(standing(newer))) == (0, 2)


def test_a_practice_that_was_connected_before_hands_over_when_it_is_removed(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT, LATER)
    newer.told(THERE)
    desk.type_in(VISIT, notes="Call first.")
    leave(desk)

    assert hand_over(desk) == 1

    assert standing(newer) == {newer.id_of(THERE), desk.id_of(LATER)}
    assert sheet(newer)[newer.id_of(THERE)].own_notes == "Call first."
    assert hand_over(desk) == 0


def test_a_practice_that_comes_back_stands_for_its_own_visits(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)
    leave(desk)
    newer.told(THERE)
    leave(newer)

    revive(desk)
    assert standing(desk) == {newer.id_of(THERE)}
    desk.told(VISIT)
    assert standing(desk) == {desk.id_of(VISIT)}
    assert hand_over(newer) == 0


def test_rows_put_back_stand_with_those_of_the_new_pms_and_keep_what_was_typed(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT, LATER)
    desk.type_in(VISIT, notes="Call first.")
    leave(desk)
    take_all_off(desk, typed=True)
    newer.told(THERE)

    assert put_all_back(desk) == 2

    assert standing(newer) == {newer.id_of(THERE), desk.id_of(LATER)}
    assert sheet(newer)[newer.id_of(THERE)].own_notes == "Call first."
    assert counted(desk) == LeftRows(to_come=1, typed=0, taken_off=0)


def test_one_row_put_back_is_answered_by_the_new_pmss_row_of_its_visit(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, notes="Call first.")
    leave(desk)
    off(desk, VISIT)
    newer.told(THERE)

    answered = back(desk, VISIT)

    assert (answered.id, answered.own_notes) == (newer.id_of(THERE), "Call first.")
    assert standing(newer) == {newer.id_of(THERE)}
    (linked,) = history(newer, THERE)
    step_back(newer, linked.id, THERE)
    assert standing(newer) == {desk.id_of(VISIT), newer.id_of(THERE)}


def taken_back(desk: Desk, visit: Appointment) -> EntryView:
    return step_back(desk, history(desk, visit)[0].id, visit)


@pytest.mark.parametrize("again", [back, taken_back])
def test_a_row_that_comes_back_and_may_be_one_of_two_is_flagged(
    desk: Desk, newer: Desk, again: Callable[[Desk, Appointment], EntryView]
) -> None:
    desk.told(VISIT)
    leave(desk)
    off(desk, VISIT)
    newer.told(THERE, replace(THERE, pms_id="b-twice"))

    assert again(desk, VISIT).flags == ("may_be_double",)
    assert len(standing(newer)) == 3


@pytest.mark.parametrize("again", [back, taken_back])
def test_a_row_of_the_same_visit_comes_back_where_overlaps_are_blocked(
    desk: Desk, newer: Desk, again: Callable[[Desk, Appointment], EntryView]
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, duration_minutes=20)
    leave(desk)
    off(desk, VISIT)
    newer.told(THERE)
    choose(desk, Policy.BLOCK)

    assert again(desk, VISIT).id == newer.id_of(THERE)
    assert pairs(desk) == set()


def test_rows_that_would_overlap_stay_off_where_overlaps_are_blocked(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT, LATER)
    desk.type_in(VISIT, duration_minutes=20)
    leave(desk)
    take_all_off(desk, typed=True)
    newer.told(replace(moved(VISIT, 10), pms_id="b-2", patient=BEN))
    choose(desk, Policy.BLOCK)

    assert put_all_back(desk) == 1

    assert counted(desk).taken_off == 1
    assert desk.id_of(LATER) in standing(desk)
    assert pairs(desk) == set()


def test_what_a_row_of_the_new_pms_would_take_over_may_not_overlap_either(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, duration_minutes=40)
    leave(desk)
    take_all_off(desk, typed=True)
    newer.told(THERE, replace(moved(VISIT, 30), pms_id="b-2", patient=BEN))
    choose(desk, Policy.BLOCK)

    assert put_all_back(desk) == 0

    assert counted(desk).taken_off == 1
    assert pairs(desk) == set()


def test_two_rows_that_overlap_each_other_are_not_both_put_back(desk: Desk) -> None:
    over = replace(moved(VISIT, 15), pms_id="a-3", patient=BEN)
    desk.told(VISIT, over)
    desk.type_in(over, duration_minutes=20)
    leave(desk)
    take_all_off(desk, typed=True)
    choose(desk, Policy.BLOCK)

    assert put_all_back(desk) == 1

    assert standing(desk) == {desk.id_of(VISIT)}
