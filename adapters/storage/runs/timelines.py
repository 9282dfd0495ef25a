"""Each practice's syncs of a day or a week, gathered step by step, and what waits to go out."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.practices.own_practice import OF_ENTRY, vendors
from domain.hours import read_hours
from domain.timelines import STEPS, Span, Step, Timeline, timeline

COUNTS = (
    "fetched", "created", "updated", "unchanged", "skipped", "removed", "rejected", "conflicts"
)  # fmt: skip

_STEPS = text(
    f"""
    SELECT pms_connection_id AS id,
           least(:last, floor(extract(epoch FROM started_at - :since) / :step))::int AS place,
           count(*)::int AS runs,
           bool_or(status = 'failed') AS failed, bool_or(status = 'partial') AS partial,
           bool_or(status = 'running') AS running,
           {", ".join(f"sum({name})::int AS {name}" for name in COUNTS)}
    FROM pms_sync_log
    WHERE started_at >= :since AND NOT dry_run
      AND pms_connection_id IN (SELECT id FROM pms_connections WHERE removed_at IS NULL)
    GROUP BY 1, 2 ORDER BY 1, 2
    """  # noqa: S608 - this module's own words
)
_HOURS = text("SELECT id, timezone, opening_hours FROM pms_connections WHERE removed_at IS NULL")
_NOW = text("SELECT now()")
# Rows of ours that a practice is to have yet are none's so far: they are their clinician's.
_OUTWARD = text(
    f"""
    SELECT coalesce(entry.pms_connection_id, ({OF_ENTRY})) AS id,
           count(*) FILTER (WHERE push_state = 'pending')::int AS waiting,
           count(*) FILTER (WHERE push_state IN ('error', 'needs_patient'))::int AS stuck,
           min(updated_at) FILTER (WHERE push_state = 'pending') AS since
    FROM run_sheet_appointments AS entry
    WHERE push_state IS NOT NULL AND push_state <> 'synced' AND entry.removed_at IS NULL
      AND linked_to IS NULL
    GROUP BY 1
    """  # noqa: S608 - this module's own words
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """Rows on their way to the PMS: `waiting` since then, `stuck` until somebody looks."""

    waiting: int
    stuck: int
    since: datetime | None


def read_timelines(db: Db, span: Span) -> tuple[Mapping[UUID, Timeline], datetime]:
    """By connection, up to the database's own time."""
    now: datetime = db.execute(_NOW).scalar_one()
    since = now - span.length
    values = {"since": since, "step": span.step.total_seconds(), "last": STEPS - 1}
    steps: dict[UUID, list[Step]] = defaultdict(list)
    for row in db.execute(_STEPS, values).mappings():
        steps[row["id"]].append(_step(row))
    found = {}
    for own in db.execute(_HOURS):
        hours = read_hours(own.opening_hours, timezone=own.timezone)
        found[own.id] = timeline(steps[own.id], since=since, span=span, hours=hours)
    return found, now


def read_outward(db: Db) -> Mapping[UUID, Outward]:
    """Of the connections that owe their PMS anything."""
    return {
        row.id: Outward(waiting=row.waiting, stuck=row.stuck, since=row.since)
        for row in db.execute(_OUTWARD, {"vendors": vendors()})
        if row.id is not None
    }


def _step(row: Any) -> Step:
    worst = next((name for name in ("failed", "partial", "running") if row[name]), "success")
    counts = {name: row[name] for name in COUNTS if row[name]}
    return Step(place=row["place"], runs=row["runs"], worst=worst, counts=counts)
