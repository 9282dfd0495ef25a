"""What the API answers about queues and jobs, as models that OpenAPI shows."""

from collections.abc import Sequence
from datetime import datetime

from adapters.storage.jobs.job_acts import Counted
from adapters.storage.jobs.job_search import JobView
from adapters.storage.jobs.queue_board import DeadGroup, QueueView, WorkerView
from adapters.storage.jobs.trails import Trail
from adapters.storage.phone.voice_board import Deadlines
from producers.answers import Success
from producers.estimates import Estimate, Through
from producers.sharing import Shares
from producers.what_if import WhatIf


class QueuesAnswer(Success):
    """Every queue, who serves them, and what died; `own_dead` are the product's own chores."""

    queues: Sequence[QueueView]
    workers: Sequence[WorkerView]
    dead: Sequence[DeadGroup]
    own_dead: int
    is_ticking: bool
    at: datetime


class JobsAnswer(Success):
    """Newest first."""

    jobs: Sequence[JobView]
    next_cursor: str | None


class OneJob(Success):
    """One job; its version is the ETag too."""

    job: JobView


class TrailAnswer(Success):
    """What happened for one cause, oldest first."""

    trail: Trail


class CountAnswer(Success):
    """How many jobs an act would change now, and of which kinds; `most` of them at once."""

    count: Counted
    most: int


class DoneAnswer(Success):
    """The jobs that were changed; `left` match still and can be changed by asking again."""

    jobs: Sequence[int]
    left: int


class PausedAnswer(Success):
    """How the queue stands now."""

    queue: str
    paused: bool


class WhatIfAnswer(Success):
    """Each allowance that connections share, as it is and as wished for."""

    what_if: WhatIf


class SharesAnswer(Success):
    """Each allowance with who took what of it within the hour."""

    shares: Shares


class DeadlinesAnswer(Success):
    """How soon callers were answered."""

    deadlines: Deadlines


class EstimatesAnswer(Success):
    """What waits in the order it is handed out, with when each would start and end.

    `connections` tells the same of each practice as a whole. Of the vendors that are `short` the
    shared allowance is too little for all: open practices come first, days ahead are read less.
    """

    estimates: Sequence[Estimate]
    short: Sequence[str]
    connections: Sequence[Through]
