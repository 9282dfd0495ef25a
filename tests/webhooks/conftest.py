"""A Halaxy practice that tells our ingress what its staff do."""

from collections.abc import Iterator

import pytest
import redis

from tests.webhooks.practice import Practice, practice


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    with practice(database_url, redis_client) as connected:
        connected.sync()
        yield connected
