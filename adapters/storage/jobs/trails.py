"""One trail by trace id: what came, the jobs it made, what was asked of a vendor, what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import text

MOST = 200

# Found by keys that have an index: the jobs of the trace lead to the rest.
_TRAIL = text(
    """
    WITH kin AS MATERIALIZED (
      SELECT id, kind, state, args, created_at FROM jobs
      WHERE trace_id = :trace_id ORDER BY id LIMIT 50
    ), runs AS MATERIALIZED (
      SELECT * FROM pms_sync_log WHERE job_id = ANY(ARRAY(SELECT id FROM kin))
    ), calls AS MATERIALIZED (
      SELECT id, tool, state, told, write_id, created_at FROM tool_calls
      WHERE id = ANY(ARRAY(SELECT CAST(args ->> 'tool_call' AS uuid) FROM kin))
    ), steps AS (
      SELECT 1 AS place, 'delivery' AS step, received_at AS at, sender || ' ' || event AS what,
             state, NULL::bigint AS job_id, jsonb_build_object('times', times) AS counts
      FROM deliveries WHERE job_id = ANY(ARRAY(SELECT id FROM kin))
      UNION ALL
      SELECT 1, 'call', created_at, tool, state, NULL, '{}' FROM calls
      UNION ALL
      SELECT 2, 'job', created_at, kind, state, id, '{}' FROM kin
      UNION ALL
      SELECT 3, 'requests', started_at, sync_type, status, job_id,
             jsonb_build_object('requests', requests, 'read', fetched, 'unreadable', rejected)
      FROM runs
      UNION ALL
      SELECT 4, 'rows', coalesce(completed_at, started_at), CASE WHEN dry_run THEN 'preview'
             ELSE sync_type END, status, job_id,
             jsonb_build_object('created', created, 'updated', updated, 'removed', removed,
                                'unchanged', unchanged, 'left out', skipped)
      FROM runs
      UNION ALL
      SELECT 5, 'conflicts', coalesce(completed_at, started_at), '', status, job_id,
             jsonb_build_object('opened', conflicts)
      FROM runs WHERE conflicts > 0
      UNION ALL
      SELECT 6, 'write', created_at, kind, state, NULL, jsonb_build_object('looked up', polls)
      FROM pms_writes
      WHERE id = ANY(ARRAY(SELECT CAST(args ->> 'write_id' AS uuid) FROM kin
                           UNION SELECT write_id FROM calls))
    )
    SELECT step, at, what, state, job_id, counts FROM steps ORDER BY at, place, job_id LIMIT :most
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened, with what was counted of it."""

    step: str
    at: datetime
    what: str
    state: str
    job_id: int | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """`origin` is what set it off: a webhook, a call, a person, a range, or the timetable."""

    trace_id: str
    origin: str
    steps: Sequence[Step]


def follow(db: Db, trace_id: str) -> Trail:
    """The account's part of it, oldest first."""
    rows = db.execute(_TRAIL, {"trace_id": trace_id, "most": MOST}).mappings()
    steps = [Step(**row) for row in rows]
    return Trail(trace_id=trace_id, origin=_origin(steps), steps=steps)


def _origin(steps: Sequence[Step]) -> str:
    kinds: dict[str, Any] = {one.step: one for one in reversed(steps)}
    for step, origin in (("delivery", "webhook"), ("call", "call")):
        if step in kinds:
            return origin
    run = kinds.get("requests")
    return "person" if run and run.what == "manual" else "timetable"
