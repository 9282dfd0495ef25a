"""Many connections on one allowance: a giant among them makes no other late."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis import Redis

import migrations
from bench.crowd import Crowd, of_the_small, prepare_standing, sizes
from bench.fairness import BEGINS, evenness, interval
from domain.limits import Budget, Limit
from infra.database import engine

pytestmark = pytest.mark.integration

CONNECTIONS, TIMES = 40, 100
SHARED = Budget("shared", (Limit(60, 60), Limit(1000, 3600)))


@pytest.fixture
def crowd(empty_database_url: str, redis_client: Redis) -> Iterator[Crowd]:
    """Forty practices that ask for 80 % of what Gentu allows one application."""
    prepare_standing(empty_database_url)
    migrations.upgrade(empty_database_url)
    db = engine(empty_database_url, application_name="tests")
    every = interval(SHARED, requests=CONNECTIONS - 1 + TIMES)
    yield Crowd(engine=db, redis=redis_client, now=BEGINS, budget=SHARED, every=every)
    db.dispose()


@pytest.mark.parametrize("at_once", [False, True])
def test_one_a_hundred_times_the_size_makes_no_other_late(crowd: Crowd, *, at_once: bool) -> None:
    crowd.connect(sizes(CONNECTIONS, small=1, times=TIMES), at_once=at_once)

    crowd.run(BEGINS + 4 * crowd.every)
    crowd.judge()

    small = of_the_small(crowd.told)
    assert len(small) == CONNECTIONS - 1
    assert min(len(one.late) for one in crowd.told.values()) >= 3
    assert [one.broken for one in crowd.told.values()] == [0] * CONNECTIONS
    assert max(late for one in small for late in one.late) < 120
    assert max(one.oldest for one in small) < 2 * crowd.every
    assert evenness(crowd, small) > 0.95


def test_time_stands_still_but_where_it_is_set(crowd: Crowd) -> None:
    crowd.connect([3])

    crowd.run(BEGINS + timedelta(minutes=2))

    [told] = crowd.told.values()
    assert crowd() == BEGINS + timedelta(minutes=2)
    assert told.late == [pytest.approx(0.9)]
