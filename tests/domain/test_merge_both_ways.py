"""The merge of a row whose PMS takes changes: neither side's change is lost without a word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.fields import BOTH_WAYS, PUSHABLE, RULES, Cell, Cells, Given, Source
from domain.merge import acknowledge, conflicts, edit, join, merge, settle, shown
from domain.pushes import differing, disputed

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
SAID: dict[str, Any] = {"status": "booked", "duration_minutes": 30, "patient_name": "Ada Example"}


def told(**values: Any) -> Cells:
    return {name: Cell.of(Given(value, Source.PMS, AT)) for name, value in values.items()}


def typed(cells: Cells, **values: Any) -> Cells:
    for name, value in values.items():
        cells = edit(cells, name, value, by="ann", at=AT).cells
    return cells


def said(cells: Cells, **values: Any) -> Cells:
    return merge(cells, values, at=AT + timedelta(minutes=1), rules=BOTH_WAYS).cells


@pytest.mark.parametrize("field", sorted(PUSHABLE - {"start", "clinician"}))
def test_what_both_sides_changed_is_a_conflict_and_ours_stands(field: str) -> None:
    ours, theirs = {"status": ("arrived", "no_show"), "duration_minutes": (45, 60)}[field]

    cells = said(typed(told(**SAID), **{field: ours}), **{field: theirs})

    assert shown(cells)[field] == ours
    assert [(one.field, one.theirs.value) for one in conflicts(cells)] == [(field, theirs)]
    assert disputed(cells) == {field}


def test_what_each_side_changed_by_itself_is_none() -> None:
    cells = said(typed(told(**SAID), status="arrived"), status="booked", duration_minutes=45)

    assert conflicts(cells) == ()
    assert shown(cells) == {**SAID, "status": "arrived", "duration_minutes": 45}
    assert differing(cells) == {"status"}


def test_only_fields_that_go_back_are_merged_otherwise_than_ever() -> None:
    others = RULES.keys() - PUSHABLE

    assert {name: BOTH_WAYS[name] for name in others} == {name: RULES[name] for name in others}


def test_mine_is_owed_after_a_conflict_and_theirs_is_not() -> None:
    cells = said(typed(told(**SAID), status="arrived"), status="no_show")
    (conflict,) = conflicts(cells)

    mine = settle(cells, conflict, choice="mine", by="ann", at=AT).cells
    theirs = settle(cells, conflict, choice="theirs", by="ann", at=AT).cells

    assert differing(mine) == {"status"}
    assert differing(theirs) == frozenset()


def test_what_has_arrived_is_the_pms_s_own_word() -> None:
    cells = typed(told(**SAID), status="arrived")

    cells = acknowledge(cells, {"status": "arrived"}, at=AT).cells

    assert cells["status"].is_plain
    assert differing(cells) == frozenset()


def test_what_was_typed_while_it_was_on_its_way_is_still_owed() -> None:
    cells = typed(told(**SAID), status="arrived")
    cells = typed(cells, status="completed")

    cells = acknowledge(cells, {"status": "arrived"}, at=AT).cells

    assert shown(cells)["status"] == "completed"
    assert differing(cells) == {"status"}
    assert conflicts(said(cells, status="arrived")) == ()


def test_a_sync_that_saw_our_write_first_is_no_conflict_in_the_end() -> None:
    cells = typed(typed(told(**SAID), status="arrived"), status="completed")
    cells = said(cells, status="arrived")
    assert len(conflicts(cells)) == 1

    cells = acknowledge(cells, {"status": "arrived"}, at=AT).cells

    assert conflicts(cells) == ()
    assert differing(cells) == {"status"}


def test_a_late_word_of_our_write_does_not_undo_what_the_pms_said_since() -> None:
    plain = told(**{**SAID, "status": "no_show"})
    contested = said(typed(told(**SAID), status="arrived"), status="no_show")

    assert acknowledge(plain, {"status": "arrived"}, at=AT).cells == plain
    assert acknowledge(contested, {"status": "arrived"}, at=AT).cells == contested


def test_a_row_typed_before_the_pms_spoke_contradicts_it_openly() -> None:
    waiting = {"status": Cell.of(Given("arrived", Source.MANUAL, AT, "ann"))}

    joined = join(told(**SAID), waiting, rules=BOTH_WAYS).cells

    assert disputed(joined) == {"status"}


def test_a_conflict_ends_when_changes_no_longer_go_out_and_the_pms_is_back_at_the_old() -> None:
    cells = said(typed(told(**SAID), duration_minutes=45), duration_minutes=60)
    assert conflicts(cells)

    after = merge(cells, {"duration_minutes": 30}, at=AT + timedelta(minutes=2), rules=RULES).cells

    assert shown(after)["duration_minutes"] == 45
    assert not conflicts(after)
