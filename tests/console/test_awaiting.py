"""A process that starts while Postgres or Redis is away."""

from collections.abc import Callable

import pytest
import redis

from console.awaiting import AGAIN_SECONDS, once_there
from domain.errors import BadInput
from infra.database import DatabaseAway

AWAY = [DatabaseAway("the database cannot be reached"), redis.ConnectionError("refused")]


def answering(*, after: list[Exception]) -> Callable[[], str]:
    """Fails with each of these in turn, and answers then."""

    def ask() -> str:
        if after:
            raise after.pop(0)
        return "there"

    return ask


@pytest.mark.parametrize("away", AWAY)
def test_it_waits_and_is_answered_as_soon_as_the_server_is_back(away: Exception) -> None:
    naps: list[float] = []

    found = once_there(answering(after=[away, away]), pause=naps.append)

    assert (found, naps) == ("there", [AGAIN_SECONDS, AGAIN_SECONDS])


@pytest.mark.parametrize("away", AWAY)
def test_a_server_that_stays_away_is_told_in_its_own_words(away: Exception) -> None:
    with pytest.raises(type(away), match=str(away)):
        once_there(answering(after=[away, away]), seconds=-1)


def test_what_waiting_does_not_cure_is_not_waited_for() -> None:
    naps: list[float] = []

    with pytest.raises(BadInput):
        once_there(answering(after=[BadInput("not migrated")]), pause=naps.append)

    assert naps == []
