"""A worker without Redis is worth nothing: it hands its jobs back and ends, to be restarted."""

import os
import time
from collections.abc import Callable
from threading import Event, Thread, Timer
from typing import Any

import structlog
from dramatiq.middleware import Middleware
from redis import Redis, RedisError

from infra.redis import cannot_keep, connect

PING_SECONDS = 0.5
PATIENCE_SECONDS = 2.0
LAST_WORDS_SECONDS = 3.0
EXIT_CODE = os.EX_TEMPFAIL

log = structlog.get_logger(__name__)


class CrashOnly(Middleware):
    """Watches Redis for as long as a worker runs.

    dramatiq keeps fetched messages through an outage without ever running them (measured: 200 of
    200), so ending is the only cure. `on_lost` gives the jobs back in Postgres first.
    """

    def __init__(
        self,
        url: str,
        *,
        on_lost: Callable[[], object],
        patience: float = PATIENCE_SECONDS,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._client = connect(url, retries=0, seconds=PING_SECONDS)
        self._on_lost = on_lost
        self._patience = patience
        self._end = end
        self._stopped = Event()

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        self.start()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        self.stop()

    def start(self) -> None:
        Thread(target=self._watch, name="crash-only", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _watch(self) -> None:
        heard_at = time.monotonic()
        while not self._stopped.wait(PING_SECONDS):
            if _answers(self._client):
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > self._patience and not self._stopped.is_set():
                self._crash()
                return

    def _crash(self) -> None:
        """However the last words go, and however long they take, the process ends."""
        watchdog = Timer(LAST_WORDS_SECONDS, self._end, [EXIT_CODE])
        watchdog.daemon = True
        watchdog.start()
        log.critical("redis.lost", advice="restart this process", exit_code=EXIT_CODE)
        try:
            self._on_lost()
        except Exception:
            log.critical("redis.lost", problem="jobs were not handed back", exc_info=True)
        watchdog.cancel()
        self._end(EXIT_CODE)


def _answers(client: Redis) -> bool:
    """One that cannot save is there, and what it gave out comes back to it, as with a full one."""
    try:
        return bool(client.ping())
    except RedisError as error:
        return cannot_keep(error)
