"""What a row says of itself towards its PMS holds: nothing is called sent that was not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from adapters.storage.practices import connections
from adapters.storage.two_way import push_asking, push_board, push_log, push_standing
from domain.errors import NeedsReconnect, Refused, Throttled
from domain.pushes import CALLED_OFF, LOCKED_OUT, TAKEN_OFF
from domain.sheet import Settled
from infra.clock import system_clock
from infra.database import transaction
from tests.pushes.book import NINE
from tests.pushes.office import Office

pytestmark = pytest.mark.integration

BY_HAND = """{"auto_push": false}"""
SYNCED = ("synced", None)
ONE_ROW = "SELECT * FROM run_sheet_appointments WHERE id = %(id)s"


@pytest.fixture
def by_hand(db: Engine) -> Office:
    """A practice to which nothing goes unless somebody says so."""
    made = Office(db, features=BY_HAND)
    made.book.books("a-1")
    made.sync()
    return made


@contextmanager
def once_a_row_was_read(engine: Engine, what: Callable[[], None]) -> Iterator[None]:
    """It happens between a push's look at its row and what it makes of that."""
    waiting = [what]

    def heard(_db: Any, _cursor: Any, statement: str, *_about: Any) -> None:
        if waiting and statement == ONE_ROW:
            waiting.pop()()

    event.listen(engine, "after_cursor_execute", heard)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", heard)
    assert not waiting


def test_a_move_of_what_the_practice_cancels_says_that_it_was_not_sent(office: Office) -> None:
    office.types("a-1", start="11:00")
    office.book.changes("a-1", status="cancelled")

    office.push()

    assert office.stands("a-1") == ("error", CALLED_OFF)
    assert (office.book.writes, office.conflicts()) == ([], [])
    office.sync()
    office.push()
    assert office.stands("a-1") == ("error", CALLED_OFF)


def test_undoing_what_could_not_be_sent_ends_it(office: Office) -> None:
    office.types("a-1", start="11:00")
    office.book.changes("a-1", status="cancelled")
    office.push()

    office.undoes_all("a-1")
    office.push()

    assert office.stands("a-1") == SYNCED
    assert office.row("a-1")["start"] == NINE


def test_whoever_moves_and_cancels_a_visit_has_no_more_to_see_to(office: Office) -> None:
    office.types("a-1", start="11:00", status="cancelled")

    office.push()

    assert office.book.visits["a-1"].status == "cancelled"
    assert office.stands("a-1") == SYNCED


def test_what_was_typed_into_a_row_that_left_the_sheet_says_so(office: Office) -> None:
    office.types("a-1", status="arrived")
    del office.book.visits["a-1"]
    office.sync()

    office.push()

    assert office.stands("a-1") == ("error", TAKEN_OFF)
    office.book.books("a-1", start=NINE)
    office.sync()
    office.push()
    assert (office.book.visits["a-1"].status, office.stands("a-1")) == ("arrived", SYNCED)


def test_a_row_that_left_the_sheet_with_nothing_owed_waits_for_nothing(office: Office) -> None:
    office.all("UPDATE run_sheet_appointments SET push_state = 'pending' RETURNING id")
    del office.book.visits["a-1"]
    office.sync()

    office.ask_push(office.id_of("a-1"))
    office.push()

    assert office.stands("a-1") == (None, None)


def test_a_row_that_left_the_sheet_is_not_asked_for_again(office: Office) -> None:
    del office.book.visits["a-1"]
    office.sync()

    with transaction(office.engine, account_id=office.account) as db, pytest.raises(Settled):
        push_asking.push(db, office.id_of("a-1"), expected_version=None)


def test_what_is_typed_while_a_push_decides_is_not_called_sent(by_hand: Office) -> None:
    by_hand.ask_push(by_hand.id_of("a-1"))

    with once_a_row_was_read(by_hand.engine, lambda: by_hand.types("a-1", status="arrived")):
        by_hand.push()

    assert by_hand.book.visits["a-1"].status == "arrived"
    assert by_hand.stands("a-1") == SYNCED


def test_what_is_typed_while_a_write_is_refused_waits_as_it_was_typed(by_hand: Office) -> None:
    def refuse() -> None:
        by_hand.types("a-1", status="completed")
        raise Refused("not today")

    by_hand.types("a-1", status="arrived")
    by_hand.book.before = [refuse]
    by_hand.ask_push(by_hand.id_of("a-1"))
    by_hand.push()

    assert by_hand.stands("a-1") == ("pending", None)


def test_a_practice_that_lets_us_in_again_is_waited_for_no_more(office: Office) -> None:
    office.book.before = [NeedsReconnect("the account is locked")]
    office.types("a-1", status="arrived")
    office.push()
    assert office.stands("a-1") == ("pending", LOCKED_OUT)

    with transaction(office.engine, account_id=office.account) as db:
        connections.works(db, connections.load(db, office.connection_id), anew=True)

    assert office.stands("a-1") == ("pending", None)


def test_what_took_anothers_place_is_told_and_the_other_is_not(office: Office) -> None:
    until = system_clock() + timedelta(minutes=1)
    office.book.before = [Throttled("the book's request limit", until=until)]
    office.types("a-1", status="arrived")
    office.push_once()
    office.types("a-1", status="no_show")
    office.book.changes("a-1", minutes=45)
    office.push()
    since = system_clock() - timedelta(days=1)

    with transaction(office.engine, account_id=office.account) as db:
        outcomes = push_board.outcomes(db, office.connection_id, since=since)
        lines = push_log.lines(db, office.connection_id, since=since)
        steps = push_standing.steps(db, office.id_of("a-1"))

    states = office.all("SELECT state FROM pms_writes ORDER BY created_at")
    assert [one["state"] for one in states] == ["withdrawn", "withdrawn", "confirmed"]
    assert (outcomes.sent_well, outcomes.sent_badly) == (1, 0)
    assert [one.state for one in lines if one.way == "out"] == ["done"]
    assert [one.state for one in steps] == ["done"]
