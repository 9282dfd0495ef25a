"""Rows that stood for one visit are parted, joined again, and decided about where they stand."""

from datetime import date
from uuid import UUID

import pytest

from adapters.storage.by_hand import settling
from adapters.storage.by_hand.run_redoing import redo_run
from adapters.storage.runs import summaries
from domain.overlaps import Policy
from infra.database import transaction
from tests.storage.desk import START, VISIT, Desk, moved, rephoned
from tests.storage.test_handing_over import standing
from tests.storage.test_left_rows import THERE, desk, leave, newer, off, put_all_back
from tests.storage.test_linking import post, sheet
from tests.storage.test_overlaps import choose
from tests.storage.test_undoing import history, run, step_back, undo

__all__ = ["desk", "newer"]

pytestmark = pytest.mark.integration


def test_undoing_that_visits_were_kept_apart_joins_them_again(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, notes="Call first.")
    leave(desk)
    newer.told(THERE)
    step_back(newer, history(newer, THERE)[0].id, THERE)
    assert standing(newer) == {desk.id_of(VISIT), newer.id_of(THERE)}

    again = step_back(newer, history(newer, THERE)[0].id, THERE)

    assert (standing(newer), again.own_notes) == ({newer.id_of(THERE)}, "Call first.")
    step_back(newer, history(newer, THERE)[0].id, THERE)
    assert standing(newer) == {desk.id_of(VISIT), newer.id_of(THERE)}


def test_a_row_that_was_changed_since_it_stands_apart_is_not_joined_again(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    leave(desk)
    newer.told(THERE)
    step_back(newer, history(newer, THERE)[0].id, THERE)
    desk.now = newer.now
    desk.type_in(VISIT, notes="Another visit.")

    step_back(newer, history(newer, THERE)[0].id, THERE)

    assert standing(newer) == {desk.id_of(VISIT), newer.id_of(THERE)}


def test_a_conflict_of_a_row_that_was_handed_over_is_decided_where_its_visit_stands(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, patient_phone="03 9555 0199")
    desk.told(rephoned(VISIT, "(03) 9000 0002"))
    (conflict,) = sheet(desk)[desk.id_of(VISIT)].conflicts
    leave(desk)
    newer.told(rephoned(THERE, "(03) 9000 0003"))

    with transaction(desk.engine, account_id=desk.account) as db:
        shown = [settling.Shown(id=conflict.id, version=None)]
        done = settling.settle_many(db, desk.seal, shown, "mine", hand=desk.hand)

        week = summaries.read_week(db, desk.account, week=date(2100, 1, 4), timezone="UTC")

    assert (done.ids, done.left) == ([], 1)
    assert week.conflicts_open == 1


@pytest.mark.parametrize("policy", list(Policy))
def test_what_was_typed_while_a_row_was_off_stands_with_it_when_it_is_back(
    desk: Desk, policy: Policy
) -> None:
    desk.told(VISIT)
    leave(desk)
    off(desk, VISIT)
    typed = {"start": START.isoformat(), "patient_name": "Ada Example", "notes": "Call first."}
    post(desk, typed, source="manual")
    choose(desk, policy)
    assert desk.id_of(VISIT) not in standing(desk)

    assert put_all_back(desk) == 1

    assert standing(desk) == {desk.id_of(VISIT)}
    assert sheet(desk)[desk.id_of(VISIT)].own_notes == "Call first."
    step_back(desk, history(desk)[0].id)
    assert len(standing(desk)) == 1
    assert desk.id_of(VISIT) not in standing(desk)


def test_undoing_that_a_row_was_taken_off_leaves_its_visit_with_the_new_pms(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    desk.type_in(VISIT, notes="Call first.")
    leave(desk)
    off(desk, VISIT)
    newer.told(THERE)

    answered = step_back(desk, history(desk)[0].id)

    assert (answered.id, answered.own_notes) == (newer.id_of(THERE), "Call first.")
    assert standing(newer) == {newer.id_of(THERE)}


def behind(desk: Desk) -> dict[UUID, UUID]:
    rows = desk.all("SELECT id, linked_to FROM run_sheet_appointments WHERE linked_to IS NOT NULL")
    return {one["id"]: one["linked_to"] for one in rows}


def typed_behind(desk: Desk) -> UUID:
    """A row somebody typed, that stands behind the PMS's of the same visit."""
    values = {"start": START.isoformat(), "patient_name": "Ada Example", "notes": "Call first."}
    post(desk, values, source="manual")
    ((typed, _),) = behind(desk).items()
    return typed


def test_what_stood_behind_a_row_that_stands_apart_again_goes_along_with_it(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    typed = typed_behind(desk)
    leave(desk)
    newer.told(THERE)
    assert behind(desk)[typed] == newer.id_of(THERE)

    step_back(newer, history(newer, THERE)[0].id, THERE)
    assert behind(desk) == {typed: desk.id_of(VISIT)}

    choose(desk, Policy.BLOCK)
    step_back(newer, history(newer, THERE)[0].id, THERE)
    assert behind(desk) == dict.fromkeys([typed, desk.id_of(VISIT)], newer.id_of(THERE))


def test_undoing_the_first_run_of_a_new_pms_shows_each_visit_once(desk: Desk, newer: Desk) -> None:
    desk.told(VISIT)
    typed = typed_behind(desk)
    leave(desk)
    first = run(newer, THERE)

    undo(newer, first)
    assert (standing(desk), behind(desk)) == ({desk.id_of(VISIT)}, {typed: desk.id_of(VISIT)})

    redo(newer, first)
    assert standing(desk) == {newer.id_of(THERE)}
    assert behind(desk) == dict.fromkeys([typed, desk.id_of(VISIT)], newer.id_of(THERE))


def redo(desk: Desk, run_id: UUID) -> None:
    with transaction(desk.engine, account_id=desk.account) as db:
        redo_run(db, desk.seal, run_id, hand=desk.hand)


def test_undoing_a_run_that_joined_a_row_parts_it_with_what_came_along(
    desk: Desk, newer: Desk
) -> None:
    desk.told(VISIT)
    typed = typed_behind(desk)
    leave(desk)
    run(newer, moved(THERE, 60))
    joined = run(newer, THERE)
    assert behind(desk) == dict.fromkeys([typed, desk.id_of(VISIT)], newer.id_of(THERE))

    undo(newer, joined)

    assert behind(desk) == {typed: desk.id_of(VISIT)}
