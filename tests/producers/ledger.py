"""Jobs, workers and runs of the demo practices, as a busy and partly broken day leaves them."""

import json
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from adapters.storage.practices import connections
from domain.limits import Budget
from producers.pools import budgets_of
from tests.producers.conftest import Site

_JOB = text(
    """
    INSERT INTO jobs (account_id, connection_id, kind, queue, vendor, args, dedupe_key, state,
                      due_at, created_at, started_at, finished_at, error_kind, error_text,
                      waiting_for, trace_id, worker, attempts, failures, lease_until)
    VALUES (:account_id, :connection_id, :kind, :queue, :vendor, CAST(:args AS jsonb), :dedupe_key,
            :state, now() + make_interval(secs => :due), now() - make_interval(secs => :ago),
            CASE WHEN :state <> 'ready' THEN now() - make_interval(secs => :ago / 2) END,
            CASE WHEN :state IN ('dead', 'done', 'cancelled')
                 THEN now() - make_interval(secs => :ago / 3) END,
            :error_kind, :error_text, :waiting_for, :trace_id, :worker, 1, 0,
            CASE WHEN :state = 'running' THEN now() + interval '10 seconds' END)
    RETURNING id
    """
)
_CHORE = text(
    """
    INSERT INTO schedules (name, every_seconds, next_at)
    VALUES ('prune', 3600, now() - make_interval(secs => :overdue))
    """
)
_WORKER = text(
    """
    INSERT INTO workers (id, pool, queues, threads, seen_at, clock_behind)
    VALUES (:id, 'tests', :queues, :threads, now() - make_interval(secs => :silent), :behind)
    """
)
_RUN = text(
    """
    INSERT INTO pms_sync_log (account_id, pms_connection_id, job_id, sync_type, day_from, day_to,
                              status, started_at, completed_at, fetched, created, updated,
                              conflicts, requests, trace_id)
    VALUES ('default', :connection_id, :job_id, 'full', '2026-11-23', '2026-11-23', 'success',
            now() - make_interval(secs => :ago),
            now() - make_interval(secs => :ago - 20), 24, 20, 4, 1, :requests,
            :trace_id)
    """
)

_SPENT = text(
    """
    INSERT INTO vendor_requests (bucket, at, connection_id)
    SELECT :bucket, now() - make_interval(secs => number), :connection_id
    FROM generate_series(1, :many) AS number
    """
)
_ASKED = text(
    """
    INSERT INTO tool_calls (account_id, call_id, tool_call_id, tool, state, answered_by,
                            deadline_at, created_at, answered_at, trace_id)
    VALUES ('default', :call_id, 'one', :tool, :state, :by, now(),
            now() - make_interval(mins => :ago),
            now() - make_interval(mins => :ago) + make_interval(secs => :took), 't')
    """
)
_TURNED = text(
    """
    INSERT INTO turned_away (account_id, minute, tool, calls)
    VALUES (:account_id, date_trunc('minute', now()), :tool, :calls)
    """
)


def put_job(site: Site, kind: str = "sync", **columns: Any) -> int:
    """A job as it stands; `due` and `ago` are seconds from now."""
    row: dict[str, Any] = {
        "account_id": "default",
        "connection_id": None,
        "queue": "sync" if kind == "sync" else "default",
        "vendor": None,
        "args": {},
        "dedupe_key": None,
        "state": "ready",
        "due": 0,
        "ago": 60,
        "error_kind": None,
        "error_text": None,
        "waiting_for": None,
        "trace_id": uuid4().hex,
        "worker": None,
        **columns,
    }
    row["args"] = json.dumps(row["args"])
    with site.everything() as db:
        job_id: int = db.execute(_JOB, {"kind": kind, **row}).scalar_one()
    return job_id


def put_chore(site: Site, *, overdue: int) -> None:
    """The timetable of a scheduler that is gone for so many seconds; below 0 of one that ticks."""
    with site.everything() as db:
        db.execute(_CHORE, {"overdue": overdue})


def put_worker(
    site: Site, name: str, *queues: str, threads: int = 4, silent: int = 2, behind: float = 0
) -> None:
    """`behind`: seconds that the clock of its machine lacks."""
    values = {"id": name, "queues": list(queues), "threads": threads}
    with site.everything() as db:
        db.execute(_WORKER, {**values, "silent": silent, "behind": behind})


def put_run(
    site: Site,
    connection_id: UUID,
    job_id: int,
    *,
    trace_id: str = "t",
    requests: int = 7,
    ago: int = 55,
) -> None:
    """A whole pass that took twenty seconds."""
    values = {
        "ago": ago,
        "connection_id": connection_id,
        "job_id": job_id,
        "trace_id": trace_id,
        "requests": requests,
    }
    with site.everything() as db:
        db.execute(_RUN, values)


def practice(site: Site, name: str) -> UUID:
    query = text("SELECT id FROM pms_connections WHERE display_name = :name")
    with site.everything() as db:
        found: UUID = db.execute(query, {"name": name}).scalar_one()
    return found


def job(site: Site, job_id: int) -> dict[str, Any]:
    with site.everything() as db:
        row = db.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id})
        return dict(row.mappings().one())


def audited(site: Site, action: str) -> list[dict[str, Any]]:
    query = text("SELECT * FROM pms_audit_logs WHERE action = :action ORDER BY id")
    with site.everything() as db:
        return [dict(row) for row in db.execute(query, {"action": action}).mappings()]


def sign_in(site: Site, connection_id: UUID) -> None:
    """Its secrets are there, so that its vendor's allowance can be looked up."""
    secrets = {"client_id": "example", "client_secret": "not-a-secret", "app_id": "example"}
    values = {"id": connection_id, "ref": site.ports.secrets.put(str(connection_id), secrets)}
    with site.everything() as db:
        db.execute(text("UPDATE pms_connections SET secret_ref = :ref WHERE id = :id"), values)


def budget_of(site: Site, connection_id: UUID) -> Budget:
    """What a sync of a signed-in connection spends from."""
    with site.everything() as db:
        held = connections.load(db, connection_id)
    asking: Any = SimpleNamespace(ports=site.ports)
    return budgets_of(asking, held)[0]


def spend(site: Site, bucket: str, connection_id: UUID | None, many: int) -> None:
    """So many requests, one a second until now."""
    values = {"bucket": bucket, "connection_id": connection_id, "many": many}
    with site.everything() as db:
        db.execute(_SPENT, values)


def ask(
    site: Site, state: str, *, tool: str = "search-patients", took: float = 1.0, ago: int = 0
) -> None:
    """A caller's question, so many minutes ago, that took so many seconds."""
    by = {"answered": "worker"}.get(state, "ingress")
    values = {"call_id": str(uuid4()), "tool": tool, "state": state, "by": by}
    with site.everything() as db:
        db.execute(_ASKED, {**values, "ago": ago, "took": took})


def turn_away(site: Site, tool: str, calls: int, *, account_id: str = "default") -> None:
    with site.everything() as db:
        values = {"account_id": account_id, "tool": tool, "calls": calls}
        db.execute(_TURNED, values)
