"""What the PMS no longer lists and cannot tell by its id holds up nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Engine, text

from domain.appointments import Appointment
from domain.errors import BrokenContract, Refused, SaidNothing, SyncError, Transient
from domain.sources import Capabilities
from infra.clock import system_clock
from infra.database import engine, transaction
from tests.adapters.advancedmd.scheduler import DAY, Scheduler, row
from tests.sync.book import NINE, TODAY, Book, Desk
from tests.sync.test_interrupted import visit

pytestmark = pytest.mark.integration

TRIES = 3
FAILURES: list[SyncError] = [
    BrokenContract("Book: GET /visits/{id} answered HTML"),
    Transient("Book: GET /visits/{id} answered 500"),
]
SILENCE = SaidNothing("Book: GET /visits/{id} answered nothing")


@dataclass
class Stumbling(Book):
    """Fails at each look for one of these by its id, or at the first `stumbles` of them."""

    bad: frozenset[str] = frozenset()
    stumbles: int | None = None
    failure: SyncError = FAILURES[0]
    asked: list[str] = field(default_factory=list)

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        self.asked.append(pms_id)
        looks = len([one for one in self.asked if one in self.bad])
        if pms_id in self.bad and (self.stumbles is None or looks <= self.stumbles):
            raise self.failure
        return super().probe(pms_id)


@dataclass
class Forgetful(Book):
    """Answers the first look by an id and refuses the rest, as one that no longer offers it."""

    looks: int = 0

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        self.looks += 1
        if self.looks == 1:
            return super().probe(pms_id)
        self.capabilities = Capabilities(probe_by_id=False)
        raise Refused("Book does not say whether this visit is still there.")


@pytest.fixture
def book() -> Stumbling:
    return Stumbling(visits={who: visit(NINE, who) for who in "abcd"})


@pytest.fixture
def db(database_url: str) -> Iterator[Engine]:
    opened = engine(database_url, application_name="tests", pool_size=5)
    yield opened
    opened.dispose()


@pytest.fixture
def desk(db: Engine, book: Stumbling) -> Desk:
    return Desk(db, book)


def tried(desk: Desk) -> list[str]:
    """How a sync's job stands after each attempt, until it has ended or had one too many."""
    job = desk.ask(last=TODAY)
    states: list[str] = []
    while len(states) <= TRIES and (not states or states[-1] == "ready"):
        states.append(desk.carry(job))
    return states


def last_run(desk: Desk) -> tuple[str, str | None]:
    query = text("SELECT status, error_message FROM pms_sync_log ORDER BY started_at DESC LIMIT 1")
    with transaction(desk.engine, account_id=desk.account) as db:
        row: Any = db.execute(query).one()
    return row.status, row.error_message


def left(desk: Desk) -> set[str]:
    return {row.values["patient_name"] for row in desk.rows().values() if not row.removed}


def rejected(desk: Desk) -> set[str]:
    """What the last run tells that it could not read, by the PMS's ids."""
    query = text(
        "SELECT pms_id FROM pms_rejects WHERE run_id ="
        " (SELECT id FROM pms_sync_log ORDER BY started_at DESC LIMIT 1)"
    )
    with transaction(desk.engine, account_id=desk.account) as db:
        return set(db.execute(query).scalars())


@pytest.mark.parametrize("failure", FAILURES)
def test_one_that_always_fails_by_its_id_stays_is_told_and_holds_up_nothing(
    desk: Desk, book: Stumbling, failure: SyncError
) -> None:
    tried(desk)
    names = left(desk)
    gone = book.visits.pop("b"), book.visits.pop("c")
    book.bad, book.failure = frozenset("b"), failure

    for _ in range(2):
        assert tried(desk) == ["done"]

        assert last_run(desk) == ("success", None)
        assert rejected(desk) == {"b"}
        assert left(desk) == names - {gone[1]["patient_name"]}
    assert book.asked.count("b") == 4


def test_one_that_stumbles_once_by_its_id_is_asked_for_again_in_the_run(
    desk: Desk, book: Stumbling
) -> None:
    tried(desk)
    names = left(desk)
    gone = book.visits.pop("b")
    book.bad, book.stumbles = frozenset("b"), 1

    assert tried(desk) == ["done"]

    assert (last_run(desk), rejected(desk)) == (("success", None), set())
    assert left(desk) == names - {gone["patient_name"]}


def test_what_nothing_is_said_of_is_gone_where_others_are_told(desk: Desk, book: Stumbling) -> None:
    tried(desk)
    names = left(desk)
    gone = book.visits.pop("b")
    book.bad, book.failure = frozenset("b"), SILENCE

    assert tried(desk) == ["done"]

    assert (last_run(desk), rejected(desk)) == (("success", None), set())
    assert left(desk) == names - {gone["patient_name"]}


@pytest.mark.parametrize("failure", [*FAILURES, SILENCE])
def test_where_no_look_up_is_answered_the_run_ends_partial_and_keeps_the_row(
    desk: Desk, book: Stumbling, failure: SyncError
) -> None:
    tried(desk)
    names = left(desk)
    book.visits.pop("b")
    book.bad, book.failure = frozenset("abcd"), failure

    states = tried(desk)

    assert states == ["ready", "ready", "done"]
    status, message = last_run(desk)
    assert status == "partial"
    assert message is not None
    assert message.endswith(f"asks again: {failure}")
    assert left(desk) == names


@pytest.mark.parametrize("failure", FAILURES)
def test_where_the_only_visit_of_the_days_fails_one_of_other_days_tells_that_others_are_answered(
    desk: Desk, book: Stumbling, failure: SyncError
) -> None:
    book.visits["d"]["start"] = NINE + timedelta(days=3)
    tried(desk)
    desk.carry(desk.ask(first=TODAY, last=TODAY + timedelta(days=3)))
    names = left(desk)
    book.visits = {"d": book.visits["d"]}
    book.bad, book.failure = frozenset("abc"), failure

    for _ in range(2):
        assert tried(desk) == ["done"]

        assert last_run(desk) == ("success", None)
        assert rejected(desk) == set("abc")
        assert left(desk) == names


def test_a_pms_that_asks_for_a_wait_is_not_asked_for_another(desk: Desk, book: Stumbling) -> None:
    tried(desk)
    book.visits.pop("b")
    soon = system_clock() + timedelta(seconds=1)
    book.bad, book.failure = frozenset("b"), Transient("Book asks for a wait", retry_at=soon)

    assert desk.carry(desk.ask(last=TODAY)) == "ready"

    assert book.asked == ["b"]


def test_a_row_that_could_not_be_looked_up_leaves_once_it_can(desk: Desk, book: Stumbling) -> None:
    tried(desk)
    names = left(desk)
    gone = book.visits.pop("b")
    book.bad = frozenset("b")
    tried(desk)

    book.bad = frozenset()
    assert tried(desk) == ["done"]

    assert last_run(desk) == ("success", None)
    assert left(desk) == names - {gone["patient_name"]}


def test_a_pms_that_answers_no_look_up_is_not_asked_for_every_row(
    desk: Desk, book: Stumbling
) -> None:
    book.visits = {f"v{n:02}": visit(NINE, f"v{n:02}") for n in range(25)}
    tried(desk)
    names = left(desk)
    book.bad = frozenset(book.visits)
    book.visits = {}

    tried(desk)

    assert last_run(desk)[0] == "partial"
    assert left(desk) == names
    assert len(book.asked) == TRIES - 1 + 10


@pytest.mark.parametrize(("there_were", "stays"), [("abc", True), ("abcde", True), ("ab", False)])
def test_a_pms_that_knows_of_no_visit_any_more_empties_a_small_day_for_a_person_alone(
    desk: Desk, book: Stumbling, there_were: str, *, stays: bool
) -> None:
    book.visits = {who: visit(NINE, who) for who in there_were}
    tried(desk)
    names = left(desk)
    book.visits = {}

    for _ in range(2):
        assert desk.carry(desk.ask(last=TODAY, allow_removals=False)) == "done"

    assert left(desk) == (names if stays else set())
    status, message = last_run(desk)
    assert status == ("partial" if stays else "success")
    if stays:
        told = f"{len(names)} of {len(names)} appointments of {TODAY:%-d %B} would leave the sheet"
        assert message is not None and message.startswith(told)
    assert tried(desk) == ["done"]
    assert left(desk) == set()


def test_a_small_day_that_was_moved_to_another_leaves_unasked(desk: Desk, book: Stumbling) -> None:
    tried(desk)
    for who in "abc":
        book.visits.pop(who)
    book.visits["d"]["start"] = NINE + timedelta(days=3)

    assert desk.carry(desk.ask(last=TODAY, allow_removals=False)) == "done"

    assert last_run(desk) == ("success", None)
    assert left(desk) == {book.visits["d"]["patient_name"]}


def test_whether_a_pms_can_be_asked_does_not_change_in_the_midst_of_a_run(db: Engine) -> None:
    desk = Desk(db, Forgetful(visits={who: visit(NINE, who) for who in "abc"}))
    tried(desk)
    names = left(desk)
    later = NINE + timedelta(days=30)
    desk.book.visits = {who: visit(later, who) for who in "abc"}

    assert tried(desk) == ["done"]

    assert left(desk) == names


def test_an_advancedmd_that_fails_after_its_first_answer_takes_nothing_off(db: Engine) -> None:
    scheduler = Scheduler({one: row(one) for one in "123"}, by_id=503, answered=1)
    desk = Desk(db, cast("Any", scheduler.source()))
    with transaction(db, account_id=desk.account) as session:
        session.execute(text("UPDATE pms_connections SET sync_telehealth_only = false"))
    assert desk.carry(desk.ask(first=DAY, last=DAY)) == "done"
    for visit_there in scheduler.rows.values():
        visit_there["startdatetime"] = "2026-07-02T09:00:00"

    job = desk.ask(first=DAY, last=DAY)
    states = [desk.carry(job) for _ in range(TRIES)]

    assert states == ["ready", "ready", "done"]
    assert last_run(desk)[0] == "partial"
    assert [one.removed for one in desk.rows().values()] == [False] * 3


def test_a_visit_an_advancedmd_always_fails_on_holds_up_no_other(db: Engine) -> None:
    scheduler = Scheduler({one: row(one) for one in "123"})
    desk = Desk(db, cast("Any", scheduler.source()))
    with transaction(db, account_id=desk.account) as session:
        session.execute(text("UPDATE pms_connections SET sync_telehealth_only = false"))
    assert desk.carry(desk.ask(first=DAY, last=DAY)) == "done"
    for gone in "12":
        del scheduler.rows[gone]
    scheduler.broken = frozenset("1")

    for _ in range(2):
        assert desk.carry(desk.ask(first=DAY, last=DAY)) == "done"

        assert last_run(desk) == ("success", None)
        on_sheet = {key for key, one in desk.rows().items() if not one.removed}
        assert len(on_sheet) == 2
        assert rejected(desk) == {"1"}
