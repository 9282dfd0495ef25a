"""How often each vendor said "not now": counted beside the clock, for whoever watches."""

from collections.abc import Mapping
from typing import Any, cast

from redis import Redis, RedisError

from adapters.throttle.scripts import UNREACHABLE
from domain.errors import Transient
from infra.redis import is_useless

PREFIX = "pms-sync:clock"


def count(client: Redis, bucket: str, *, prefix: str) -> None:
    """A bucket is named for its vendor."""
    try:
        client.hincrby(f"{prefix}:told", bucket.partition("/")[0], 1)
    except RedisError as error:
        if not is_useless(error):
            raise
        raise Transient(UNREACHABLE) from None


def told_not_now(client: Redis, *, prefix: str = PREFIX) -> Mapping[str, int]:
    """By vendor, since Redis last lost its memory."""
    try:
        found = cast("dict[Any, Any]", client.hgetall(f"{prefix}:told"))
    except RedisError as error:
        if not is_useless(error):
            raise
        raise Transient(UNREACHABLE) from None
    return {_plain(vendor): int(times) for vendor, times in found.items()}


def _plain(word: bytes | str) -> str:
    return word.decode() if isinstance(word, bytes) else word
