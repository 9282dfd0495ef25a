"""What happens to one field when the PMS, a scan and a person disagree."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.fields import RULES, Cell, Cells, Source, Winner
from domain.merge import (
    Conflict,
    Merged,
    conflicts,
    edit,
    merge,
    ocr,
    revert,
    settle,
    shown,
)

AT = datetime(2025, 12, 1, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


def told(**values: object) -> Cells:
    return merge({}, values, at=AT).cells


def edited(cells: Cells, field: str, value: object) -> Cells:
    return edit(cells, field, value, by="ann", at=LATER).cells


def in_conflict() -> Merged:
    cells = edited(told(patient_phone="old"), "patient_phone", "mine")
    return merge(cells, {"patient_phone": "new"}, at=LATER)


def test_an_untouched_entry_takes_what_comes_in() -> None:
    before = told(status="booked", patient_phone="1", notes="a")

    after = merge(before, {"status": "arrived", "patient_phone": None, "notes": "b"}, at=LATER)

    assert all(cell.is_plain for cell in before.values())
    assert all(cell.is_plain for cell in after.cells.values())
    assert shown(after.cells) == {"status": "arrived", "patient_phone": None, "notes": "b"}
    assert after.changed == {"status", "patient_phone", "notes"}


def test_the_same_again_touches_nothing_and_keeps_its_time() -> None:
    before = told(status="booked", notes=None)

    after = merge(before, {"status": "booked", "notes": ""}, at=LATER)

    assert after == Merged(before, frozenset(), frozenset())


def test_a_field_the_pms_does_not_mention_stays() -> None:
    assert shown(merge(told(status="booked"), {"notes": "a"}, at=LATER).cells) == {
        "status": "booked",
        "notes": "a",
    }


def test_a_field_we_do_not_know_is_refused() -> None:
    with pytest.raises(KeyError):
        merge({}, {"shoe_size": 42}, at=AT)


@pytest.mark.parametrize("field", [f for f, w in RULES.items() if w is not Winner.BOTH])
def test_a_manual_value_stands_while_the_pms_says_what_it_said(field: str) -> None:
    cells = edited(told(**{field: "old"}), field, "mine")

    after = merge(cells, {field: "old"}, at=LATER)

    assert shown(after.cells) == {field: "mine"}
    assert not after.touched


@pytest.mark.parametrize("field", [f for f, w in RULES.items() if w is Winner.PERSON])
def test_both_changed_keeps_the_manual_value_and_opens_a_conflict(field: str) -> None:
    cells = edited(told(**{field: "old"}), field, "mine")

    after = merge(cells, {field: "new"}, at=LATER)

    (conflict,) = after.opened
    assert shown(after.cells) == {field: "mine"}
    assert conflict.base is not None
    assert (conflict.base.value, conflict.theirs.value, conflict.ours.value) == (
        "old",
        "new",
        "mine",
    )
    assert conflict.ours.by == "ann"
    assert after.touched == {field}
    assert not after.changed


@pytest.mark.parametrize("field", [f for f, w in RULES.items() if w is Winner.PMS])
def test_a_changed_pms_value_is_taken_and_the_manual_one_kept_aside(field: str) -> None:
    cells = edited(told(**{field: "old"}), field, "mine")

    after = merge(cells, {field: "new"}, at=LATER)

    cell = after.cells[field]
    assert (cell.value, cell.source) == ("new", Source.PMS)
    assert cell.losing is not None
    assert (cell.losing.value, cell.losing.source, cell.losing.by) == (
        "mine",
        Source.MANUAL,
        "ann",
    )
    assert not after.opened


def test_the_manual_value_stays_aside_through_further_changes_until_it_is_reverted() -> None:
    cells = edited(told(status="booked"), "status", "arrived")
    for status in ("confirmed", "completed"):
        cells = merge(cells, {"status": status}, at=LATER).cells

    losing = cells["status"].losing

    assert losing is not None and losing.value == "arrived"
    assert revert(cells, "status").cells["status"].losing is None


@pytest.mark.parametrize("field", ["patient_phone", "status"])
def test_a_pms_that_comes_to_agree_ends_the_manual_value(field: str) -> None:
    cells = edited(told(**{field: "old"}), field, "mine")

    after = merge(cells, {field: "mine"}, at=LATER)

    assert after.cells[field] == Cell(value="mine", source=Source.PMS, at=LATER)
    assert not after.changed


def test_agreement_closes_an_open_conflict() -> None:
    merged = in_conflict()

    after = merge(merged.cells, {"patient_phone": "mine"}, at=LATER)

    assert after.closed == merged.opened
    assert not conflicts(after.cells)


def test_a_pms_that_takes_its_change_back_closes_the_conflict() -> None:
    merged = in_conflict()

    after = merge(merged.cells, {"patient_phone": "old"}, at=LATER)

    assert after.closed == merged.opened
    assert shown(after.cells) == {"patient_phone": "mine"}


def test_a_further_change_moves_the_open_conflict() -> None:
    after = merge(in_conflict().cells, {"patient_phone": "newer"}, at=LATER)

    (conflict,) = after.opened
    assert conflict.theirs.value == "newer"
    assert not after.closed


def test_a_phone_typed_where_the_pms_had_none_conflicts_with_a_different_one() -> None:
    typed = edited({}, "patient_phone", "mine")

    assert not merge(typed, {"patient_phone": None}, at=LATER).touched
    assert merge(typed, {"patient_phone": "theirs"}, at=LATER).opened


def test_choosing_mine_keeps_it_until_the_pms_changes_once_more() -> None:
    merged = in_conflict()

    after = settle(merged.cells, merged.opened[0], choice="mine", by="bo", at=LATER)

    assert after.closed == merged.opened
    assert shown(after.cells) == {"patient_phone": "mine"}
    assert after.cells["patient_phone"].by == "bo"
    assert not merge(after.cells, {"patient_phone": "new"}, at=LATER).touched
    assert merge(after.cells, {"patient_phone": "newer"}, at=LATER).opened


def test_choosing_theirs_takes_it_and_keeps_mine_aside() -> None:
    merged = in_conflict()

    after = settle(merged.cells, merged.opened[0], choice="theirs", by="bo", at=LATER)

    cell = after.cells["patient_phone"]
    assert (cell.value, cell.source, cell.by) == ("new", Source.PMS, "bo")
    assert cell.losing is not None and cell.losing.value == "mine"
    assert after.closed == merged.opened
    assert after.changed == {"patient_phone"}


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_settling_twice_changes_nothing(choice: str) -> None:
    merged = in_conflict()
    once = settle(merged.cells, merged.opened[0], choice=choice, by="bo", at=LATER)  # type: ignore[arg-type]

    twice = settle(once.cells, merged.opened[0], choice="theirs", by="cy", at=LATER)

    assert not twice.touched


def test_a_choice_made_before_the_pms_moved_again_does_not_count() -> None:
    merged = in_conflict()
    moved = merge(merged.cells, {"patient_phone": "newer"}, at=LATER)

    after = settle(moved.cells, merged.opened[0], choice="theirs", by="bo", at=LATER)

    assert not after.touched
    assert conflicts(after.cells)


def test_settling_a_field_that_is_gone_changes_nothing() -> None:
    assert not settle({}, in_conflict().opened[0], choice="mine", by="bo", at=LATER).touched


def test_editing_in_a_conflict_moves_our_side() -> None:
    after = edit(in_conflict().cells, "patient_phone", "other", by="bo", at=LATER)

    (conflict,) = after.opened
    assert (conflict.ours.value, conflict.theirs.value) == ("other", "new")


def test_typing_their_value_in_a_conflict_settles_it() -> None:
    after = edit(in_conflict().cells, "patient_phone", "new", by="bo", at=LATER)

    assert after.cells["patient_phone"].is_plain
    assert after.closed


def test_reverting_goes_back_to_what_the_pms_says_now() -> None:
    cells = edited(told(status="booked"), "status", "arrived")

    assert revert(cells, "status").cells == told(status="booked")
    assert shown(revert(in_conflict().cells, "patient_phone").cells) == {"patient_phone": "new"}


def test_reverting_where_the_pms_never_spoke_leaves_nothing() -> None:
    after = revert(edited({}, "patient_phone", "mine"), "patient_phone")

    assert after.cells == {}
    assert after.changed == {"patient_phone"}


def test_reverting_what_nobody_set_changes_nothing() -> None:
    assert not revert(told(status="booked"), "status").touched
    assert not revert({}, "status").touched


def test_repeating_the_pms_or_oneself_is_no_edit() -> None:
    cells = edited(told(status="booked", notes="a"), "status", "arrived")

    assert not edit(cells, "status", "arrived", by="bo", at=LATER).touched
    assert not edit(cells, "notes", "a", by="bo", at=LATER).touched
    assert edited(cells, "status", "booked") == told(status="booked", notes="a")


def test_clearing_what_nobody_but_oneself_set_leaves_nothing() -> None:
    assert edited(edited({}, "patient_phone", "mine"), "patient_phone", None) == {}
    assert edited({}, "patient_phone", "") == {}


def test_a_cleared_value_is_an_edit_like_any_other() -> None:
    cells = edited(told(patient_phone="old"), "patient_phone", None)

    assert shown(merge(cells, {"patient_phone": "old"}, at=LATER).cells) == {"patient_phone": None}
    assert merge(cells, {"patient_phone": "new"}, at=LATER).opened


def test_a_scan_beats_neither_the_pms_nor_a_person() -> None:
    cells = edited(told(status="booked", patient_phone="old"), "patient_phone", "mine")

    after = ocr(cells, {"status": "completed", "patient_phone": "scan"}, at=LATER)

    assert not after.touched


def test_a_scan_fills_what_the_pms_left_blank_in_either_order() -> None:
    before = ocr({}, {"patient_phone": "scan"}, at=AT).cells

    first = merge(before, {"patient_phone": None}, at=LATER).cells
    second = ocr(told(patient_phone=None), {"patient_phone": "scan"}, at=LATER).cells

    assert shown(first) == shown(second) == {"patient_phone": "scan"}


def test_the_pms_beats_a_scan_and_the_reading_is_kept_aside() -> None:
    before = ocr({}, {"status": "arrived", "notes": "same"}, at=AT).cells

    after = merge(before, {"status": "booked", "notes": "same"}, at=LATER).cells

    assert shown(after) == {"status": "booked", "notes": "same"}
    assert after["status"].losing == before["status"].given
    assert after["notes"].is_plain


def test_an_edit_over_a_scan_can_be_reverted_to_it() -> None:
    before = ocr({}, {"patient_phone": "scan"}, at=AT).cells

    cells = edited(before, "patient_phone", "mine")

    assert revert(cells, "patient_phone").cells == before


def test_a_person_who_confirms_a_scan_makes_it_theirs() -> None:
    cells = edited(ocr({}, {"patient_phone": "scan"}, at=AT).cells, "patient_phone", "scan")

    assert cells["patient_phone"].is_manual
    assert merge(cells, {"patient_phone": "new"}, at=LATER).opened


def test_a_scan_in_an_open_conflict_is_left_out_of_it() -> None:
    cells = merge(edited({}, "patient_phone", "mine"), {"patient_phone": "x"}, at=AT).cells

    assert not ocr(cells, {"patient_phone": "scan"}, at=LATER).touched


def test_a_scan_that_the_pms_contradicted_does_not_come_back() -> None:
    cells = edited(ocr({}, {"patient_phone": "scan"}, at=AT).cells, "patient_phone", "mine")
    for value in ("new", None):
        cells = merge(cells, {"patient_phone": value}, at=LATER).cells

    assert not conflicts(cells)
    assert revert(cells, "patient_phone").cells == {}


def test_notes_show_both_parts_and_never_conflict() -> None:
    cells = edited(told(notes="from the PMS"), "notes", "ours")

    after = merge(cells, {"notes": "changed there"}, at=LATER)

    assert shown(cells) == {"notes": "from the PMS\nours"}
    assert shown(after.cells) == {"notes": "changed there\nours"}
    assert after.changed == {"notes"}
    assert not after.opened


def test_notes_lose_the_manual_part_only_to_a_person() -> None:
    cells = edited(told(notes="theirs"), "notes", "ours")

    emptied = merge(cells, {"notes": None}, at=LATER).cells

    assert shown(emptied) == {"notes": "ours"}
    assert shown(edited(cells, "notes", "")) == {"notes": "theirs"}
    assert shown(revert(cells, "notes").cells) == {"notes": "theirs"}


def test_notes_that_both_say_are_shown_once() -> None:
    cells = edited(told(notes="theirs"), "notes", "ours")

    assert shown(merge(cells, {"notes": "ours"}, at=LATER).cells) == {"notes": "ours"}


def test_scanned_notes_are_shown_with_manual_ones_until_the_pms_has_some() -> None:
    cells = ocr(edited({}, "notes", "ours"), {"notes": "scan"}, at=AT).cells

    after = merge(cells, {"notes": "theirs"}, at=LATER).cells

    assert shown(cells) == {"notes": "scan\nours"}
    assert shown(after) == {"notes": "theirs\nours"}


def test_moving_the_start_leaves_the_length_alone() -> None:
    cells = told(start=AT, duration_minutes=30)

    after = edit(cells, "start", LATER, by="ann", at=LATER)

    assert after.changed == {"start"}
    assert shown(after.cells) == {"start": LATER, "duration_minutes": 30}


def test_the_same_instant_in_another_zone_is_the_same() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=11)))

    assert not merge(told(start=AT), {"start": elsewhere}, at=LATER).touched


def test_no_value_shows_in_a_repr() -> None:
    merged = in_conflict()

    assert isinstance(merged.opened[0], Conflict)
    assert "mine" not in repr(merged)
