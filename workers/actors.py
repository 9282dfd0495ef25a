"""The only code that knows dramatiq runs us: a message names a job, a thread carries it."""

from collections.abc import Callable, Sequence

import dramatiq
from dramatiq import Worker

from infra.broker import ACTOR, WakingBroker


def listen(
    broker: WakingBroker,
    run: Callable[[int], object],
    *,
    queues: Sequence[str],
    threads: int,
    idle_ms: int,
) -> Worker:
    """A dramatiq worker in this process that runs each announced job."""

    def carry(job_id: int) -> None:
        run(job_id)

    dramatiq.actor(actor_name=ACTOR, queue_name=queues[0], broker=broker)(carry)
    for queue in queues:
        broker.declare_queue(queue)
    worker = Worker(broker, queues=set(queues), worker_threads=threads, worker_timeout=idle_ms)
    # Of each queue: what a process held beyond what its threads carry would wait beside idle ones.
    worker.queue_prefetch = threads
    return worker
