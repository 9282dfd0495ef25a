"""Ten thousand random interleavings of edits, syncs, deletions and scans keep every merge law.

`test_merge_laws.py` has the machine whose failures read best; this one is cheap enough for ten
thousand. Both machines' answers are told by stories, and the stories were written apart.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.fields import Cells, Source
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
from tests.story import NOTHING, RowStory

AT = datetime(2026, 6, 2, 1, tzinfo=UTC)
# One field for each rule: the others share them. Few words, so that sides often come to agree.
FIELDS = ("patient_phone", "status", "notes")
WORDS = (None, "a", "b")
INTERLEAVINGS = 10_000


class Row:
    """One row and its PMS; every step is taken by the merge and told to the story."""

    def __init__(self) -> None:
        # Nothing is known of the phone at first: scans and people come before the PMS.
        self.pms: dict[str, Any] | None = dict(zip(FIELDS, (None, "a", "b"), strict=True))
        self.cells: Cells = {}
        self.open: dict[str, Conflict] = {}
        self.story = RowStory.of(FIELDS)
        self.remembered: set[tuple[str, Any]] = set()
        self.now = AT
        self.sync()

    def take(self, merged: Merged) -> None:
        """Storage's part: remember what was shown, keep the cells, open and close conflicts."""
        self.remembered |= set(shown(self.cells).items())
        for one in merged.closed:
            del self.open[one.field]
        self.open.update({one.field: one for one in merged.opened})
        self.cells = merged.cells
        self.now += timedelta(minutes=1)

    def the_pms_changes(self, field: str, value: Any) -> None:
        self.pms = {**(self.pms or dict.fromkeys(FIELDS)), field: value}

    def the_pms_deletes(self) -> None:
        self.pms = None

    def the_pms_tells(self, field: str, value: Any) -> None:
        self.the_pms_changes(field, value)
        self.sync()

    def sync(self) -> None:
        """A page that lists the row; a deleted one is told of by nobody."""
        if self.pms is not None:
            self.take(merge(self.cells, self.pms, at=self.now))
            self.story.pms_says(self.pms)

    def a_person_types(self, field: str, value: Any) -> None:
        self.take(edit(self.cells, field, value, by="ann", at=self.now))
        self.story.person_types(field, value)

    def a_person_undoes(self, field: str) -> None:
        self.take(revert(self.cells, field))
        self.story.fields[field].person_undoes()

    def a_person_chooses(self, choice: Choice) -> None:
        for field, conflict in list(self.open.items()):
            self.take(settle(self.cells, conflict, choice=choice, by="bo", at=self.now))
            self.story.fields[field].person_chooses(choice)

    def a_scan_reads(self, field: str, value: Any) -> None:
        before = self.cells.get(field)
        self.take(ocr(self.cells, {field: value}, at=self.now))
        self.story.fields[field].scan_reads(value)
        if before and (before.is_manual or (before.source is Source.PMS and before.value)):
            assert self.cells[field].given == before.given, "a scan displaced somebody"

    def keeps_the_laws(self) -> None:
        cells, seen = self.cells, shown(self.cells)
        assert {name: seen.get(name) for name in FIELDS} == self.story.shown
        assert {one.field: one for one in conflicts(cells)} == self.open
        sides = {name: (one.ours.value, one.theirs.value) for name, one in self.open.items()}
        assert sides == self.story.disputes
        losing = {
            name: cell.losing.value
            for name, cell in cells.items()
            if not cell.is_manual and cell.losing and cell.losing.source is Source.MANUAL
        }
        assert losing == self.story.given_way
        assert not list(self.story.lost({*self.remembered, *seen.items()}))

    def is_the_pms_where_nobody_touched_it(self) -> None:
        self.sync()
        for name, story in self.story.fields.items():
            if self.pms and story.typed is NOTHING and story.scanned is None:
                assert shown(self.cells).get(name) == self.pms[name]


Step = tuple[Any, ...]


def steps_on(*fields: str) -> list[Step]:
    every: dict[str, list[Step]] = {
        "sync": [()] * 2,
        "the_pms_changes": [(field, word) for field in fields for word in WORDS],
        "the_pms_tells": [(field, word) for field in fields for word in WORDS],
        "the_pms_deletes": [()],
        "a_person_types": [(field, word) for field in fields for word in WORDS],
        "a_person_undoes": [(field,) for field in fields],
        "a_person_chooses": [("mine",), ("theirs",)],
        "a_scan_reads": [(field, word) for field in fields for word in WORDS[1:]],
    }
    return [(what, *told) for what, ways in every.items() for told in ways]


# Mostly about one field, so that the rare orders of its steps are reached; else about all three.
FOCUSES = [steps_on(field) for field in FIELDS] + [steps_on(*FIELDS)]


def decoded(raw: bytes) -> list[Step]:
    """A byte a step: the cheapest thing to draw, and it shrinks well."""
    steps = FOCUSES[raw[0] % len(FOCUSES)]
    return [steps[byte % len(steps)] for byte in raw[1:]]


@settings(
    max_examples=INTERLEAVINGS,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.binary(min_size=4, max_size=20).map(decoded))
def test_ten_thousand_interleavings_keep_every_merge_law(steps: list[Step]) -> None:
    row = Row()
    for name, *told in steps:
        getattr(row, name)(*told)
        row.keeps_the_laws()
    row.is_the_pms_where_nobody_touched_it()
    row.keeps_the_laws()
    assert shown(merge(row.cells, row.pms, at=row.now).cells if row.pms else row.cells) == shown(
        row.cells
    ), "the same page once more changed something"
