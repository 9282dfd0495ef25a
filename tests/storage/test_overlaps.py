"""Overlapping visits on a real database: hands are refused or warned, a PMS and a scan never."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from adapters.storage.by_hand.sheet_edits import edit_entry, revert_field
from adapters.storage.by_hand.undoing import put_back, take_off, undo_step
from adapters.storage.sheet import overlap_policies
from adapters.storage.sheet.overlap_policies import Chosen
from adapters.storage.sheet.reading import read_sheet
from domain.appointments import Appointment, Status
from domain.overlaps import Overlapping, Policy
from domain.sheet import Sheet
from infra.database import transaction
from tests.storage.desk import ADA, START, VISIT, Desk, desk_of, moved
from tests.storage.rig import Rig
from tests.storage.test_linking import post

pytestmark = pytest.mark.integration

BEN = replace(ADA, pms_id="pat-2", full_name="Ben Sample", phone="(03) 9000 0002")
NEXT = replace(moved(VISIT, 30), pms_id="a-2", patient=BEN)
OVER = replace(moved(VISIT, 15), pms_id="a-3", patient=BEN)
WAITING = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def choose(desk: Desk, policy: Policy, *, of_column: Policy | None = None) -> None:
    columns = dict.fromkeys(desk.connection.clinicians.values(), of_column) if of_column else {}
    with transaction(desk.engine, account_id=desk.account) as db:
        overlap_policies.change(db, Chosen(policy=policy, clinicians=columns), hand=desk.hand)


def read(desk: Desk, *, days: tuple[int, int] = (-1, 1)) -> Sheet:
    first, last = (START.date() + timedelta(days=one) for one in days)
    with transaction(desk.engine, account_id=desk.account) as db:
        return read_sheet(
            db,
            desk.seal,
            account_id=desk.account,
            first_day=first,
            last_day=last,
            access=desk.hand.access,
        )


def pairs(desk: Desk) -> set[frozenset[object]]:
    return {frozenset(one.appointments) for one in read(desk).overlaps}


def both(desk: Desk, one: Appointment, other: Appointment) -> set[frozenset[object]]:
    return {frozenset({desk.id_of(one), desk.id_of(other)})}


def typed(desk: Desk, minutes: int, **more: Any) -> dict[str, Any]:
    (clinician,) = desk.connection.clinicians.values()
    start = START + timedelta(minutes=minutes)
    row = {"start": start.isoformat(), "patient_name": "Cy Imagined", "clinician_id": clinician}
    return {**row, **more}


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def test_a_hand_that_would_make_two_visits_overlap_is_refused_where_overlaps_are_blocked(
    desk: Desk,
) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT, NEXT)
    before = desk.row(NEXT)

    with pytest.raises(Overlapping) as refusal:
        desk.type_in(NEXT, start=at(15))

    assert str(refusal.value) == (
        "10:15 to 10:45 overlaps another appointment of Dr Who, 10:00 to 10:30; choose another time"
        " or another clinician."
    )
    assert desk.row(NEXT) == before


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"duration_minutes": 45}, id="a longer visit"),
        pytest.param({"start": at(10)}, id="a later one"),
    ],
)
def test_growing_into_the_next_visit_is_refused_too(desk: Desk, changes: dict[str, Any]) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT, NEXT)

    with pytest.raises(Overlapping):
        desk.type_in(VISIT, **changes)


def test_a_visit_that_was_called_off_is_not_called_on_again_over_another(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT, replace(OVER, status=Status.CANCELLED))

    with pytest.raises(Overlapping):
        desk.type_in(OVER, status="booked")

    assert desk.type_in(OVER, status="no_show").status == "no_show"


def test_a_row_typed_over_a_visit_is_refused_and_one_right_after_it_is_not(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT)

    with pytest.raises(Overlapping, match="10:15 to 10:45 overlaps another appointment of Dr Who"):
        post(desk, typed(desk, 15), source="manual")
    post(desk, typed(desk, 30), source="manual")

    assert len(read(desk).entries) == 2
    assert pairs(desk) == set()


def test_two_rows_typed_at_once_may_not_overlap_each_other(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)

    with pytest.raises(Overlapping):
        post(
            desk,
            typed(desk, 0),
            typed(desk, 10, patient_name="Di Unreal"),
            source="manual",
        )

    assert read(desk).entries == ()


def test_what_a_pms_or_a_scan_brings_is_never_refused_and_marked(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT, OVER)

    (placed,) = post(desk, typed(desk, 20), source="ocr")

    found = pairs(desk)
    assert len(found) == 3
    assert both(desk, VISIT, OVER) < found
    marked = {one.id: one for one in read(desk).entries}
    assert {other.id for other in marked[placed.id].overlaps} == {
        desk.id_of(VISIT),
        desk.id_of(OVER),
    }


def test_going_back_to_what_the_pms_says_is_never_refused(desk: Desk) -> None:
    desk.told(VISIT, OVER)
    desk.type_in(OVER, start=at(60))
    choose(desk, Policy.BLOCK)

    with transaction(desk.engine, account_id=desk.account) as db:
        back = revert_field(
            db, desk.seal, desk.id_of(OVER), "start", expected_version=None, hand=desk.hand
        )

    assert back.start == OVER.start
    assert pairs(desk) == both(desk, VISIT, OVER)


def test_a_visit_that_overlaps_already_may_be_edited(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT, OVER)

    desk.type_in(OVER, patient_phone="(03) 9000 0009", duration_minutes=20)

    assert pairs(desk) == both(desk, VISIT, OVER)


def test_a_typed_row_is_not_brought_back_over_a_visit(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    (placed,) = post(desk, typed(desk, 0), source="manual")
    with transaction(desk.engine, account_id=desk.account) as db:
        take_off(db, desk.seal, placed.id, expected_version=None, hand=desk.hand)
    desk.told(VISIT)

    with (
        pytest.raises(Overlapping),
        transaction(desk.engine, account_id=desk.account) as db,
    ):
        undo_step(db, desk.seal, placed.id, None, expected_version=None, hand=desk.hand)


def test_a_typed_row_is_not_put_back_over_a_visit(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    (placed,) = post(desk, typed(desk, 0), source="manual")
    with transaction(desk.engine, account_id=desk.account) as db:
        take_off(db, desk.seal, placed.id, expected_version=None, hand=desk.hand)
    desk.told(VISIT)

    with (
        pytest.raises(Overlapping, match="10:00 to 10:30 overlaps another appointment of Dr Who"),
        transaction(desk.engine, account_id=desk.account) as db,
    ):
        put_back(db, desk.seal, placed.id, expected_version=None, hand=desk.hand)
    assert pairs(desk) == set()


def test_by_default_an_overlap_made_by_hand_stands_and_is_marked(desk: Desk) -> None:
    desk.told(VISIT, NEXT)

    entry = desk.type_in(NEXT, start=at(15))

    assert [one.id for one in entry.overlaps] == [desk.id_of(VISIT)]
    (found,) = read(desk).overlaps
    assert found.appointments == (desk.id_of(VISIT), desk.id_of(NEXT))
    assert (found.start, found.end) == (NEXT.start - timedelta(minutes=15), VISIT.end)


def test_where_overlaps_are_allowed_nothing_is_said(desk: Desk) -> None:
    choose(desk, Policy.ALLOW)
    desk.told(VISIT, OVER)

    entry = desk.type_in(OVER, start=at(10))

    assert entry.overlaps == ()
    assert read(desk).overlaps == ()


@pytest.mark.parametrize(
    ("of_account", "of_column", "is_refused"),
    [
        (Policy.ALLOW, Policy.BLOCK, True),
        (Policy.BLOCK, Policy.ALLOW, False),
        (Policy.BLOCK, Policy.WARN, False),
    ],
)
def test_a_column_may_have_a_policy_of_its_own(
    desk: Desk, of_account: Policy, of_column: Policy, *, is_refused: bool
) -> None:
    choose(desk, of_account, of_column=of_column)
    desk.told(VISIT, NEXT)

    if is_refused:
        with pytest.raises(Overlapping):
            desk.type_in(NEXT, start=at(15))
    else:
        desk.type_in(NEXT, start=at(15))

    assert len(pairs(desk)) == (not is_refused and of_column is Policy.WARN)


GROUP = replace(VISIT, patient=BEN)
"""The same appointment of the PMS, and another patient."""


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(GROUP, id="another patient of a group"),
        pytest.param(NEXT, id="the next visit"),
        pytest.param(replace(OVER, status=Status.CANCELLED), id="one that was called off"),
        pytest.param(replace(OVER, status=Status.NO_SHOW), id="one who did not come"),
        pytest.param(replace(OVER, patient=None), id="a block of nobody"),
        pytest.param(replace(OVER, practitioner_id=None), id="one without a clinician"),
    ],
)
def test_what_takes_no_other_time_of_the_clinician_does_not_overlap(
    desk: Desk, other: Appointment
) -> None:
    desk.told(VISIT, other)

    assert read(desk).overlaps == ()


def test_a_row_that_left_the_sheet_overlaps_nothing(desk: Desk) -> None:
    desk.told(VISIT, OVER)
    desk.gone(OVER)

    assert read(desk).overlaps == ()


def test_two_visits_at_the_very_same_time_overlap_though_a_group_would_not(desk: Desk) -> None:
    twin = replace(VISIT, pms_id="a-9", patient=BEN)
    desk.told(VISIT, twin)

    assert pairs(desk) == both(desk, VISIT, twin)


def test_a_visit_over_midnight_is_marked_on_either_day(desk: Desk) -> None:
    # Midnight in Melbourne is fourteen hours after ten.
    minutes = 14 * 60
    post(desk, typed(desk, minutes - 10), source="manual")
    post(desk, typed(desk, minutes + 5, patient_name="Di Unreal"), source="manual")

    for day in (0, 1):
        sheet = read(desk, days=(day, day))
        assert len(sheet.entries) == 1
        assert len(sheet.overlaps) == 1


def test_two_hands_at_once_cannot_both_have_the_same_time(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT, NEXT)
    late = Late(lambda: desk.type_in(NEXT, start=at(70)))

    with transaction(desk.engine, account_id=desk.account) as db:
        edit_entry(
            db,
            desk.seal,
            desk.id_of(VISIT),
            {"start": at(60)},
            expected_version=None,
            hand=desk.hand,
        )
        late.start()
        while not desk.all(WAITING):
            assert late.is_alive()
    late.join(timeout=10)

    assert isinstance(late.problem, Overlapping)
    assert desk.row(NEXT)["start"] == NEXT.start


def test_a_row_typed_while_another_is_moved_there_waits_for_it(desk: Desk) -> None:
    choose(desk, Policy.BLOCK)
    desk.told(VISIT)
    late = Late(lambda: post(desk, typed(desk, 70), source="manual"))

    with transaction(desk.engine, account_id=desk.account) as db:
        edit_entry(
            db,
            desk.seal,
            desk.id_of(VISIT),
            {"start": at(60)},
            expected_version=None,
            hand=desk.hand,
        )
        late.start()
        while not desk.all(WAITING):
            assert late.is_alive()
    late.join(timeout=10)

    assert isinstance(late.problem, Overlapping)
    assert len(read(desk).entries) == 1


def test_what_is_chosen_is_audited_and_told_to_every_open_page(desk: Desk) -> None:
    choose(desk, Policy.BLOCK, of_column=Policy.ALLOW)

    (clinician,) = desk.connection.clinicians.values()
    audit = desk.one("SELECT * FROM pms_audit_logs WHERE action = 'account.overlaps'")
    assert audit["request_summary"] == f"block, clinician {clinician} allow"
    event = desk.one("SELECT kind, detail FROM run_sheet_events ORDER BY seq DESC LIMIT 1")
    assert event == {"kind": "sheet_changed", "detail": {}}
    with transaction(desk.engine, account_id=desk.account) as db:
        found = overlap_policies.read(db, desk.account)
    assert (found.policy, [one.policy for one in found.clinicians]) == (
        Policy.BLOCK,
        [Policy.ALLOW],
    )


def test_another_accounts_visits_are_in_nobodys_way(desk: Desk, rig: Rig) -> None:
    choose(desk, Policy.BLOCK)
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    there = rig.connect("there", account_id="other")
    other = desk_of(desk.engine, desk.sealer, there, account="other")
    other.told(OVER)

    desk.told(VISIT)

    assert desk.type_in(VISIT, start=at(15)).overlaps == ()


class Late(Thread):
    """Somebody whose turn comes later, and what they were told."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self.act = act
        self.problem: Overlapping | None = None

    def run(self) -> None:
        try:
            self.act()
        except Overlapping as problem:
            self.problem = problem
