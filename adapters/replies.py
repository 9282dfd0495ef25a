"""Tells a waiting ingress that an answer is there; the answer itself never passes through Redis."""

import asyncio
import threading
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import redis
import structlog

from infra.broker import NAMESPACE
from infra.redis import Line, connect

log = structlog.get_logger()

KEPT_SECONDS = 60
MOST_EARLY = 1000
WAIT_SECONDS = 5.0
AGAIN_SECONDS = 0.5

_TELL = "redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('EXPIRE', KEYS[1], ARGV[2])"


class Teller:
    """Tells ingresses that wait, over a connection of its own: a caller waits for every step."""

    def __init__(self, client: "redis.Redis") -> None:
        self._line = Line(client)

    def tell(self, reply_to: str, row_id: UUID) -> None:
        """Say that the row was answered. A wake-up that is lost costs one look at the database."""
        try:
            self._line.execute("EVAL", _TELL, 1, _list(reply_to), str(row_id), KEPT_SECONDS)
        except redis.RedisError as away:
            log.warning("reply.not_told", error=type(away).__name__)


@dataclass(slots=True)
class _Awaited:
    """An answer for which one request waits, or several where a message came more than once."""

    loop: asyncio.AbstractEventLoop
    event: asyncio.Event = field(default_factory=asyncio.Event)
    waiters: int = 0


class Replies:
    """One list and one waiting connection for each ingress process, whoever waits in it."""

    def __init__(self, url: str, *, wait: float = WAIT_SECONDS) -> None:
        self.name = uuid4().hex
        self._url = url
        self._wait = wait
        self._lock = threading.Lock()
        self._waiting: dict[UUID, _Awaited] = {}
        self._early: dict[UUID, None] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="replies", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def expect(self, row_id: UUID) -> asyncio.Event:
        """Set when the row is answered; forget it when nobody waits any more."""
        with self._lock:
            awaited = self._waiting.setdefault(row_id, _Awaited(asyncio.get_running_loop()))
            awaited.waiters += 1
            if row_id in self._early:
                awaited.event.set()
        return awaited.event

    def forget(self, row_id: UUID) -> None:
        with self._lock:
            awaited = self._waiting[row_id]
            awaited.waiters -= 1
            if not awaited.waiters:
                del self._waiting[row_id]

    def _listen(self) -> None:
        client = connect(self._url, waits=self._wait, retries=0)
        try:
            while not self._stopping.is_set():
                self._hear(client)
        finally:
            client.close()

    def _hear(self, client: "redis.Redis") -> None:
        try:
            heard = client.blpop([_list(self.name)], timeout=self._wait)
        except redis.RedisError as away:
            log.warning("reply.not_heard", error=type(away).__name__)
            self._stopping.wait(AGAIN_SECONDS)
            return
        if heard is not None:
            value = heard[1]
            self._wake(UUID(value.decode() if isinstance(value, bytes) else value))

    def _wake(self, row_id: UUID) -> None:
        with self._lock:
            found = self._waiting.get(row_id)
            if found is None:
                self._keep_early(row_id)
        if found is not None:
            found.loop.call_soon_threadsafe(found.event.set)

    def _keep_early(self, row_id: UUID) -> None:
        """A worker may be quicker than whoever is about to wait for it."""
        self._early[row_id] = None
        while len(self._early) > MOST_EARLY:
            del self._early[next(iter(self._early))]


def _list(name: str) -> str:
    return f"{NAMESPACE}:answered:{name}"
