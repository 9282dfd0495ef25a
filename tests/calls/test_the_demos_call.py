"""The demo's caller takes what is offered, whichever day it is on, and is judged by it."""

from collections.abc import Iterator

import pytest
import redis

from console.called import JudgedCall
from console.playing import Caller, Played, book
from domain.errors import Transient
from domain.window import local_day
from infra.clock import system_clock
from tests.voice.line import SECRET, Line, line
from tests.workers.tools.desk import ZONE

pytestmark = pytest.mark.integration

BOB = {"first": "Bob", "last": "Baker", "date_of_birth": "1990-07-15"}


@pytest.fixture
def practice(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """Somebody works there on one day alone, and callers are matched without a number."""
    with line(database_url, redis_client, redis_url) as made, made.worker():
        made.rows("UPDATE accounts SET vapi_number_ids = '{}' RETURNING id")
        yield made


def called(practice: Line) -> Played:
    caller = Caller(str(practice.client.base_url).rstrip("/"), SECRET)
    return book(caller, BOB, today=local_day(system_clock(), ZONE))


def judged(played: Played, *, in_the_book: int, is_on_sheet: bool) -> bool:
    return JudgedCall("Example Dental", played, in_the_book, is_on_sheet).is_right


def test_a_caller_books_on_the_day_that_is_offered_where_the_one_they_asked_for_has_nothing(
    practice: Line,
) -> None:
    played = called(practice)

    assert played.day == practice.day
    assert played.number == practice.value("SELECT confirmation FROM pms_writes")
    assert len(practice.desk.book) == 1
    assert judged(played, in_the_book=1, is_on_sheet=True)
    assert not judged(played, in_the_book=1, is_on_sheet=False)


def test_a_call_to_a_practice_that_has_nothing_free_is_right_if_nothing_was_booked(
    practice: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    practice.desk.works, practice.desk.slots = [], []

    played = called(practice)
    JudgedCall("Example Dental", played, 0, is_on_sheet=False).show()

    assert (played.day, played.number, played.is_full) == (None, None, True)
    assert judged(played, in_the_book=0, is_on_sheet=False)
    assert not judged(played, in_the_book=1, is_on_sheet=False)
    assert "Nothing was free, and nothing was booked." in capsys.readouterr().out


def test_a_call_to_a_practice_that_cannot_be_reached_is_wrong(practice: Line) -> None:
    practice.desk.fails = Transient("the practice's system is away")

    played = called(practice)

    assert not judged(played, in_the_book=0, is_on_sheet=False)
