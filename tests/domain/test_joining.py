"""Rows of one visit joined, undone and restored: the laws, over every sequence Hypothesis finds."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.fields import ASSUMED, RULES, Cell, Cells, Given, Source, Winner, is_blank
from domain.merge import (
    Choice,
    Merged,
    conflicts,
    edit,
    join,
    merge,
    ocr,
    restore,
    revert,
    revert_all,
    settle,
    shown,
)

AT = datetime(2026, 6, 2, 9, tzinfo=UTC)
WORDS = st.sampled_from([None, "a", "b", "c"])
LENGTH = int(os.environ.get("SOAK", "1"))
SAID = st.fixed_dictionaries({}, optional=dict.fromkeys(RULES, WORDS))


@st.composite
def own_rows(draw: st.DrawFn) -> Cells:
    """A row that no PMS told of, as scans and people leave it."""
    cells: Cells = {}
    for step in range(draw(st.integers(1, 5))):
        at = AT + timedelta(minutes=step)
        if draw(st.booleans()):
            cells = ocr(cells, draw(SAID), at=at).cells
        else:
            field = draw(st.sampled_from(sorted(RULES)))
            cells = edit(cells, field, draw(WORDS), by="ann", at=at).cells
    return cells


@given(waiting=own_rows(), said=SAID)
def test_a_waiting_row_is_joined_as_if_the_pms_had_told_it(waiting: Cells, said: Any) -> None:
    """Scan or person first, the PMS after: the same as one row that was told in that order."""
    told = join(merge({}, said, at=AT).cells, waiting).cells

    assert shown(told) == shown(merge(waiting, said, at=AT).cells)
    assert conflicts(told) == conflicts(merge(waiting, said, at=AT).cells)


@given(waiting=own_rows(), said=SAID)
def test_joining_twice_is_joining_once(waiting: Cells, said: Any) -> None:
    once = join(merge({}, said, at=AT).cells, waiting).cells

    assert join(once, waiting).cells == once


@given(waiting=own_rows(), said=SAID)
def test_no_joining_loses_what_a_person_typed(waiting: Cells, said: Any) -> None:
    after = join(merge({}, said, at=AT).cells, waiting).cells

    for field, cell in waiting.items():
        if cell.is_manual and not is_blank(cell.value):
            now = after[field]
            kept = [now.value, now.losing.value if now.losing else None]
            assert cell.value in kept
            assert RULES[field] is not Winner.PERSON or now.value == cell.value


@given(waiting=own_rows(), said=SAID)
def test_a_scan_beats_nobody_when_it_is_joined(waiting: Cells, said: Any) -> None:
    after = join(merge({}, said, at=AT).cells, waiting).cells

    for field, cell in waiting.items():
        if not cell.is_manual and not is_blank(said.get(field)):
            assert after[field].value == said[field]
            assert after[field].source is Source.PMS


@st.composite
def left_rows(draw: st.DrawFn, fields: tuple[str, ...] = tuple(sorted(RULES))) -> Cells:
    """A row of another PMS, as that one and people leave it."""
    cells = merge({}, {field: draw(WORDS) for field in fields}, at=AT).cells
    for step in range(draw(st.integers(1, 5))):
        at = AT + timedelta(minutes=step)
        field = draw(st.sampled_from(fields))
        if draw(st.booleans()):
            cells = merge(cells, {field: draw(WORDS)}, at=at).cells
        else:
            cells = edit(cells, field, draw(WORDS), by="ann", at=at).cells
    return cells


@given(waiting=left_rows(), said=SAID)
def test_no_value_of_a_person_gives_way_to_a_pms_that_says_nothing(
    waiting: Cells, said: Any
) -> None:
    after = join(merge({}, dict.fromkeys(RULES) | said, at=AT).cells, waiting)

    for field, cell in waiting.items():
        ours = cell.given if cell.is_manual else cell.losing
        if is_blank(said.get(field)) and ours is not None and not is_blank(ours.value):
            assert after.cells[field].given == ours
            assert field not in {one.field for one in after.opened}


@given(waiting=left_rows(), said=SAID, forgotten=st.sets(st.sampled_from(sorted(RULES))))
def test_of_what_a_practice_leaves_out_only_what_people_said_is_joined(
    waiting: Cells, said: Any, forgotten: set[str]
) -> None:
    told = {field: None if field in forgotten else said.get(field) for field in RULES}
    after = join(merge({}, told, at=AT).cells, waiting, forgotten=forgotten).cells

    for field in forgotten:
        cell = after.get(field)
        kept = (cell.given, cell.base, cell.losing) if cell else ()
        assert all(one is None or one.source is Source.MANUAL or not one.value for one in kept)


@given(own=left_rows(), waiting=left_rows())
def test_a_pms_that_was_left_has_no_say_in_what_another_lists(own: Cells, waiting: Cells) -> None:
    after = join(own, waiting).cells

    for field, cell in after.items():
        mine = [one for one in (own[field].given, own[field].base, own[field].losing) if one]
        told = [one.value for one in mine if one.source is Source.PMS]
        now = [one for one in (cell.given, cell.losing) if one and one.source is Source.PMS]
        assert all(one.value in told for one in now)


@given(own=left_rows(("status",)), waiting=left_rows(("status",)))
def test_what_people_typed_last_is_kept_where_a_pms_has_its_way(own: Cells, waiting: Cells) -> None:
    after = join(own, waiting).cells

    for field, cell in after.items():
        held = [row[field] for row in (own, waiting) if field in row]
        typed = [one.given if one.is_manual else one.losing for one in held]
        lost = [one for one in typed if one and one.source is Source.MANUAL and one.value]
        lost = [one for one in lost if one.value != cell.value]
        if lost and not cell.is_manual:
            assert cell.losing in lost
            assert cell.losing.at == max(one.at for one in lost)


def test_a_reading_that_gave_way_makes_room_for_what_somebody_typed() -> None:
    scanned = ocr({}, {"patient_name": "Ada Exampel"}, at=AT).cells
    own = merge(scanned, {"patient_name": "Ada Example"}, at=AT).cells
    typed = edit(
        merge({}, {"patient_name": "A. Example"}, at=AT).cells,
        "patient_name",
        "Ada M. Example",
        by="ann",
        at=AT,
    )
    left = merge(typed.cells, {"patient_name": "Ada E. Example"}, at=AT).cells

    after = join(own, left).cells["patient_name"]

    assert (after.value, after.losing) == ("Ada Example", left["patient_name"].losing)


@given(waiting=left_rows(), said=SAID)
def test_joining_a_row_of_another_pms_twice_is_joining_it_once(waiting: Cells, said: Any) -> None:
    once = join(merge({}, dict.fromkeys(RULES) | said, at=AT).cells, waiting).cells

    assert shown(join(once, waiting).cells) == shown(once)


def test_what_nobody_told_is_not_joined_and_yields_to_any_reading() -> None:
    assumed = {"duration_minutes": Cell.of(Given(30, Source.OCR, AT, ASSUMED))}
    pms = merge({}, {"duration_minutes": 15}, at=AT).cells

    assert join(pms, assumed).cells == pms
    assert join({}, assumed).cells == {}
    read = ocr(assumed, {"duration_minutes": 20}, at=AT).cells
    assert read["duration_minutes"].losing is None
    edited = edit(assumed, "duration_minutes", 45, by="ann", at=AT).cells
    assert revert(edited, "duration_minutes").cells == assumed


class Row(RuleBasedStateMachine):
    """One field of one row, with all of its history kept, as the sheet keeps it."""

    @initialize(field=st.sampled_from(["patient_phone", "status", "notes"]), said=WORDS)
    def begin(self, field: str, said: Any) -> None:
        self.field = field
        self.cells = merge({}, {field: said}, at=AT).cells
        self.now = AT
        self.pms = said
        self.removed = False
        self.past: list[Cells] = []

    def step(self, merged: Merged) -> None:
        if merged.touched:
            self.past.append(self.cells)
        self.cells = merged.cells
        self.now += timedelta(minutes=1)

    @rule(said=WORDS)
    def the_pms_says(self, said: Any) -> None:
        self.pms = said
        self.removed = False
        self.step(merge(self.cells, {self.field: said}, at=self.now))

    @rule()
    def the_pms_lists_it_no_more(self) -> None:
        before = self.cells
        self.removed = True
        assert self.cells == before, "nothing a person typed is lost with it"

    @rule(said=WORDS)
    def a_scan_reads(self, said: Any) -> None:
        before = self.cells.get(self.field)
        self.step(ocr(self.cells, {self.field: said}, at=self.now))
        if before is not None and before.is_manual:
            assert self.cells[self.field].value == before.value

    @rule(said=WORDS)
    def a_person_sets(self, said: Any) -> None:
        self.step(edit(self.cells, self.field, said, by="ann", at=self.now))

    @rule(waiting=own_rows())
    def a_waiting_row_turns_out_to_be_it(self, waiting: Cells) -> None:
        mine = {self.field: waiting[self.field]} if self.field in waiting else {}
        self.step(join(self.cells, mine))

    @precondition(lambda self: bool(conflicts(self.cells)))
    @rule(choice=st.sampled_from(["mine", "theirs"]))
    def a_person_chooses(self, choice: Choice) -> None:
        (conflict,) = conflicts(self.cells)
        self.step(settle(self.cells, conflict, choice=choice, by="bo", at=self.now))
        assert conflicts(self.cells) == ()

    @rule()
    def a_person_undoes_all_they_set(self) -> None:
        self.step(revert_all(self.cells))
        cell = self.cells.get(self.field)
        assert cell is None or not cell.is_manual
        assert cell is None or cell.losing is None or cell.losing.source is not Source.MANUAL

    @precondition(lambda self: bool(self.past))
    @rule()
    def the_last_step_is_undone(self) -> None:
        before, wanted = self.cells, self.past[-1]
        self.step(restore(self.cells, wanted, [self.field]))
        assert self.cells == wanted
        assert restore(self.cells, before, [self.field]).cells == before, "and so is the undo"

    @invariant()
    def a_conflict_has_two_sides_that_differ(self) -> None:
        for one in conflicts(self.cells):
            assert RULES[one.field] is Winner.PERSON
            assert one.ours.source is Source.MANUAL
            assert one.theirs.source is Source.PMS
            assert one.ours.value != one.theirs.value

    @invariant()
    def the_same_page_again_changes_nothing(self) -> None:
        once = merge(self.cells, {self.field: self.pms}, at=self.now).cells
        assert not merge(once, {self.field: self.pms}, at=self.now).touched


Row.TestCase.settings = settings(max_examples=100 * LENGTH, stateful_step_count=30, deadline=None)
TestEverySequence = Row.TestCase
