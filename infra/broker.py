"""dramatiq over Redis as we run it: wake-ups that carry one job id, noticed as they come."""

import time
from collections.abc import Iterable
from threading import Event
from typing import Any

import redis
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Middleware, ShutdownNotifications

from infra.redis import connect

NAMESPACE = "pms-sync"
ACTOR = "run"
HEARTBEAT_MS = 15_000
EVERY_COMMAND = 1_000_000
# dramatiq's own retries, limits, delays and results stay off: the ledger does all of that.
LONGEST_WAIT_SECONDS = HEARTBEAT_MS / 1000 / 3
# To the server, a wait of zero is one without an end.
SHORTEST_WAIT_SECONDS = 0.001


class NotOneJob(TypeError):
    """Somebody tried to send content through Redis."""


def broker(
    url: str,
    *,
    namespace: str = NAMESPACE,
    heartbeat_ms: int = HEARTBEAT_MS,
    middleware: Iterable[Middleware] = (),
) -> "WakingBroker":
    """A broker for producers and workers alike; `middleware` is added after ours."""
    return WakingBroker(
        url,
        namespace=namespace,
        heartbeat_ms=heartbeat_ms,
        middleware=[ShutdownNotifications(), *middleware],
    )


def wake_up(queue: str, job_id: int) -> "Message[Any]":
    return Message(queue_name=queue, actor_name=ACTOR, args=(job_id,), kwargs={}, options={})


class WakingBroker(RedisBroker):
    """Takes back the work of dead workers after one heartbeat, and refuses all but job ids."""

    def __init__(
        self, url: str, *, namespace: str, heartbeat_ms: int, middleware: list[Middleware]
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call] # dramatiq leaves its brokers untyped
            client=connect(url),
            namespace=namespace,
            middleware=middleware,
            heartbeat_timeout=heartbeat_ms,
            maintenance_chance=EVERY_COMMAND,
        )
        self.url = url

    @property
    def consumer_class(self) -> "type[WakingConsumer]":
        return WakingConsumer

    def announce(self, queue: str, job_ids: Iterable[int]) -> int:
        """Say that these jobs are ready; answers how many were said."""
        said = 0
        for job_id in job_ids:
            self.enqueue(wake_up(queue, job_id))
            said += 1
        return said

    def enqueue(self, message: "Message[Any]", *, delay: int | None = None) -> "Message[Any]":
        """Redis keeps messages in clear and may lose them, so they hold an id and nothing else."""
        if len(message.args) != 1 or type(message.args[0]) is not int or message.kwargs:
            raise NotOneJob("a message carries one job id and nothing else")
        return super().enqueue(message, delay=delay)


class WakingConsumer(_RedisConsumer):
    """Waits at the server instead of asking again and again.

    Only the waiting differs from the library's consumer. BLMOVE from the head of a list to its
    head leaves the list as it was, so the library's own script is still all that takes messages.
    """

    def __init__(self, broker: WakingBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        self._longest = min(timeout / 1000, LONGEST_WAIT_SECONDS)
        self._list = f"{broker.namespace}:{queue_name}"
        self._waiting = connect(broker.url, blocking=True, retries=0)
        self._acknowledged = Event()
        self._due: dict[str, float] = {}

    def __next__(self) -> Any:
        """The next message, or None when the worker should look after its delayed ones."""
        try:
            if not self.message_cache:
                self._fetch()
            if not self.message_cache:
                self._wait()
                return None
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        message = super().__next__()  # type: ignore[no-untyped-call]
        if message is not None and message.options.get("eta"):
            self._due[message.message_id] = message.options["eta"] / 1000
        return message

    def ack(self, message: Any) -> None:
        self._settled(super().ack, message)

    def nack(self, message: Any) -> None:
        self._settled(super().nack, message)

    def close(self) -> None:
        self._waiting.close()

    def _fetch(self) -> None:
        room = self.prefetch - self.outstanding_message_count
        if room > 0:
            self.message_cache = self.broker.do_fetch(self.queue_name, room)

    def _wait(self) -> None:
        seconds = self._patience()
        if seconds < SHORTEST_WAIT_SECONDS:
            return
        self._acknowledged.clear()
        if self.outstanding_message_count >= self.prefetch:
            # Every command is a heartbeat; while this waits for a thread, none else is sent.
            self.broker.do_qsize(self.queue_name)
            self._acknowledged.wait(seconds)
        else:
            self._waiting.execute_command(  # type: ignore[no-untyped-call] # blmove() takes whole seconds
                "BLMOVE", self._list, self._list, "LEFT", "LEFT", f"{seconds:.3f}"
            )

    def _patience(self) -> float:
        """Never past the earliest due delayed message this worker holds."""
        first = min(self._due.values(), default=None)
        return self._longest if first is None else min(self._longest, first - time.time())

    def _settled(self, settle: Any, message: Any) -> None:
        """A time-out is a lost connection to dramatiq only if it is told so, and tries again."""
        try:
            settle(message)
        except redis.TimeoutError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        finally:
            self._due.pop(message.message_id, None)
            self._acknowledged.set()
