"""Which queues have workers that live."""

from collections.abc import Mapping

from sqlalchemy import Connection as Db
from sqlalchemy import text

_LIVING = text(
    """
    SELECT queue, count(*) AS workers, sum(threads)::int AS threads
    FROM workers, unnest(queues) AS queue
    WHERE seen_at > now() - interval '15 seconds' GROUP BY queue
    """
)


def living_workers(db: Db) -> Mapping[str, int]:
    """How many worker processes serve each queue."""
    return {row.queue: row.workers for row in db.execute(_LIVING)}


def serving_threads(db: Db) -> Mapping[str, int]:
    """How many hands each queue has."""
    return {row.queue: row.threads for row in db.execute(_LIVING)}
