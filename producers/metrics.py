"""What Prometheus reads: requests as they were answered, and the ledger as it is at this moment."""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text

from domain.errors import SyncError
from infra.database import dispatch
from producers.following import Hub

router = APIRouter(tags=["health"])

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)

_JOBS = text("SELECT queue, state, count(*) AS jobs FROM jobs GROUP BY queue, state")
_OLDEST = text(
    """
    SELECT queue, extract(epoch FROM now() - min(due_at)) AS age FROM jobs
    WHERE state = 'ready' AND due_at <= now() GROUP BY queue
    """
)
_RUNS = text(
    """
    SELECT connection.connector AS vendor, run.status, count(*) AS runs
    FROM pms_sync_log AS run JOIN pms_connections AS connection
      ON connection.id = run.pms_connection_id
    WHERE run.started_at > now() - interval '1 day' GROUP BY 1, 2
    """
)
_FRESH = text(
    """
    SELECT id, connector AS vendor, extract(epoch FROM now() - last_sync_at) AS age
    FROM pms_connections
    WHERE removed_at IS NULL AND sync_enabled AND last_sync_at IS NOT NULL
    """
)


class Measured(Collector):
    """Asks Postgres at each scrape; a database that is away shows as pms_sync_database_up 0."""

    def __init__(self, engine: Engine, hub: Hub) -> None:
        self._engine = engine
        self._hub = hub

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("pms_sync_database_up", "Whether the database answered.")
        try:
            families = self._asked()
        except SyncError:
            families = []
        up.add_metric([], float(bool(families)))
        yield up
        yield from families
        readers = GaugeMetricFamily("pms_sync_event_streams", "Open streams of sheet events.")
        readers.add_metric([], self._hub.readers)
        yield readers

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing is asked while the registry is put together."""
        return iter(())

    def _asked(self) -> list[GaugeMetricFamily]:
        jobs = GaugeMetricFamily("pms_sync_jobs", "Jobs in the ledger.", labels=["queue", "state"])
        oldest = GaugeMetricFamily(
            "pms_sync_oldest_due_job_seconds", "Age of the oldest due job.", labels=["queue"]
        )
        runs = GaugeMetricFamily(
            "pms_sync_runs_last_day", "Runs begun within a day.", labels=["vendor", "status"]
        )
        fresh = GaugeMetricFamily(
            "pms_sync_last_complete_sync_seconds",
            "Time since a connection's last complete sync.",
            labels=["connection_id", "vendor"],
        )
        with dispatch(self._engine) as db:
            for row in db.execute(_JOBS):
                jobs.add_metric([row.queue, row.state], row.jobs)
            for row in db.execute(_OLDEST):
                oldest.add_metric([row.queue], float(row.age))
            for row in db.execute(_RUNS):
                runs.add_metric([row.vendor, row.status], row.runs)
            for row in db.execute(_FRESH):
                fresh.add_metric([str(row.id), row.vendor], float(row.age))
        return [jobs, oldest, runs, fresh]


class Metrics:
    """The registry of one process."""

    def __init__(self, engine: Engine, hub: Hub) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(Measured(engine, hub))
        self._answered = Histogram(
            "pms_sync_http_request_seconds",
            "Time to answer a request.",
            ["method", "route", "status"],
            buckets=BUCKETS,
            registry=self._registry,
        )

    def answered(self, method: str, route: str, *, status: int, seconds: float) -> None:
        self._answered.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Counts, ages and ids of connections; nothing about any person."""
    found: Metrics = request.app.state.metrics
    return Response(found.text(), media_type=CONTENT_TYPE_LATEST)
