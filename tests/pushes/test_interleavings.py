"""Random interleavings of changes on both sides with syncs, pushes and all that goes wrong.

Once everything has come to rest both sides say the same, a conflict is open, or the row says why
what a person typed was not sent; nothing that somebody at the practice set was overwritten by
anybody who had not seen it; and what the ledger calls done was done exactly once. `make soak` tries
a thousand.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Engine

from adapters.storage.by_hand.history import read_steps
from adapters.storage.by_hand.sheet_edits import settle_conflict
from adapters.storage.by_hand.undoing import undo_step
from domain.desk import OutcomeUnknown
from domain.errors import Throttled, Transient
from domain.fields import Cells
from domain.pushes import last_told
from domain.sheet import Settled
from domain.wishes import Cancellation, Move, StatusChange
from infra.clock import system_clock
from infra.database import engine, transaction
from tests.pushes.book import NINE, Visit
from tests.pushes.office import Office

pytestmark = pytest.mark.integration

EXAMPLES = 25
STEPS = 24
LENGTH = int(os.environ.get("SOAK", "1"))
MOST = 1000

VISITS = ("a", "b")
_LAST = """
    SELECT kind FROM pms_writes WHERE entry_id = :id AND state = 'confirmed'
    ORDER BY settled_at DESC LIMIT 1
"""
_ROW = "SELECT * FROM run_sheet_appointments WHERE pms_appointment_id = :pms_id"
VALUES: dict[str, tuple[Any, ...]] = {
    "status": ("booked", "arrived", "completed", "no_show", "cancelled"),
    "duration_minutes": (15, 30, 45),
    "start": (0, 20, 40),
}
THERE = {"status": "status", "duration_minutes": "minutes", "start": "start"}

WHO = st.sampled_from(["a", "a", "b"])
FIELD = st.sampled_from(["status", "status", "start", "duration_minutes"])
WHICH = st.integers(0, 14)
CHOICE = st.sampled_from(["mine", "theirs"])


def value_of(pms_id: str, name: str, which: int) -> Any:
    """One of the few values of a field of that visit; no two visits are ever at one time."""
    value = VALUES[name][which % len(VALUES[name])]
    if name != "start":
        return value
    return NINE + timedelta(hours=3 * VISITS.index(pms_id), minutes=value)


@dataclass
class Watch:
    """What the sheet told people of the practice while they had a hand in a field.

    What they saw counts until a change of theirs has arrived, for an undo brings back what was set
    over it: a practice that goes back to a value they had set out from surprises nobody.
    """

    seen: dict[tuple[str, str], set[Any]] = field(default_factory=dict)
    ours: dict[tuple[str, str], Any] = field(default_factory=dict)
    overwritten: list[tuple[str, str]] = field(default_factory=list)

    def acts(self, pms_id: str, told: Mapping[str, Any]) -> None:
        """What the sheet says of the practice is read by whoever has a hand in those fields."""
        for name, value in told.items():
            self.seen.setdefault((pms_id, name), set()).add(value)

    def sets(self, pms_id: str, name: str) -> None:
        """Somebody at the practice did."""
        self.ours.pop((pms_id, name), None)

    def writes(self, wish: Move | Cancellation | StatusChange, visit: Visit) -> None:
        """A value that goes was seen by whoever replaces it, or is an earlier one of ours."""
        for name, new in _written(wish).items():
            place, old = (wish.appointment_id, name), getattr(visit, THERE[name])
            if old != new and old not in {*self.seen.get(place, ()), self.ours.get(place)}:
                self.overwritten.append(place)
            if old != new:
                self.ours[place] = new
                self.seen.pop(place, None)


def _written(wish: Move | Cancellation | StatusChange) -> dict[str, Any]:
    if isinstance(wish, Move):
        return {"start": wish.start, "duration_minutes": wish.minutes}
    return {"status": wish.status if isinstance(wish, StatusChange) else "cancelled"}


class BothWays(RuleBasedStateMachine):
    """One practice, two of its visits, one person at our desk and one at theirs."""

    engine: ClassVar[Engine]
    tried: ClassVar[int] = 0
    disputed: ClassVar[int] = 0
    written: ClassVar[int] = 0
    rows: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.engine)
        self.book, self.watch = self.office.book, Watch()
        self.book.hears = self.watch

    @initialize()
    def all_is_well(self) -> None:
        for pms_id in VISITS:
            self.book.books(pms_id, start=value_of(pms_id, "start", 0))
        self.office.sync()

    # What people do, on either side.

    @rule(who=WHO, name=FIELD, which=WHICH)
    def the_practice_changes(self, who: str, name: str, which: int) -> None:
        value, was = value_of(who, name, which), getattr(self.book.visits[who], THERE[name])
        self.book.changes(who, **{THERE[name]: value})
        if value != was:
            self.watch.sets(who, name)

    @rule(who=WHO, name=FIELD, which=WHICH)
    def a_person_types(self, who: str, name: str, which: int) -> None:
        value = value_of(who, name, which)
        self.watch.acts(who, self._told(who, name))
        self.office.types(who, **{name: value.isoformat() if name == "start" else value})

    @rule(who=WHO)
    def a_person_undoes_all(self, who: str) -> None:
        self.watch.acts(who, self._told(who))
        self.office.undoes_all(who)

    @rule(who=WHO)
    def a_person_undoes_the_last_step(self, who: str) -> None:
        office = self.office
        (row,) = office.all(_ROW, pms_id=who)
        with transaction(office.engine, account_id=office.account) as db:
            steps = [
                one for one in read_steps(db, office.seal, row) if one.row["by"] != office.vendor
            ]
            if not steps or not steps[0].can_undo:
                return
            self.watch.acts(who, self._told(who))
            undo_step(
                db, office.seal, row["id"], steps[0].row["id"], expected_version=None,
                hand=office.hand,
            )  # fmt: skip

    @rule(which=WHICH, choice=CHOICE)
    def a_person_chooses(self, which: int, choice: Any) -> None:
        office, found = self.office, self.office.conflicts()
        if not found:
            return
        one = found[which % len(found)]
        (who,) = [pms_id for pms_id in VISITS if office.id_of(pms_id) == one["appointment_id"]]
        self.watch.acts(who, self._told(who, one["field"]))
        with transaction(office.engine, account_id=office.account) as db:
            try:
                settle_conflict(
                    db, office.seal, one["id"], choice, expected_version=None, hand=office.hand
                )
            except Settled:
                return

    # What machines do, and what happens to them.

    @rule()
    def a_sync(self) -> None:
        self.office.sync()

    @rule()
    def a_push(self) -> None:
        if self.office.ready(("push_entry",)):
            self.office.push_once()

    @rule(who=WHO, name=FIELD, which=WHICH)
    def a_person_types_and_it_goes_out(self, who: str, name: str, which: int) -> None:
        self.a_person_types(who, name, which)
        self.a_push()

    @rule(who=WHO, name=FIELD, which=WHICH)
    def a_person_types_into_what_the_practice_just_changed(
        self, who: str, name: str, which: int
    ) -> None:
        self.the_practice_changes(who, name, which)
        self.a_person_types_and_it_goes_out(who, name, which + 1)

    @rule(who=WHO, name=FIELD, which=WHICH)
    def the_practice_changes_and_a_sync_tells(self, who: str, name: str, which: int) -> None:
        self.the_practice_changes(who, name, which)
        self.office.sync()

    @rule(who=WHO, name=FIELD, ours=WHICH, theirs=WHICH)
    def both_change(self, who: str, name: str, ours: int, theirs: int) -> None:
        self.a_person_types(who, name, ours)
        self.the_practice_changes(who, name, theirs)

    @rule(who=WHO, name=FIELD, which=WHICH, when=st.sampled_from(["before", "after", "during"]))
    def the_practice_will_change_in_the_middle(
        self, who: str, name: str, which: int, when: str
    ) -> None:
        self._will(when, lambda: self.the_practice_changes(who, name, which))

    @rule(who=WHO, name=FIELD, which=WHICH, when=st.sampled_from(["before", "after", "during"]))
    def a_person_will_type_in_the_middle(self, who: str, name: str, which: int, when: str) -> None:
        self._will(when, lambda: self.a_person_types(who, name, which))

    @rule(who=WHO, when=st.sampled_from(["before", "after"]))
    def a_person_will_undo_in_the_middle(self, who: str, when: str) -> None:
        self._will(when, lambda: self.a_person_undoes_all(who))

    @rule(when=st.sampled_from(["before", "after"]))
    def a_sync_will_run_in_the_middle_of_a_push(self, when: str) -> None:
        self._will(when, self.office.sync)

    @rule()
    def a_push_will_run_in_the_middle_of_a_sync(self) -> None:
        self._will("during", self.a_push)

    @rule(when=st.sampled_from(["before", "after"]))
    def an_answer_will_be_lost(self, when: str) -> None:
        self._will(when, OutcomeUnknown("no answer"))

    @rule(trouble=st.sampled_from(["wait", "line"]))
    def a_push_will_be_held_up(self, trouble: str) -> None:
        until = system_clock() + timedelta(seconds=30)
        wait = Throttled("the book's request limit", until=until)
        self._will("before", wait if trouble == "wait" else Transient("no line"))

    @rule()
    def the_book_says_nothing_or_speaks_again(self) -> None:
        self.book.is_silent = not self.book.is_silent

    def _will(self, when: str, what: Callable[[], None] | Exception) -> None:
        getattr(self.book, when).append(what)

    def _told(self, who: str, *names: str) -> dict[str, Any]:
        """What the sheet says that the practice says; of all fields if none is named."""
        cells = self._cells(who)
        told = {name: last_told(cells[name]) for name in names or THERE}
        return {name: given and given.value for name, given in told.items()}

    def _cells(self, who: str) -> Cells:
        (row,) = self.office.all(_ROW, pms_id=who)
        return self.office.seal.cells(row)

    # What must hold.

    def teardown(self) -> None:
        """Nothing happens any more, and everything that waits may go on."""
        for things in (self.book.before, self.book.after, self.book.during):
            things.clear()
        self.book.is_silent = False
        self.office.time.ahead += timedelta(minutes=5)
        for _ in range(3):
            self.office.push()
            self.office.sync()
        type(self).tried += 1
        type(self).disputed += bool(self.office.conflicts())
        type(self).written += len(self.book.writes)
        self._agree()
        assert self.watch.overwritten == []
        self._was_done_once()

    def _agree(self) -> None:
        disputed = {one["appointment_id"] for one in self.office.conflicts()}
        for pms_id, visit in self.book.visits.items():
            row = self.office.row(pms_id)
            if row["id"] in disputed:
                self.rows["conflict"] += 1
                continue
            differing = {name for name in THERE if row[name] != getattr(visit, THERE[name])}
            if row["push_state"] == "error":
                self._was_typed(pms_id, differing, row["push_reason"])
            else:
                assert row["push_state"] in (None, "synced"), row["push_state"]
                assert not differing or self._was_called_off(row, visit), (pms_id, differing)
            self.rows[row["push_reason"] or ("called off by us" if differing else "equal")] += 1

    def _was_typed(self, who: str, differing: set[str], reason: str | None) -> None:
        """What a row in error shows otherwise than its practice is what a person typed."""
        cells = self._cells(who)
        typed = {name for name in THERE if cells[name].is_manual}
        assert reason and differing
        assert differing <= typed, (reason, differing, typed)

    def _was_called_off(self, row: Mapping[str, Any], visit: Visit) -> bool:
        """A visit that we called off may keep another time here: it goes nowhere any more."""
        last = self.office.all(_LAST, id=row["id"])
        is_ours = [one["kind"] for one in last] == ["cancel"]
        return row["status"] == visit.status == "cancelled" and is_ours

    def _was_done_once(self) -> None:
        found = self.office.all("SELECT state, count(*) AS times FROM pms_writes GROUP BY state")
        states = {one["state"]: one["times"] for one in found}
        assert states.get("confirmed", 0) == len(self.book.writes)
        assert not states.keys() & {"requested", "held", "submitted", "unknown"}


def test_both_sides_converge_or_a_conflict_is_open(database_url: str) -> None:
    BothWays.engine = engine(database_url, application_name="tests", pool_size=10)
    run_state_machine_as_test(
        BothWays,
        settings=settings(
            max_examples=min(EXAMPLES * LENGTH, MOST),
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    BothWays.engine.dispose()
    assert BothWays.written > 0
    print(  # noqa: T201 - the figures of a soak
        f"\n{BothWays.tried} interleavings: {BothWays.written} writes,"
        f" {BothWays.disputed} ended with a conflict open; rows: {dict(BothWays.rows)}"
    )
