"""The laws of the merge, over every interleaving of PMS, people and scans that Hypothesis finds."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from domain.fields import RULES, Cells, Source, Winner
from domain.merge import (
    Choice,
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
# One field for each rule says all: the rest share it. Few words, so that they often agree.
PHONE, STATUS, NOTES = "patient_phone", "status", "notes"
WORDS = st.sampled_from([None, "a", "b", "c"])
LENGTH = int(os.environ.get("SOAK", "1"))


@dataclass
class Unset:
    """No value, where None is one."""


UNSET = Unset()


class Reference:
    """One field told as a story, with none of the merge's machinery."""

    def __init__(self, winner: Winner) -> None:
        self.winner = winner
        self.pms: Any = None  # what the PMS says now
        self.seen: Any = None  # what it said when a person last decided
        self.mine: Any = UNSET
        self.lost: Any = UNSET
        self.scan: Any = None

    def told(self) -> Any:
        return self.scan if self.pms is None else self.pms

    def shown(self) -> Any:
        if self.mine is UNSET:
            return self.told()
        if self.winner is Winner.BOTH and self.told() not in (None, self.mine):
            return f"{self.told()}\n{self.mine}"
        return self.mine

    def disputed(self) -> bool:
        mine_alone = self.winner is Winner.PERSON and self.mine is not UNSET
        return mine_alone and self.pms != self.seen

    def pms_says(self, value: Any) -> None:
        self.pms = value
        self.scan = None if value is not None else self.scan
        if self.winner is Winner.BOTH or self.mine is UNSET or value == self.seen:
            return
        if value == self.mine:
            self.mine = UNSET
        elif self.winner is Winner.PMS:
            self.mine, self.lost = UNSET, self.mine

    def scan_reads(self, value: Any) -> None:
        if value is not None and self.pms is None and not self.disputed():
            self.scan = value

    def person_sets(self, value: Any) -> None:
        if self.winner is Winner.BOTH and value is None:
            return self.person_undoes()
        if value == self.mine or (self.mine is UNSET and not self.scan and value == self.pms):
            return None
        self.lost = UNSET
        if self.winner is not Winner.BOTH and not self.scan and value == self.pms:
            self.mine = UNSET
            return None
        self.seen = self.seen if self.disputed() else self.pms
        self.mine = value
        return None

    def person_undoes(self) -> None:
        if self.mine is UNSET:
            self.lost = UNSET
        self.mine = UNSET

    def person_chooses(self, choice: Choice) -> None:
        if choice == "mine":
            self.seen = self.pms
        else:
            self.lost, self.mine = self.mine, UNSET


class Field(RuleBasedStateMachine):
    """Every step is taken by the merge and told to the reference; they must stay in step."""

    @initialize(field=st.sampled_from([PHONE, STATUS, NOTES]))
    def choose(self, field: str) -> None:
        self.field = field
        self.cells: Cells = {}
        self.open: Conflict | None = None
        self.now = AT
        self.model = Reference(RULES[field])
        self.ever_given: set[Any] = {None}

    def take(self, merged: Merged) -> None:
        """Storage's part: keep the cells, open and close conflicts as told."""
        before, after = shown(self.cells).get(self.field), shown(merged.cells).get(self.field)
        assert merged.changed == ({self.field} if before != after else set())
        assert merged.changed <= merged.touched
        if merged.closed:
            assert merged.closed == (self.open,)
            self.open = None
        if merged.opened:
            (self.open,) = merged.opened
        self.cells = merged.cells
        self.now += timedelta(minutes=1)

    @rule(value=WORDS)
    def the_pms_says(self, value: Any) -> None:
        self.take(merge(self.cells, {self.field: value}, at=self.now))
        self.ever_given.add(value)
        self.model.pms_says(value)
        again = merge(self.cells, {self.field: value}, at=self.now)
        assert not again.touched, "settles in one pass"

    @rule(value=WORDS)
    def a_scan_reads(self, value: Any) -> None:
        self.take(ocr(self.cells, {self.field: value}, at=self.now))
        self.ever_given.add(value)
        self.model.scan_reads(value)
        assert not ocr(self.cells, {self.field: value}, at=self.now).touched

    @rule(value=WORDS)
    def a_person_sets(self, value: Any) -> None:
        self.take(edit(self.cells, self.field, value, by="ann", at=self.now))
        self.ever_given.add(value)
        self.model.person_sets(value)
        assert not edit(self.cells, self.field, value, by="ann", at=self.now).touched

    @rule()
    def a_person_undoes(self) -> None:
        self.take(revert(self.cells, self.field))
        self.model.person_undoes()

    @precondition(lambda self: self.open is not None)
    @rule(choice=st.sampled_from(["mine", "theirs"]))
    def a_person_chooses(self, choice: Choice) -> None:
        conflict = self.open
        assert conflict is not None
        self.take(settle(self.cells, conflict, choice=choice, by="bo", at=self.now))
        self.model.person_chooses(choice)
        assert not settle(self.cells, conflict, choice=choice, by="bo", at=self.now).touched

    @invariant()
    def shows_what_the_reference_shows(self) -> None:
        assert shown(self.cells).get(self.field) == self.model.shown()

    @invariant()
    def keeps_a_conflict_open_while_there_is_one(self) -> None:
        assert ((self.open,) if self.open else ()) == conflicts(self.cells)
        assert (self.open is not None) is self.model.disputed()
        if self.open is not None:
            assert self.open.theirs.value == self.model.pms
            assert self.open.ours.value == self.model.mine

    @invariant()
    def keeps_what_a_person_lost(self) -> None:
        cell = self.cells.get(self.field)
        losing = cell.losing if cell and not cell.is_manual else None
        lost = losing.value if losing and losing.source is Source.MANUAL else UNSET
        assert lost == self.model.lost

    @invariant()
    def shows_nothing_that_nobody_gave(self) -> None:
        value = shown(self.cells).get(self.field)
        assert set(value.split("\n") if value else [value]) <= self.ever_given


Field.TestCase.settings = settings(max_examples=100 * LENGTH, stateful_step_count=30, deadline=None)
TestEveryInterleaving = Field.TestCase


ALL_FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(RULES, WORDS))


@st.composite
def histories(draw: st.DrawFn) -> Cells:
    """Cells as any few steps may leave them."""
    cells: Cells = {}
    for _ in range(draw(st.integers(0, 6))):
        step = draw(st.sampled_from(["pms", "ocr", "edit"]))
        if step == "edit":
            field = draw(st.sampled_from(sorted(RULES)))
            cells = edit(cells, field, draw(WORDS), by="ann", at=AT).cells
        else:
            tell = merge if step == "pms" else ocr
            cells = tell(cells, draw(ALL_FIELDS), at=AT).cells
    return cells


@given(rows=st.lists(ALL_FIELDS), incoming=ALL_FIELDS)
def test_without_people_and_scans_a_merge_is_what_came_in(
    rows: list[dict[str, Any]], incoming: dict[str, Any]
) -> None:
    cells: Cells = {}
    for row in rows:
        cells = merge(cells, row, at=AT).cells

    after = merge(cells, incoming, at=AT)

    assert all(cell.is_plain for cell in cells.values())
    assert shown(after.cells) == {**shown(cells), **incoming}
    assert not after.opened and not after.closed


@given(cells=histories(), incoming=ALL_FIELDS)
def test_fields_are_merged_apart_in_any_order(cells: Cells, incoming: dict[str, Any]) -> None:
    together = merge(cells, incoming, at=AT).cells

    apart = cells
    for field in sorted(incoming, reverse=True):
        apart = merge(apart, {field: incoming[field]}, at=AT).cells

    assert apart == together


@given(cells=histories(), incoming=ALL_FIELDS)
def test_a_merge_touches_only_what_came_in(cells: Cells, incoming: dict[str, Any]) -> None:
    after = merge(cells, incoming, at=AT)

    assert after.touched <= set(incoming)
    assert set(after.cells) == set(cells) | set(incoming)


@given(cells=histories(), incoming=ALL_FIELDS)
def test_no_merge_loses_an_edit(cells: Cells, incoming: dict[str, Any]) -> None:
    after = merge(cells, incoming, at=AT).cells

    for field, cell in cells.items():
        if cell.is_manual:
            now = after[field]
            kept = [now.value, now.losing.value if now.losing else None]
            assert cell.value in kept
            assert RULES[field] is Winner.PMS or now.value == cell.value


@given(cells=histories(), readings=ALL_FIELDS)
def test_a_scan_changes_nothing_that_a_person_or_the_pms_said(
    cells: Cells, readings: dict[str, Any]
) -> None:
    after = ocr(cells, readings, at=AT).cells

    for field, cell in cells.items():
        if cell.is_manual:
            assert (after[field].value, after[field].source) == (cell.value, Source.MANUAL)
        elif cell.source is Source.PMS and cell.value is not None:
            assert after[field] == cell


@given(incoming=ALL_FIELDS, readings=ALL_FIELDS)
def test_scan_and_pms_show_the_same_in_either_order(
    incoming: dict[str, Any], readings: dict[str, Any]
) -> None:
    scan_first = merge(ocr({}, readings, at=AT).cells, incoming, at=AT).cells
    pms_first = ocr(merge({}, incoming, at=AT).cells, readings, at=AT).cells

    assert shown(scan_first) == shown(pms_first)


@given(cells=histories(), field=st.sampled_from(sorted(RULES)), value=WORDS)
def test_reverting_an_edit_of_an_untouched_field_restores_it(
    cells: Cells, field: str, value: Any
) -> None:
    cell = cells.get(field)
    if cell is not None and not cell.is_plain:
        cells = {**cells, field: cell.of(cell.given)} if not cell.is_manual else {}

    edited = edit(cells, field, value, by="ann", at=AT)

    assert revert(edited.cells, field).cells == cells
