"""Which workers live and what they serve, so that nothing is announced to nobody."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from infra.clock import correction
from infra.database import dispatch

_ALIVE = text(
    """
    INSERT INTO workers (id, pool, queues, threads, clock_behind)
    VALUES (:id, :pool, :queues, :threads, :clock_behind)
    ON CONFLICT (id) DO UPDATE SET seen_at = now(), clock_behind = EXCLUDED.clock_behind
    """
)
_GONE = text("DELETE FROM workers WHERE id = :id OR seen_at < now() - interval '1 day'")
_LIVING = text(
    """
    SELECT queue, count(*) AS workers, sum(threads)::int AS threads
    FROM workers, unnest(queues) AS queue
    WHERE seen_at > now() - interval '15 seconds' GROUP BY queue
    """
)


class Register:
    """One worker process's row."""

    def __init__(
        self, engine: Engine, *, worker: str, pool: str, queues: Sequence[str], threads: int
    ) -> None:
        self._engine = engine
        self._row = {"id": worker, "pool": pool, "queues": list(queues), "threads": threads}

    def alive(self) -> None:
        with dispatch(self._engine) as db:
            behind = correction().total_seconds()
            db.execute(_ALIVE, {**self._row, "clock_behind": behind})

    def gone(self) -> None:
        with dispatch(self._engine) as db:
            db.execute(_GONE, {"id": self._row["id"]})


def living_workers(db: Db) -> Mapping[str, int]:
    """How many worker processes serve each queue."""
    return {row.queue: row.workers for row in db.execute(_LIVING)}


def serving_threads(db: Db) -> Mapping[str, int]:
    """How many hands each queue has."""
    return {row.queue: row.threads for row in db.execute(_LIVING)}
