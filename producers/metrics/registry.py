"""All that one process tells Prometheus: its own requests, and the state of everything."""

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
from producers.metrics.reading import KEPT_SECONDS, Measured

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
BY_VENDORS = ("/webhooks/", "/vapi/", "/twilio/", "/pms/")
"""Where vendors, Vapi and Twilio send to; what they are refused is counted by itself."""


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
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(Measured(engine, redis, hub, kept=kept, lag=lag))
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

    def text(self) -> bytes:
        return generate_latest(self._registry)
