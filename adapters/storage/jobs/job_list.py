"""The ledger as an operator sees it: listed, shown, and how deep it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from adapters.storage.jobs import queue_board, register
from domain.errors import BadInput
from domain.jobs import JobState, Queue

_COLUMNS = """
    id, kind, queue, state, account_id, connection_id, vendor, args, priority, attempts, crashes,
    failures, due_at, created_at, started_at, finished_at, waiting_for, error_kind, error_text,
    trace_id
"""
FINISHED = (JobState.DONE, JobState.CANCELLED)
"""What nobody needs to look at, unless they ask for it."""

_MATCHING = """
    state = ANY(:states)
    AND (CAST(:queue AS text) IS NULL OR queue = :queue)
    AND (CAST(:connection_id AS uuid) IS NULL OR connection_id = :connection_id)
"""
_LATEST = text(
    f"SELECT {_COLUMNS} FROM jobs WHERE {_MATCHING} ORDER BY id DESC LIMIT :limit"  # noqa: S608
)
# What died waits for a person; then what is under way, and what is to come in its order.
_PRESSING = text(
    f"""
    SELECT {_COLUMNS} FROM jobs WHERE {_MATCHING}
    ORDER BY array_position(ARRAY['dead', 'running', 'ready'], state),
             CASE state WHEN 'ready' THEN due_at END, id DESC
    LIMIT :limit
    """  # noqa: S608 - the columns are this module's own
)
_COUNT = text(f"SELECT count(*) FROM jobs WHERE {_MATCHING}")  # noqa: S608 - the words above
_SHOW = text(f"SELECT {_COLUMNS}, worker, checkpoint, result FROM jobs WHERE id = :id")  # noqa: S608
_PAUSED = text(
    """
    SELECT queue, account_id, reason, paused_by, paused_at FROM paused_queues
    ORDER BY paused_at, account_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """Those that were asked for; `more` of them and so many `finished` ones are left out."""

    listed: Sequence[RowMapping]
    more: int
    finished: int


def listed(
    db: Db,
    *,
    state: JobState | None = None,
    every: bool = False,
    queue: Queue | None = None,
    connection_id: UUID | None = None,
    limit: int = 20,
) -> Jobs:
    """What needs somebody, runs or waits, in that order, or the latest of a state or of `every`.

    For the dispatch role.
    """
    is_pressing = state is None and not every
    left_out = list(FINISHED) if is_pressing else []
    wanted = [state] if state else [one for one in JobState if one not in left_out]
    about = {"queue": queue, "connection_id": connection_id}
    statement = _PRESSING if is_pressing else _LATEST
    values = {**about, "states": wanted, "limit": limit}
    found = db.execute(statement, values).mappings().all()
    matching = db.execute(_COUNT, values).scalar_one()
    finished = db.execute(_COUNT, {**about, "states": left_out}).scalar_one()
    return Jobs(listed=found, more=matching - len(found), finished=finished)


def show(db: Db, job_id: int) -> RowMapping:
    row = db.execute(_SHOW, {"id": job_id}).mappings().first()
    if row is None:
        raise BadInput(f"There is no job {job_id}; see 'pms-sync jobs list'.")
    return row


def queues(db: Db) -> list[dict[str, object]]:
    """Each queue with what waits, runs and died, how late it is, who serves it, and pauses."""
    depths = queue_board.read_depths(db)
    workers, threads = register.living_workers(db), register.serving_threads(db)
    paused = db.execute(_PAUSED).mappings().all()
    return [
        {
            "queue": name,
            **_depth(depths.get(name, {})),
            "workers": workers.get(name, 0),
            "threads": threads.get(name, 0),
            "paused": [dict(one) for one in paused if one["queue"] == name],
        }
        for name in (queue.value for queue in Queue)
    ]


def _depth(found: Mapping[str, Any]) -> dict[str, object]:
    oldest = found.get("oldest_seconds")
    return {
        "ready": found.get("ready", 0),
        "waiting": found.get("later", 0),
        "running": found.get("running", 0),
        "dead": found.get("dead", 0),
        "oldest_seconds": None if oldest is None else round(oldest, 1),
    }
