"""Each practice's syncs at a glance: its latest runs, what waits, and a range being read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.runs import backfill_rows
from adapters.storage.runs.runs import COLUMNS, LoggedRun
from domain.backfills import UNFINISHED, Backfill

_LATEST = text(
    f"""
    SELECT latest.* FROM pms_connections AS connection
    CROSS JOIN LATERAL (
      SELECT {COLUMNS} FROM pms_sync_log AS run
      WHERE run.pms_connection_id = connection.id
      ORDER BY started_at DESC, run.id DESC LIMIT :each
    ) AS latest
    WHERE connection.removed_at IS NULL
    ORDER BY latest.started_at DESC, latest.id DESC
    """  # noqa: S608 - our own columns
)
_SURPRISES = text(
    "SELECT pms_connection_id AS id, count(*) AS kinds FROM pms_drift GROUP BY pms_connection_id"
)
LATEST_BACKFILLS = 50


def latest_runs(db: Db, *, each: int) -> Mapping[UUID, Sequence[LoggedRun]]:
    """The account's connections with so many runs, newest first."""
    found: dict[UUID, list[LoggedRun]] = defaultdict(list)
    for row in db.execute(_LATEST, {"each": each}).mappings():
        found[row["connection_id"]].append(LoggedRun(**row))
    return found


def latest_backfills(db: Db) -> Mapping[UUID, Backfill]:
    """The one of each connection that goes on, else its last."""
    found: dict[UUID, Backfill] = {}
    for one in backfill_rows.listed(db, limit=LATEST_BACKFILLS):
        held = found.get(one.connection_id)
        if held is None or (one.state in UNFINISHED and held.state not in UNFINISHED):
            found[one.connection_id] = one
    return found


def surprises(db: Db) -> Mapping[UUID, int]:
    """How many kinds of things each PMS sent that its description does not know."""
    return {row.id: row.kinds for row in db.execute(_SURPRISES)}
