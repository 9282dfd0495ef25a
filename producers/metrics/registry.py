"""All that one process tells Prometheus: its own requests, and the state of everything."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from redis import Redis
from sqlalchemy import Engine

from adapters.measures.tallies import LAG_SECONDS
from producers.following import Hub
from producers.metrics.catalogue import BY_NAME
from producers.metrics.reading import KEPT_SECONDS, PATIENCE_SECONDS, Measured

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
BY_VENDORS = ("/webhooks/", "/vapi/", "/twilio/", "/pms/")
"""Where vendors, Vapi and Twilio send to; what they are refused is counted by itself."""
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Metrics:
    """The registry of one process."""

    def __init__(
        self,
        engine: Engine,
        redis: Redis,
        hub: Hub,
        *,
        kept: float = KEPT_SECONDS,
        lag: float = LAG_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(Measured(engine, redis, hub, kept=kept, lag=lag, patience=patience))
        self._scribe = ThreadPoolExecutor(1, thread_name_prefix="metrics")
        asked = BY_NAME["pms_sync_http_request_seconds"]
        self._answered = Histogram(
            asked.name, asked.says, asked.labels, buckets=BUCKETS, registry=self._registry
        )
        refused = BY_NAME["pms_sync_webhooks_rejected_total"]
        self._rejected = Counter(
            refused.name, refused.says, refused.labels, registry=self._registry
        )

    def answered(self, method: str, route: str, *, status: int, seconds: float) -> None:
        """The route and not the address; a method nobody knows is one of many others."""
        known = method if method in METHODS else OTHER
        self._answered.labels(known, route, str(status)).observe(seconds)
        is_refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        if is_refused and route.startswith(BY_VENDORS):
            self._rejected.labels(route, str(status)).inc()

    def expects(self, routes: Iterable[str]) -> None:
        """Told as nought from the beginning on, so that the first refusals are a rise."""
        for route in routes:
            if route.startswith(BY_VENDORS):
                for status in REFUSED:
                    self._rejected.labels(route, str(int(status)))

    async def told(self) -> bytes:
        """On a thread of its own: those of pages may all be waiting for the database."""
        return await asyncio.get_running_loop().run_in_executor(self._scribe, self.text)

    def text(self) -> bytes:
        return generate_latest(self._registry)
