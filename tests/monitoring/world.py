"""A calm service on a real database, what disturbs it, and who watches it by our own rules."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import yaml
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from sqlalchemy import text

from adapters.storage.jobs.spent import StoredSpent
from adapters.storage.practices import schedule
from adapters.throttle.clock import RedisThrottle
from domain.jobs import Queue
from infra.database import transaction
from producers.following import Hub
from producers.metrics.registry import Metrics
from scheduler.timetable import EVERY_SECONDS
from tests.monitoring.promql import History, Labels, Scrape, Vector, evaluate, seconds
from tests.storage.rig import ACCOUNT, Rig, rig_on

RULES = Path(__file__).parents[2] / "infra" / "deploy" / "prometheus" / "rules.yml"
STEP = 60.0
NOTHING: Callable[[], None] = lambda: None  # noqa: E731 - a name for doing nothing


@dataclass
class World:
    """One database, one Redis, one connection that is well, and what /metrics says of them."""

    rig: Rig
    redis: Redis
    url: str
    connection: UUID
    metrics: Metrics

    def sql(self, statement: str, **values: Any) -> None:
        """As the owner of the tables, past every policy and trigger: time, or another's hand."""
        with transaction(self.rig.engine) as db:
            db.execute(text("SET LOCAL session_replication_role = replica"))
            db.execute(text(statement), values)

    def connection_is(self, assignments: str) -> None:
        self.sql(f"UPDATE pms_connections SET {assignments}")  # noqa: S608 - the test's own

    @property
    def throttle(self) -> RedisThrottle:
        return RedisThrottle(self.redis, StoredSpent(self.rig.engine))

    def runs(self, status: str, times: int, *, seconds: int = 4) -> None:
        for _ in range(times):
            job = self.rig.put("sync", account_id=ACCOUNT, connection_id=self.connection)
            self.rig.change(job, state="done")
            self.sql(
                """
                UPDATE jobs SET finished_at = now() WHERE id = :job;
                """,
                job=job,
            )
            self.sql(
                """
                INSERT INTO pms_sync_log (account_id, pms_connection_id, job_id, sync_type,
                  day_from, day_to, status, started_at, completed_at, trace_id, fetched)
                VALUES (:account, :connection, :job, 'full', now()::date, now()::date, :status,
                  now() - make_interval(secs => :seconds), now(), 'trace', 4)
                """,
                account=ACCOUNT,
                connection=self.connection,
                job=job,
                status=status,
                seconds=seconds,
            )

    def call(self, state: str, *, took: int) -> None:
        self.sql(
            """
            INSERT INTO tool_calls (account_id, call_id, tool_call_id, tool, state, deadline_at,
                                    created_at, answered_at, trace_id)
            VALUES (:account, :call, 'one', 'getAvailability', :state,
                    now() + make_interval(secs => 18 - :took),
                    now() - make_interval(secs => :took), now(), 'trace')
            """,
            account=ACCOUNT,
            call=uuid4().hex,
            state=state,
            took=took,
        )

    def write(self, state: str, *, submitted: timedelta = timedelta(), times: int = 1) -> None:
        for _ in range(times):
            self.sql(
                """
                INSERT INTO pms_writes (account_id, connection_id, kind, state, idempotency_key,
                  request, confirmation, asked_by, trace_id, submitted_at, created_at)
                VALUES (:account, :connection, 'book', :state, :key, '', :key, 'vapi', 'trace',
                        now() - :submitted, now() - :submitted)
                """,
                account=ACCOUNT,
                connection=self.connection,
                state=state,
                key=uuid4().hex,
                submitted=submitted,
            )

    def changed(self, state: str) -> None:
        """A row of the sheet that a person changed two hours ago."""
        self.sql(
            """
            WITH sheet AS (
              INSERT INTO run_sheets (account_id, day) VALUES (:account, '2026-11-23') RETURNING id)
            INSERT INTO run_sheet_appointments (account_id, run_sheet_id, pms_connection_id, source,
              appointment_time, appointment_duration_minutes, appointment_status, timezone,
              push_state, updated_at)
            SELECT :account, id, :connection, 'pms', now(), 15, 'booked', 'UTC', :state,
                   now() - interval '2 hours' FROM sheet
            """,
            account=ACCOUNT,
            connection=self.connection,
            state=state,
        )

    def accesses(self, times: int) -> None:
        self.sql(
            """
            INSERT INTO pms_audit_logs (account_id, action, endpoint, user_id, phi_accessed,
                                        phi_fields)
            SELECT :account, 'run_sheet.read', '/api/run-sheet', 'script', true, '{patient_name}'
            FROM generate_series(1, :times)
            """,
            account=ACCOUNT,
            times=times,
        )

    def page(self) -> str:
        return self.metrics.text().decode()

    def samples(self) -> Mapping[str, Vector]:
        found: dict[str, Vector] = {}
        for family in text_string_to_metric_families(self.page()):
            for one in family.samples:
                found.setdefault(one.name, {})[frozenset(one.labels.items())] = one.value
        return found


def metrics_of(rig: Rig, redis: Redis, url: str) -> Metrics:
    """Read anew at each scrape, and without waiting for late commits."""
    return Metrics(rig.engine, redis, Hub(rig.engine, url), kept=0, lag=0)


@contextmanager
def calm_world(database_url: str, redis: Redis) -> Iterator[World]:
    with rig_on(database_url) as rig:
        with transaction(rig.engine) as db:
            schedule.ensure_schedules(db, EVERY_SECONDS)
            schedule.ticked(db, now=datetime.now(UTC) + timedelta(hours=1))
            db.execute(text("UPDATE schedules SET next_at = now() + interval '1 hour'"))
        rig.run(
            """
            INSERT INTO workers (id, pool, queues, threads, seen_at)
            VALUES ('w', 'all', :queues, 4, now() + interval '1 hour')
            """,
            queues=[queue.value for queue in Queue],
        )
        one = rig.connect("site")
        made = World(rig, redis, database_url, one, metrics_of(rig, redis, database_url))
        made.connection_is("last_sync_at = now(), token_expires_at = now() + interval '1 hour'")
        yield made


@dataclass(slots=True)
class Rule:
    name: str
    expr: str
    lasts: float
    severity: str
    annotations: Mapping[str, str]


def rules() -> list[Rule]:
    document = yaml.safe_load(RULES.read_text())
    return [
        Rule(
            name=one["alert"],
            expr=one["expr"],
            lasts=seconds(one.get("for", "0s")),
            severity=one["labels"]["severity"],
            annotations=one["annotations"],
        )
        for group in document["groups"]
        for one in group["rules"]
    ]


@dataclass
class Watch:
    """Prometheus, in small: scrapes each minute of a time of its own, and keeps what is pending."""

    world: World
    now: float = 1_000_000.0
    history: History = field(default_factory=History)
    since: dict[tuple[str, Labels], float] = field(default_factory=dict)
    known: list[Rule] = field(default_factory=rules)

    def see(
        self, minutes: int, *, each: Callable[[], None] = NOTHING, reachable: bool = True
    ) -> set[str]:
        """What fires after so many minutes."""
        firing: set[str] = set()
        for _ in range(minutes):
            each()
            self.now += STEP
            samples = self.world.samples() if reachable else {}
            self.history.scrapes.append(Scrape(self.now, samples))
            firing = {name for rule in self.known for name in self._fires(rule)}
        return firing

    def _fires(self, rule: Rule) -> Iterator[str]:
        found = evaluate(rule.expr, self.history, self.now)
        assert isinstance(found, dict), rule.name
        for key in [key for key in self.since if key[0] == rule.name and key[1] not in found]:
            del self.since[key]
        for labels in found:
            began = self.since.setdefault((rule.name, labels), self.now)
            if self.now - began >= rule.lasts:
                yield rule.name
