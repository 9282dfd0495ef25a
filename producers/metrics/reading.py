"""Reads the counts of all processes from database and clock: part by part, and not too often."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.registry import Collector
from redis import Redis, RedisError
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.measures import (
    access,
    connections,
    outward,
    phone,
    queues,
    syncs,
    telling,
    vendors,
)
from adapters.measures.asking import Sample
from adapters.measures.tallies import Tallies
from adapters.storage import keeping
from adapters.storage.jobs.spent import StoredSpent
from adapters.throttle.clock import RedisThrottle
from domain.errors import SyncError
from infra.database import dispatch
from producers.following import Hub
from producers.metrics.catalogue import BY_NAME, Kind

log = structlog.get_logger()

KEPT_SECONDS = 5.0
"""However often it is asked, the database is read no more often than this."""

PATIENCE_SECONDS = 8.0
"""What is not read by then is left out: Prometheus gives up a scrape after ten."""

STATEMENT_MS = 2000
_AT_MOST = text(f"SET LOCAL statement_timeout = {STATEMENT_MS}")
RUN_SECONDS = "pms_sync_run_seconds"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found, which parts could not be read, and how long it took."""

    samples: Sequence[Sample]
    failed: Mapping[str, bool]
    seconds: float


class Measured(Collector):
    """Asks at a scrape, and tells the same again for a few seconds.

    A part that cannot be read is left out and named, so that it hides no other.
    """

    def __init__(
        self,
        engine: Engine,
        redis: Redis,
        hub: Hub,
        *,
        kept: float,
        lag: float,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._engine = engine
        self._redis = redis
        self._hub = hub
        self._kept = kept
        self._patience = patience
        self._tallies = Tallies(lag=lag)
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None
        self._found: dict[str, Sequence[Sample] | None] = {}
        self._read_at = float("-inf")
        self._families: Sequence[Family] = ()

    def collect(self) -> Iterator[Family]:
        with self._lock:
            if time.monotonic() - self._read_at >= self._kept:
                self._families = self._told(self._read())
                self._read_at = time.monotonic()
            yield from self._families

    def describe(self) -> Iterator[Family]:
        """Nothing is asked while the registry is put together."""
        return iter(())

    def _read(self) -> Reading:
        """By a thread of its own, which may hang; while an earlier one does, no other begins."""
        started, parts = time.perf_counter(), self._parts()
        if self._reader is None or not self._reader.is_alive():
            self._found = {}
            self._reader = threading.Thread(
                target=self._ask, args=(parts, self._found), name="metrics", daemon=True
            )
            self._reader.start()
        self._reader.join(self._patience)
        found = dict(self._found)
        failed = {part: found.get(part) is None for part in parts}
        samples = [one for part in parts for one in found.get(part) or ()]
        return Reading(samples, failed, time.perf_counter() - started)

    def _ask(
        self,
        parts: Mapping[str, Callable[[], Iterable[Sample]]],
        found: dict[str, Sequence[Sample] | None],
    ) -> None:
        for part, ask in parts.items():
            found[part] = self._asked(part, ask)

    def _parts(self) -> Mapping[str, Callable[[], Iterable[Sample]]]:
        """Each in a transaction of its own."""
        asked: Mapping[str, Callable[[Db], Iterable[Sample]]] = {
            "queues": queues.read,
            "connections": connections.read,
            "outward": outward.read,
            "syncs": syncs.read,
            "phone": phone.read,
            "telling": telling.read,
            "access": access.read,
            "keeping": _keeping,
            "tallies": self._tallies.read,
        }
        parts = {part: lambda read=read: self._of_database(read) for part, read in asked.items()}
        return {**parts, "vendors": self._of_vendors}

    def _asked(self, part: str, ask: Callable[[], Iterable[Sample]]) -> Sequence[Sample] | None:
        try:
            return list(ask())
        except (SyncError, RedisError) as error:
            log.warning("metrics.part_failed", part=part, error_kind=type(error).__name__)
            return None

    def _of_database(self, read: Callable[[Db], Iterable[Sample]]) -> Sequence[Sample]:
        with dispatch(self._engine) as db:
            db.execute(_AT_MOST)
            return list(read(db))

    def _of_vendors(self) -> Iterator[Sample]:
        with dispatch(self._engine) as db:
            db.execute(_AT_MOST)
            used = vendors.requests(db)
        throttle = RedisThrottle(self._redis, StoredSpent(self._engine))
        yield from vendors.excess(used)
        yield from vendors.budgets(throttle, used)
        yield from vendors.hits(self._redis)

    def _told(self, reading: Reading) -> Sequence[Family]:
        by_database = [part for part in reading.failed if part != "vendors"]
        is_up = not all(reading.failed[part] for part in by_database)
        samples = [
            *reading.samples,
            *(Sample("pms_sync_part_failed", (part,), n) for part, n in reading.failed.items()),
            Sample("pms_sync_database_up", (), float(is_up)),
            Sample("pms_sync_reading_seconds", (), reading.seconds),
            Sample("pms_sync_event_streams", (), float(self._hub.readers)),
        ]
        return [*families(samples), self._durations()]

    def _durations(self) -> Family:
        about = BY_NAME[RUN_SECONDS]
        family = HistogramMetricFamily(about.name, about.says, labels=about.labels)
        for vendor, one in self._tallies.took.items():
            family.add_metric([vendor], one.buckets, sum_value=one.total)
        return family


def _keeping(db: Db) -> Iterator[Sample]:
    yield Sample("pms_sync_database_keeps", (), float(keeping.refusal(db) is None))


def families(samples: Iterable[Sample]) -> Sequence[Family]:
    """The samples under the names and words of the catalogue."""
    found: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for sample in samples:
        about = BY_NAME[sample.metric]
        if about.name not in found:
            kind = CounterMetricFamily if about.kind is Kind.COUNTER else GaugeMetricFamily
            found[about.name] = kind(about.name, about.says, labels=about.labels)
        found[about.name].add_metric(list(sample.labels), sample.value)
    return list(found.values())
