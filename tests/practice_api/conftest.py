"""The practice's API over a database of each test alone."""

from collections.abc import Iterator

import pytest
import redis

from tests.practice_api.client import Client, client


@pytest.fixture
def api(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Client]:
    with client(database_url, redis_client, redis_url) as made:
        yield made
