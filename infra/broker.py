"""dramatiq over Redis as we run it: wake-ups that carry one job id, noticed as they come."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any
from uuid import uuid4

from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Middleware, ShutdownNotifications
from redis import Redis
from redis.exceptions import NoScriptError, RedisError

from infra.redis import Line, connect, is_useless

NAMESPACE = "pms-sync"
ACTOR = "run"
HEARTBEAT_MS = 15_000
EVERY_COMMAND = 1_000_000
# dramatiq's own retries, limits, delays and results stay off: the ledger does all of that.
# What is sent behind a wait bears the time of its sending: a heartbeat may be two waits old.
WAITS_A_HEARTBEAT = 5
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
    client: Redis | None = None,
) -> "WakingBroker":
    """A broker for producers and workers alike; `middleware` is added after ours."""
    return WakingBroker(
        url,
        client=client or connect(url),
        namespace=namespace,
        heartbeat_ms=heartbeat_ms,
        middleware=[ShutdownNotifications(), *middleware],
    )


def wake_up(queue: str, job_id: int) -> "Message[Any]":
    """A message as the library's brokers of Redis file it: under a name of its own."""
    name = str(uuid4())
    return Message(
        queue_name=queue,
        actor_name=ACTOR,
        args=(job_id,),
        kwargs={},
        options={"redis_message_id": name},
        message_id=name,
    )


def _alone(message: "Message[Any]") -> "Message[Any]":
    """Redis keeps messages in clear and may lose them, so they hold an id and nothing else."""
    if len(message.args) != 1 or type(message.args[0]) is not int or message.kwargs:
        raise NotOneJob("a message carries one job id and nothing else")
    return message


class WakingBroker(RedisBroker):
    """Takes back the work of dead workers after one heartbeat, and refuses all but job ids."""

    def __init__(
        self,
        url: str,
        *,
        client: Redis,
        namespace: str,
        heartbeat_ms: int,
        middleware: list[Middleware],
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call] # dramatiq leaves its brokers untyped
            client=client,
            namespace=namespace,
            middleware=middleware,
            heartbeat_timeout=heartbeat_ms,
            maintenance_chance=EVERY_COMMAND,
        )
        self.url = url
        self._line = Line(self.client)

    @property
    def consumer_class(self) -> "type[WakingConsumer]":
        return WakingConsumer

    def announce(self, queue: str, job_ids: Iterable[int]) -> int:
        """Say that these jobs are ready; answers how many were said.

        The library's own script, told so past its `enqueue`: a caller waits for every step.
        """
        said = 0
        for job_id in job_ids:
            message = _alone(wake_up(queue, job_id))
            told = message.message_id, message.encode()
            try:
                self._line.execute("EVALSHA", *self.telling("enqueue", queue, *told))
            except NoScriptError:
                self.do_enqueue(queue, *told)
            said += 1
        return said

    def telling(self, command: str, queue: str, *told: Any) -> list[Any]:
        """What EVALSHA is to be given for the library's script to carry out a command."""
        return [
            self.scripts["dispatch"].sha,
            1,
            self.namespace,
            command,
            int(time.time() * 1000),
            queue,
            self.broker_id,
            self.heartbeat_timeout,
            self.dead_message_ttl,
            self._should_do_maintenance(command),
            self._max_unpack_size(),  # type: ignore[no-untyped-call]
            *told,
        ]

    def enqueue(self, message: "Message[Any]", *, delay: int | None = None) -> "Message[Any]":
        return super().enqueue(_alone(message), delay=delay)


class WakingConsumer(_RedisConsumer):
    """Waits at the server instead of asking again and again.

    Only the waiting differs from the library's consumer. BLMOVE from the head of a list to its
    head leaves the list as it was, and the library's own script, which the server was given along
    with it, takes what is there: noticed and taken in one round trip.
    """

    def __init__(self, broker: WakingBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        self._longest: float = min(timeout, broker.heartbeat_timeout / WAITS_A_HEARTBEAT) / 1000
        self._list = f"{broker.namespace}:{queue_name}"
        self._waiting = connect(broker.url, waits=self._longest, retries=0)
        self._acknowledged = Event()
        self._due: dict[str, float] = {}

    def __next__(self) -> Any:
        """The next message, or None when the worker should look after its delayed ones."""
        with _as_lost():
            if not self.message_cache:
                self.message_cache = self._taken()
        if not self.message_cache:
            return None
        message = super().__next__()  # type: ignore[no-untyped-call]
        if message is not None and message.options.get("eta"):
            self._due[message.message_id] = message.options["eta"] / 1000
        return message

    def ack(self, message: Any) -> None:
        self._settled(super().ack, message)

    def nack(self, message: Any) -> None:
        self._settled(super().nack, message)

    def close(self) -> None:
        """What was taken and handed to nobody goes back to its list."""
        self._waiting.close()
        held, self.message_cache = self.message_cache, []
        self.requeue([Message.decode(one) for one in held if one])

    def requeue(self, messages: Iterable[Any]) -> None:
        with _as_lost():
            super().requeue(messages)  # type: ignore[no-untyped-call]

    def _taken(self) -> list[Any]:
        """As many messages as there is room for, after a wait where there is none as yet."""
        self._acknowledged.clear()
        room, seconds = self.prefetch - self.outstanding_message_count, self._patience()
        if room <= 0:
            # Every command is a heartbeat; while this waits for a thread, none else is sent.
            self.broker.do_qsize(self.queue_name)
            self._acknowledged.wait(max(seconds, 0))
            return []
        if seconds < SHORTEST_WAIT_SECONDS:
            return list(self.broker.do_fetch(self.queue_name, room))
        return self._awaited(room, seconds)

    def _awaited(self, room: int, seconds: float) -> list[Any]:
        line: Any = self._waiting.pipeline(transaction=False)
        # blmove() takes whole seconds.
        line.execute_command("BLMOVE", self._list, self._list, "LEFT", "LEFT", f"{seconds:.3f}")
        line.execute_command("EVALSHA", *self.broker.telling("fetch", self.queue_name, room))
        woken, taken = line.execute(raise_on_error=False)
        if isinstance(taken, NoScriptError):
            return list(self.broker.do_fetch(self.queue_name, room))
        if isinstance(taken, Exception):
            raise taken
        if isinstance(woken, Exception) and not taken:
            raise woken
        return list(taken)

    def _patience(self) -> float:
        """Never past the earliest due delayed message this worker holds."""
        first = min(self._due.values(), default=None)
        return self._longest if first is None else min(self._longest, first - time.time())

    def _settled(self, settle: Any, message: Any) -> None:
        try:
            with _as_lost():
                settle(message)
        finally:
            self._due.pop(message.message_id, None)
            self._acknowledged.set()


@contextmanager
def _as_lost() -> Iterator[None]:
    """Dramatiq tries again after a lost connection only: a time-out, or no room, is told as one."""
    try:
        yield
    except RedisError as error:
        if not is_useless(error):
            raise
        raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
