"""Announces jobs over Redis: wake-ups that may vanish or repeat, never the work itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dramatiq.errors import BrokerError
from redis import OutOfMemoryError, Redis, RedisError

from domain.errors import Transient
from infra.broker import NAMESPACE, broker
from infra.redis import cannot_keep, connect

AWAY, FULL = "Redis cannot be reached", "Redis is full"
STUCK = "Redis cannot write to its disk"


class RedisAnnouncer:
    """Implements `scheduler.ports.Announcer`."""

    def __init__(
        self, url: str, *, namespace: str = NAMESPACE, client: Redis | None = None
    ) -> None:
        self._client = client or connect(url)
        self._broker = broker(url, namespace=namespace, client=self._client)
        self._generation = f"{namespace}:generation"

    def announce(self, queue: str, job_ids: Sequence[int]) -> None:
        with _redis_errors():
            self._broker.declare_queue(queue)
            self._broker.announce(queue, job_ids)

    def forgot_everything(self) -> bool:
        """A key that is set again whenever it is found missing tells of a flush or a restart."""
        with _redis_errors():
            return bool(self._client.set(self._generation, "1", nx=True))


@contextmanager
def _redis_errors() -> Iterator[None]:
    try:
        yield
    except OutOfMemoryError:
        raise Transient(FULL) from None
    except (RedisError, BrokerError) as error:
        raise Transient(STUCK if cannot_keep(error) else AWAY) from None
