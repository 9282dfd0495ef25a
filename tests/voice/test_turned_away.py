"""Callers' questions nobody could take on: told so at once, and counted for whoever looks on."""

import time
from collections.abc import Iterator

import pytest
import redis

from domain.tools import TOO_MANY
from producers.turned_away import OTHER, TurnedAway
from tests.voice.line import Line, line

pytestmark = pytest.mark.integration

COUNTED = "SELECT tool, calls FROM turned_away ORDER BY tool"
LONGEST_LOOK = 10.0


@pytest.fixture
def strict(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """An account that may ask nothing at all."""
    with line(database_url, redis_client, redis_url, calls_a_minute=0) as made:
        yield made


@pytest.fixture
def busy(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    """An ingress whose every turn comes too late."""
    away = TurnedAway(after=0.05)
    with line(database_url, redis_client, redis_url, turn_seconds=0.0, turned_away=away) as made:
        yield made


def counted(phone: Line) -> dict[str, int]:
    until = time.monotonic() + LONGEST_LOOK
    while not (rows := phone.rows(COUNTED)) and time.monotonic() < until:
        time.sleep(0.05)
    return {row.tool: row.calls for row in rows}


def test_more_than_an_account_may_ask_is_refused_and_counted(strict: Line) -> None:
    assert strict.ask("getPatientInfo") == TOO_MANY
    assert strict.ask("get_patient_info") == TOO_MANY

    assert counted(strict) == {"get-patient-info": 2}
    assert strict.rows("SELECT FROM tool_calls") == []


def test_a_name_that_is_none_of_ours_is_counted_among_the_others(strict: Line) -> None:
    strict.ask("What is the number of Ann Example?")

    assert counted(strict) == {OTHER: 1}


def test_what_was_turned_away_in_a_rush_is_written_down_afterwards(busy: Line) -> None:
    assert busy.ask("getPatientInfo") == TOO_MANY

    assert counted(busy) == {"get-patient-info": 1}
