"""What the PMS no longer lists and cannot tell by its id holds up nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from domain.appointments import Appointment
from domain.errors import BrokenContract, SyncError, Transient
from infra.database import engine, transaction
from tests.sync.book import NINE, TODAY, Book, Desk
from tests.sync.test_interrupted import visit

pytestmark = pytest.mark.integration

TRIES = 3
FAILURES: list[SyncError] = [
    BrokenContract("Book: GET /visits/{id} answered HTML"),
    Transient("Book: GET /visits/{id} answered 500"),
]


@dataclass
class Stumbling(Book):
    """Fails at each look for one of these by its id."""

    bad: frozenset[str] = frozenset()
    failure: SyncError = FAILURES[0]
    asked: list[str] = field(default_factory=list)

    def probe(self, pms_id: str) -> Sequence[Appointment] | None:
        self.asked.append(pms_id)
        if pms_id in self.bad:
            raise self.failure
        return super().probe(pms_id)


@pytest.fixture
def book() -> Stumbling:
    return Stumbling(visits={who: visit(NINE, who) for who in "abcd"})


@pytest.fixture
def desk(database_url: str, book: Stumbling) -> Iterator[Desk]:
    db = engine(database_url, application_name="tests", pool_size=5)
    yield Desk(db, book)
    db.dispose()


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


@pytest.mark.parametrize("failure", FAILURES)
def test_a_look_up_that_keeps_failing_ends_the_run_partial_and_keeps_the_row(
    desk: Desk, book: Stumbling, failure: SyncError
) -> None:
    tried(desk)
    names = left(desk)
    gone = book.visits.pop("b"), book.visits.pop("c")
    book.bad, book.failure = frozenset("b"), failure

    states = tried(desk)

    assert states == ["ready", "ready", "done"]
    status, message = last_run(desk)
    assert status == "partial"
    assert message is not None
    assert message.endswith(f"asks again: {failure}")
    assert left(desk) == names - {gone[1]["patient_name"]}


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
