"""A connected practice for each test."""

from collections.abc import Iterator

import pytest
import redis

from tests.sync.practice import Practice, practice


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    with practice(database_url, redis_client) as connected:
        yield connected
