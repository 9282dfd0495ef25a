"""A connected practice for each test."""

from collections.abc import Iterator

import pytest
import redis
from sqlalchemy import Engine

from infra.database import engine
from simulators.setup import Setup
from tests.sync.practice import DAY, Practice, practice


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    with practice(database_url, redis_client) as connected:
        yield connected


@pytest.fixture
def long_day(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    """One practitioner whose day fills several pages."""
    setup = Setup(seed=3, practitioners=1, appointments=350, days=(DAY,), limits=())
    with practice(database_url, redis_client, setup=setup) as connected:
        yield connected


@pytest.fixture
def db(database_url: str) -> Iterator[Engine]:
    made = engine(database_url, application_name="tests", pool_size=5)
    yield made
    made.dispose()
