"""A calm world for each test."""

from collections.abc import Iterator

import pytest
from redis import Redis

from tests.monitoring.world import World, calm_world


@pytest.fixture
def world(database_url: str, redis_client: Redis) -> Iterator[World]:
    with calm_world(database_url, redis_client) as made:
        yield made
