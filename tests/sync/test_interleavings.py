"""Random interleavings of edits, syncs, deletions and scans through the real storage.

The PMS is a dictionary; runs are killed at any page, wait, and go on while people type. What must
become of each row is told by a story that knows nothing of the code. `make soak` tries thousands;
`tests/domain/test_merge_interleavings.py` tries ten thousand on the merge alone.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Engine

from domain.fields import Source
from domain.merge import Choice
from domain.sheet import Stale
from infra.database import engine
from tests.story import NOTHING, RowStory
from tests.sync.book import NINE, TODAY, TOMORROW, Book, Desk, Killed, Row, appointment, said, wait

pytestmark = pytest.mark.integration

EXAMPLES = 60
STEPS = 15
LENGTH = int(os.environ.get("SOAK", "1"))

# So far apart in time and name that none is taken for another.
PEOPLE = {
    "a": ("Ada Abbott", "Ada Archer"),
    "b": ("Ben Brown", "Ben Byrne"),
    "c": ("Cleo Clark", "Cleo Curtis"),
}
END = NINE + timedelta(days=2)
MINUTES = (0, 20, 40)
DAYS = (0, 1, 3)
"""The last is beyond what is ever synced."""

PHONES = (None, "(03) 9555 0101", "(03) 9555 0102", "(03) 9555 0103")
NOTES = (None, "wheelchair", "bring the referral", "interpreter")
VALUES: Mapping[str, tuple[Any, ...]] = {
    "patient_phone": PHONES,
    "status": ("booked", "arrived", "completed"),
    "duration_minutes": (15, 30, 45),
    "notes": NOTES,
}
FIELDS = (*VALUES, "start", "patient_name")

# Mostly about one visit and the fields that may be disputed: what is rare is in their long stories.
WHO = st.sampled_from(["a", "a", "a", "b", "c"])
ROW = st.sampled_from([0, 0, 0, 1, 2])
FIELD = st.sampled_from([*FIELDS, "start", "patient_phone", "patient_phone"])
WHICH = st.integers(0, 11)
STALE = st.sampled_from([False, False, False, False, True])
FAILING = st.sampled_from([None, Killed, Killed, wait])


def value_of(pms_id: str, field: str, which: int) -> Any:
    """One of the few values a field of that visit may have, at the PMS and by hand."""
    if field == "start":
        hours = 2 * sorted(PEOPLE).index(pms_id)
        return NINE + timedelta(hours=hours, minutes=MINUTES[which % len(MINUTES)])
    values = PEOPLE[pms_id] if field == "patient_name" else VALUES[field]
    return values[which % len(values)]


class Interleavings(RuleBasedStateMachine):
    """One practice, three of its visits, one person at the desk, and a scanner."""

    engine: ClassVar[Engine]
    told_to_the_end: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()
        self.desk = Desk(self.engine, self.book)
        self.stories: dict[UUID, RowStory] = {}
        self.whose: dict[UUID, str] = {}
        self.job: int | None = None
        self.gone: set[str] = set()  # not at the PMS at some instant since the run began
        self.filtered: set[str] = set()  # there, but no telehealth at some instant since
        self.readings: dict[UUID, dict[str, Any]] = {}  # rows of their own that scans made
        self.joined: set[UUID] = set()
        self.rows: Mapping[UUID, Row] = {}

    # What happens at the PMS.

    @initialize(whiches=st.tuples(WHICH, WHICH, WHICH))
    def all_is_well(self, whiches: tuple[int, ...]) -> None:
        for who, which in zip(sorted(PEOPLE), whiches, strict=True):
            self.the_pms_books(who, which)
        self.a_sync_begins_or_goes_on(TOMORROW, 0, None)

    @rule(who=WHO, which=WHICH)
    def the_pms_books(self, who: str, which: int) -> None:
        self.book.visits[who] = {
            "is_telehealth": True,
            **{field: value_of(who, field, which) for field in FIELDS},
        }

    @rule(who=WHO, field=FIELD, which=WHICH)
    def the_pms_changes(self, who: str, field: str, which: int) -> None:
        if who in self.book.visits:
            self.book.visits[who][field] = value_of(who, field, which)

    @rule(who=WHO, field=FIELD, which=WHICH)
    def the_pms_changes_and_a_sync_goes_on(self, who: str, field: str, which: int) -> None:
        self.the_pms_changes(who, field, which)
        self.a_sync_begins_or_goes_on(TOMORROW, 0, None)

    @rule(who=WHO, which=WHICH, day=st.sampled_from(DAYS))
    def the_pms_moves(self, who: str, which: int, day: int) -> None:
        if who in self.book.visits:
            start = value_of(who, "start", which)
            self.book.visits[who]["start"] = start + timedelta(days=day)

    @rule(who=WHO, is_telehealth=st.booleans())
    def the_pms_makes_it_telehealth_or_not(self, who: str, *, is_telehealth: bool) -> None:
        if who in self.book.visits:
            self.book.visits[who]["is_telehealth"] = is_telehealth
            self._note_absences()

    @rule(who=WHO)
    def the_pms_deletes(self, who: str) -> None:
        self.book.visits.pop(who, None)
        self._note_absences()

    def _note_absences(self) -> None:
        for who in PEOPLE:
            if who not in self.book.visits:
                self.gone.add(who)
            elif not self.book.visits[who]["is_telehealth"]:
                self.filtered.add(who)

    # What syncs do.

    @rule(last=st.sampled_from([TODAY, TOMORROW]), pages=st.integers(0, 2), failing=FAILING)
    def a_sync_begins_or_goes_on(
        self, last: date, pages: int, failing: Callable[[], BaseException] | None
    ) -> None:
        if self.job is None:
            self.gone, self.filtered = set(), set()
            self._note_absences()
            self.job = self.desk.ask(last=last)
        self.book.pages_left = pages if failing else None
        self.book.then = failing() if failing else None
        self._carry()

    @rule(who=WHO, which=WHICH, pages=st.integers(1, 2))
    def the_pms_deletes_while_a_killed_run_is_resumed(
        self, who: str, which: int, pages: int
    ) -> None:
        """The first page has news, so that the run goes on behind it."""
        self.the_pms_changes("a", "patient_phone", which)
        self.a_sync_begins_or_goes_on(TOMORROW, pages, Killed)
        self.the_pms_deletes(who)
        self.a_sync_begins_or_goes_on(TOMORROW, 0, None)

    def _carry(self) -> None:
        assert self.job is not None
        before = self.rows
        state = self.desk.carry(self.job)
        self._take_in()
        after = self.desk.rows()
        left = {self.whose[one] for one in before if not before[one].removed and after[one].removed}
        assert not left or state == "done", "a row left before the run ended"
        assert left <= self.gone | self.filtered, "a row left that was there all the time"
        if not self.book.is_whole:
            assert left <= self.filtered, "a row left that the run cannot know to be gone"
        if state in {"done", "dead"}:
            self.job = None
        self._agrees(after)

    def _take_in(self) -> None:
        """Tell the stories what the PMS told, page by page."""
        for one in self.book.told:
            if one.is_telehealth:
                row = self.desk.row_of(one)
                self.whose[row] = one.pms_id
                self.stories.setdefault(row, RowStory.of(FIELDS)).pms_says(said(one))
        self.book.told.clear()

    # What people do.

    @rule(which=ROW, field=FIELD, value=WHICH, is_stale=STALE)
    def a_person_types(self, which: int, field: str, value: int, *, is_stale: bool) -> None:
        row = self._row(which)
        typed = value_of(self.whose[row.id], field, value)
        given = typed.isoformat() if isinstance(typed, datetime) else typed
        if self._is_refused(
            row,
            lambda version: self.desk.types(row.id, field, given, version=version),
            is_stale=is_stale,
        ):
            return
        self.stories[row.id].person_types(field, typed)
        self._agrees(self.desk.rows())

    @rule(which=ROW, field=FIELD, mine=WHICH, theirs=WHICH)
    def both_change(self, which: int, field: str, mine: int, theirs: int) -> None:
        self.a_person_types(which, field, mine, is_stale=False)
        self.the_pms_changes_and_a_sync_goes_on(
            self.whose[self._row(which).id], field=field, which=theirs
        )

    @rule(which=ROW, field=FIELD, is_stale=STALE)
    def a_person_undoes(self, which: int, field: str, *, is_stale: bool) -> None:
        row = self._row(which)
        if self._is_refused(
            row, lambda version: self.desk.undoes(row.id, field, version=version), is_stale=is_stale
        ):
            return
        self.stories[row.id].fields[field].person_undoes()
        self._agrees(self.desk.rows())

    @rule(which=ROW, is_stale=STALE)
    def a_person_undoes_all(self, which: int, *, is_stale: bool) -> None:
        row = self._row(which)

        def act(version: int) -> None:
            self.desk.undoes_all(row.id, version=version)

        if self._is_refused(row, act, is_stale=is_stale):
            return
        for story in self.stories[row.id].fields.values():
            # Shown or given way: both go.
            story.person_undoes()
        self._agrees(self.desk.rows())

    @rule(which=WHICH, choice=st.sampled_from(["mine", "theirs"]), is_stale=STALE)
    def a_person_chooses(self, which: int, choice: Choice, *, is_stale: bool) -> None:
        conflicts = self.desk.conflicts()
        if not conflicts:
            return
        chosen = conflicts[which % len(conflicts)]
        row = self.rows[chosen.row]
        if self._is_refused(
            row,
            lambda version: self.desk.chooses(chosen.id, choice, version=version),
            is_stale=is_stale,
        ):
            return
        self.stories[row.id].fields[chosen.field].person_chooses(choice)
        self._agrees(self.desk.rows())

    def _row(self, which: int) -> Row:
        known = sorted(self.stories, key=self.whose.__getitem__)
        return self.rows[known[which % len(known)]]

    def _is_refused(self, row: Row, act: Callable[[int], None], *, is_stale: bool) -> bool:
        """Whoever read an older version is refused, and nothing has changed."""
        if not is_stale:
            act(row.version)
            return False
        with pytest.raises(Stale):
            act(row.version - 1)
        assert self.desk.rows()[row.id] == row
        return True

    # What scans do.

    @rule(who=WHO, phone=WHICH, notes=WHICH)
    def a_scan_shows(self, who: str, phone: int, notes: int) -> None:
        """The name and time as they now are at the PMS, and perhaps more."""
        if who not in self.book.visits:
            return
        visit = self.book.visits[who]
        read = {
            "start": visit["start"],
            "patient_name": visit["patient_name"],
            "patient_phone": PHONES[phone % len(PHONES)],
            "notes": NOTES[notes % len(NOTES)],
        }
        values = {name: value for name, value in read.items() if value is not None}
        before = self.rows
        placed = self.desk.scans(values)
        after = self.desk.rows()
        if placed.linked:
            self._read(placed.id, values)
        else:
            self.readings.setdefault(placed.id, {}).update(values)
        self.joined |= {one for one in after if one not in before and after[one].linked_to}
        self._displaced_nothing(before, after)
        self._agrees(after)

    def _displaced_nothing(self, before: Mapping[UUID, Row], after: Mapping[UUID, Row]) -> None:
        """What the PMS or a person gave is shown as before; a reading may follow a reading."""
        for row in self.stories:
            for field in FIELDS:
                was, now = before[row].values[field], after[row].values[field]
                is_kept = was == now or (field == "notes" and str(was) in str(now))
                is_free = was is None or _is_read(before[row], field)
                assert is_free or is_kept, "a scan displaced a value"

    def _read(self, row: UUID, values: Mapping[str, Any]) -> None:
        for field, value in values.items():
            self.stories[row].fields[field].scan_reads(value)

    # What must hold.

    def _agrees(self, rows: Mapping[UUID, Row]) -> None:
        """Each row is as its story goes, and no other row is there."""
        self.rows = rows
        for own, values in self.readings.items():
            target = rows[own].linked_to
            if target is not None and own not in self.joined:
                self.joined.add(own)
                self._read(target, values)
        of_pms = {one for one, row in rows.items() if row.source == Source.PMS}
        assert of_pms == set(self.stories)
        for one, story in self.stories.items():
            row = rows[one]
            assert {name: row.values[name] for name in FIELDS} == story.shown
            assert _given_way(row) == story.given_way
        told = {(one.row, one.field): (one.ours, one.theirs) for one in self.desk.conflicts()}
        assert told == {
            (one, field): sides
            for one, story in self.stories.items()
            for field, sides in story.disputes.items()
        }

    def teardown(self) -> None:
        """Nothing fails any more, and nothing happens: one whole pass of both days."""
        self.book.pages_left = self.book.then = None
        while self.job is not None:
            self._carry()
        self.a_sync_begins_or_goes_on(TOMORROW, 0, None)
        assert self.job is None
        rows = self.rows
        self._shows_what_the_pms_has(rows)
        self._shows_nothing_twice(rows)
        self._has_lost_nothing(rows)
        Interleavings.told_to_the_end += 1

    def _shows_what_the_pms_has(self, rows: Mapping[UUID, Row]) -> None:
        for one, who in self.whose.items():
            visit = self.book.visits.get(who)
            # What is, or was last heard of, on a later day is asked for when that day is synced.
            heard = self.stories[one].fields["start"].pms
            if heard < END and (visit is None or visit["start"] < END):
                assert rows[one].removed is not bool(visit and visit["is_telehealth"])
        for who, visit in self._listed():
            listed = appointment(who, visit)
            row = self.desk.row_of(listed)
            for name, value in said(listed).items():
                if name in FIELDS and self._is_untouched(row, name):
                    assert rows[row].values[name] == value

    def _listed(self) -> list[tuple[str, dict[str, Any]]]:
        """The visits that belong on the days that are synced."""
        visits = self.book.visits.items()
        return [(who, it) for who, it in visits if it["is_telehealth"] and it["start"] < END]

    def _is_untouched(self, row: UUID, field: str) -> bool:
        story = self.stories[row].fields[field]
        return story.typed is NOTHING and story.scanned is None

    def _shows_nothing_twice(self, rows: Mapping[UUID, Row]) -> None:
        """Neither a visit of the PMS, nor a reading of one beside it."""
        listed = {(visit["patient_name"], visit["start"]) for _, visit in self._listed()}
        for own, read in self.readings.items():
            if rows[own].is_visible:
                assert (read["patient_name"], read["start"]) not in listed

    def _has_lost_nothing(self, rows: Mapping[UUID, Row]) -> None:
        known: dict[UUID, set[tuple[str, Any]]] = {one: set() for one in self.stories}
        for one, before in self.desk.remembered():
            if one in known:
                known[one] |= set(_values(before))
        for one, story in self.stories.items():
            kept = {
                (name, cell.losing.value) for name, cell in rows[one].cells.items() if cell.losing
            }
            assert not list(story.lost({*known[one], *kept, *_values(rows[one].values)}))


def _values(shown: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in FIELDS:
        value = shown[field]
        if field == "start" and isinstance(value, str):
            value = datetime.fromisoformat(value)
        yield field, value


def _is_read(row: Row, field: str) -> bool:
    """It shows what a scan read, or notes of which a scan read one part."""
    cell = row.cells.get(field)
    beneath = cell.base if cell and field == "notes" else None
    return Source.OCR in {one.source for one in (cell, beneath) if one is not None}


def _given_way(row: Row) -> dict[str, Any]:
    return {
        name: cell.losing.value
        for name, cell in row.cells.items()
        if not cell.is_manual and cell.losing and cell.losing.source is Source.MANUAL
    }


def test_no_interleaving_loses_doubles_or_displaces_anything(database_url: str) -> None:
    Interleavings.engine = engine(database_url, application_name="tests", pool_size=5)
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=EXAMPLES * LENGTH,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    Interleavings.engine.dispose()
    assert Interleavings.told_to_the_end >= EXAMPLES * LENGTH
