"""The queues as one request sees them: its own account's jobs, and everybody's workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.storage.jobs import queue_board
from adapters.storage.jobs.pausing import paused
from adapters.storage.jobs.queue_board import DeadGroup, QueueView, WorkerView
from infra.database import dispatch
from producers.doors import Door


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Queues, workers and the dead; `own_dead` are the product's own chores, of no account.

    Without `is_ticking` no scheduler runs, and no job is handed out but callers' questions.
    `at` is the database's own time, by which all ages are told.
    """

    queues: Sequence[QueueView]
    workers: Sequence[WorkerView]
    dead: Sequence[DeadGroup]
    own_dead: int
    is_ticking: bool
    at: datetime

    @property
    def unserved(self) -> Sequence[QueueView]:
        return [one for one in self.queues if one.is_unserved]

    @property
    def is_idle(self) -> bool:
        """Whether no worker runs at all, which is one trouble and not one a queue."""
        return len(self.unserved) == len(self.queues)


def board(door: Door) -> Board:
    """One statement each; nothing of another account is read but how many hands there are."""
    with dispatch(door.ports.database) as db:
        heard = queue_board.read_workers(db)
        own_dead, at = queue_board.own_dead(db)
        is_ticking = queue_board.is_ticking(db)
    with door.transaction() as db:
        workers = queue_board.with_hands(heard, queue_board.read_carried(db))
        queues = queue_board.read_queues(db, workers=workers, paused=paused(db))
        dead = queue_board.read_dead(db)
    return Board(
        queues=queues,
        workers=workers,
        dead=dead,
        own_dead=own_dead,
        is_ticking=is_ticking,
        at=at,
    )
