"""A telephone line on a database of each test alone."""

from collections.abc import Iterator

import pytest
import redis

from tests.voice.line import Line, line


@pytest.fixture
def phone(database_url: str, redis_client: redis.Redis, redis_url: str) -> Iterator[Line]:
    with line(database_url, redis_client, redis_url) as made:
        yield made
