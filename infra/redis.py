"""Connections to Redis or Valkey, and whether its settings can be trusted with a queue."""

from typing import cast

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

COMMAND_SECONDS = 5.0
CONNECT_SECONDS = 3.0
RETRIES = 3
WANTED_POLICY = "noeviction"


def connect(
    url: str,
    *,
    blocking: bool = False,
    decode: bool = False,
    retries: int = RETRIES,
    seconds: float = COMMAND_SECONDS,
) -> Redis:
    """A pooled client for redis://, rediss:// and unix:// addresses.

    `blocking` is for commands that wait at the server: the socket then waits as long as they do.
    """
    return Redis.from_url(
        url,
        decode_responses=decode,
        socket_timeout=None if blocking else seconds,
        socket_connect_timeout=min(CONNECT_SECONDS, seconds),
        retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.5), retries),
    )


def policy_problem(client: Redis) -> str | None:
    """Why this server must not carry our queues; None when it may.

    Asked through INFO, because managed servers refuse CONFIG.
    """
    memory = cast("dict[str, str]", client.info("memory"))
    policy = memory.get("maxmemory_policy", "unknown")
    if policy == WANTED_POLICY:
        return None
    return (
        f"Redis may throw queued work away: its maxmemory-policy is {policy}; "
        f"set maxmemory-policy to {WANTED_POLICY} on a server of its own."
    )
