"""Steered time for tests: only a clock made with `test_time` looks at it."""

from datetime import datetime, timedelta
from typing import Any

from redis import Redis

from adapters.throttle.instants import from_micros, span, to_micros
from adapters.throttle.scripts import script

INSTANT = script("instant")
PREFIX = "pms-sync:clock"


def steer(client: Redis, *, prefix: str, at: datetime, speed: float = 1.0) -> None:
    """Make it `at` now, running `speed` times as fast as real time; 0 stands still."""
    _steer(client, prefix, _now(client), to_micros(at), speed)


def lead(client: Redis, *, ahead: timedelta, prefix: str = PREFIX) -> None:
    """Run at the pace of real time, so far ahead of it."""
    now = _now(client)
    _steer(client, prefix, now, now + span(ahead.total_seconds()), 1.0)


def steered(client: Redis, *, prefix: str = PREFIX) -> datetime:
    """What time it is; the real one where nobody steers."""
    return from_micros(int(INSTANT.run(client, [f"{prefix}:steered"], {"test": True})))


def _now(client: Redis) -> int:
    seconds, micros = client.time()
    return span(seconds) + int(micros)


def _steer(client: Redis, prefix: str, since: int, at: int, speed: float) -> None:
    told: dict[Any, Any] = {"at": at, "since": since, "speed": speed}
    client.hset(f"{prefix}:steered", mapping=told)
