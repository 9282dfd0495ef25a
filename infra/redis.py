"""Connections to Redis or Valkey, and whether its settings can be trusted with a queue."""

from functools import cached_property
from threading import Lock
from typing import Any

from redis import Redis, exceptions
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

COMMAND_SECONDS = 5.0
CONNECT_SECONDS = 3.0
HURRIED_SECONDS = 1.0
RETRIES = 3
MEGA = 1024**2
WANTED_POLICY = "noeviction"
USELESS = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.OutOfMemoryError,
    exceptions.ReadOnlyError,
)
SHUT = (exceptions.AuthenticationError, exceptions.NoPermissionError)
CANNOT_KEEP = ("MISCONF", "NOREPLICAS")
"""How a server answers every write, and the first of them PING as well, that it cannot save."""


def connect(
    url: str,
    *,
    waits: float = 0.0,
    decode: bool = False,
    retries: int = RETRIES,
    seconds: float = COMMAND_SECONDS,
) -> Redis:
    """A pooled client for redis://, rediss:// and unix:// addresses.

    `waits` is how long its commands wait at the server at most: the socket outwaits them, and no
    server that has fallen silent is listened to for ever.
    """
    return Redis.from_url(
        url,
        decode_responses=decode,
        socket_timeout=seconds + waits,
        socket_connect_timeout=min(CONNECT_SECONDS, seconds),
        retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.5), retries),
    )


def hurried(url: str) -> Redis:
    """For those with somebody waiting: a server that stands still is given up after two seconds.

    A caller hears of it after four; with the patience of a worker, after as long as a call lasts.
    """
    return connect(url, seconds=HURRIED_SECONDS, retries=1)


class Line:
    """A connection held ready for what cannot wait; who finds it taken goes by the pool.

    What a pool does before and after each command takes half as long as the command itself. One
    for all in turns would make each wait out the time limits of all before it, should Redis stall.
    """

    def __init__(self, client: Redis) -> None:
        self._pooled = client
        self._free = Lock()

    def execute(self, *command: Any) -> Any:
        if not self._free.acquire(blocking=False):
            return self._pooled.execute_command(*command)  # type: ignore[no-untyped-call]
        try:
            return self._own.execute_command(*command)  # type: ignore[no-untyped-call]
        finally:
            self._free.release()

    @cached_property
    def _own(self) -> Redis:
        own: Redis = self._pooled.client()  # type: ignore[no-untyped-call]
        return own


def is_useless(error: Exception) -> bool:
    """One that is away, full or only a replica, or that cannot save: all the same to a queue."""
    return isinstance(error, USELESS) or cannot_keep(error)


def cannot_keep(error: Exception) -> bool:
    return isinstance(error, exceptions.ResponseError) and str(error).startswith(CANNOT_KEEP)


def problem_of(error: Exception) -> str:
    """What to do about a server that answers nothing of use; its own words may hold a password."""
    kind = type(error).__name__
    if isinstance(error, SHUT):
        return f"Redis does not let us in ({kind}); mend user and password in REDIS_URL"
    return f"Redis does not answer ({kind}); start it, or mend REDIS_URL"


def policy_problem(client: Redis) -> str | None:
    """Why this server must not carry our queues; None when it may.

    Asked through INFO, because managed servers refuse CONFIG.
    """
    policy = _memory(client).get("maxmemory_policy", "unknown")
    if policy == WANTED_POLICY:
        return None
    return (
        f"Redis may throw queued work away: its maxmemory-policy is {policy}; "
        f"set maxmemory-policy to {WANTED_POLICY} on a server of its own."
    )


def room_problem(client: Redis) -> str | None:
    """Why this server takes nothing in; None while it has room."""
    try:
        client.ping()
    except exceptions.ResponseError as refusal:
        if not cannot_keep(refusal):
            raise
        return f"Redis takes nothing in until it can write to its disk again: {refusal}"
    memory = _memory(client)
    # What is kept for replicas and the log on disk does not count against the limit.
    used = int(memory.get("used_memory", 0)) - int(memory.get("mem_not_counted_for_evict", 0))
    most = int(memory.get("maxmemory", 0))
    if not most or used <= most:
        return None
    return (
        f"Redis is full ({used / MEGA:.1f} of {most / MEGA:.1f} MB): nothing new is begun; "
        "raise its maxmemory, or remove what is not ours."
    )


def _memory(client: Redis) -> dict[str, Any]:
    return client.info("memory")
