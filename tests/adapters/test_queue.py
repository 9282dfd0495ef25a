"""Jobs are announced over Redis; what stands in the way is named."""

import pytest
from redis import Redis

from adapters.queue import RedisAnnouncer
from domain.errors import Transient

pytestmark = pytest.mark.integration


def test_a_full_redis_is_named(redis_url: str, full: Redis) -> None:
    announcer = RedisAnnouncer(redis_url)

    with pytest.raises(Transient, match=r"^Redis is full$"):
        announcer.announce("sync", [1])

    full.config_set("maxmemory", 0)
    announcer.announce("sync", [1])


def test_a_redis_that_cannot_save_is_named(redis_url: str, without_disk: Redis) -> None:
    announcer = RedisAnnouncer(redis_url)

    with pytest.raises(Transient, match=r"^Redis cannot write to its disk$"):
        announcer.announce("sync", [1])

    without_disk.config_set("save", "")
    announcer.announce("sync", [1])


def test_a_redis_that_is_away_is_named() -> None:
    with pytest.raises(Transient, match=r"^Redis cannot be reached$"):
        RedisAnnouncer("redis://127.0.0.1:1/0").announce("sync", [1])
