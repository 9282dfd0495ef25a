"""Steered time for tests: only a clock made with `test_time` looks at it."""

from datetime import datetime
from typing import Any

from redis import Redis

from adapters.throttle.instants import span, to_micros


def steer(client: Redis, *, prefix: str, at: datetime, speed: float = 1.0) -> None:
    """Make it `at` now, running `speed` times as fast as real time; 0 stands still."""
    seconds, micros = client.time()
    steered: dict[Any, Any] = {"at": to_micros(at), "since": span(seconds) + micros, "speed": speed}
    client.hset(f"{prefix}:steered", mapping=steered)
