"""A worker process: threads that carry announced jobs, one thread that keeps their leases."""

import os
import random
import socket
from collections.abc import Mapping
from uuid import uuid4

import structlog

from adapters.storage.jobs.ledger import Ledger
from adapters.storage.jobs.register import Register
from infra.broker import broker
from infra.crash_only import CrashOnly
from infra.memory import keep_what_is_loaded
from infra.stopping import Stopping
from workers.actors import listen
from workers.execution import Execution, Running, Work
from workers.leases import keep_alive
from workers.works import Parts, works

log = structlog.get_logger()

POOLS: Mapping[str, tuple[str, ...]] = {
    "voice": ("voice",),
    "sync": ("sync",),
    "default": ("default",),
    "all": ("sync", "default"),
}
THREADS: Mapping[str, int] = {"voice": 8, "sync": 8, "default": 4, "all": 8}
STOP_SECONDS = 20
NO_MORE: Mapping[str, Work] = {}


def run(
    parts: Parts,
    *,
    redis_url: str,
    pool: str,
    threads: int | None = None,
    also: Mapping[str, Work] = NO_MORE,
) -> None:
    """Carry jobs until SIGTERM or SIGINT; ends by itself when Redis is gone.

    `also` are kinds of work that are not the product's own, or take the place of its own.
    """
    parts.stopping.obey_signals()
    name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
    ledger = Ledger(parts.engine, worker=name)
    running = Running()
    execution = _execution(parts, ledger, running, also)
    crash_only = CrashOnly(redis_url, on_lost=lambda: ledger.hand_back(running.leaving()))
    queues = POOLS[pool]
    count = threads or THREADS[pool]
    register = Register(parts.engine, worker=name, pool=pool, queues=queues, threads=count)
    done = Stopping()
    beats = keep_alive(ledger, register, running, done)
    worker = listen(
        broker(redis_url, middleware=[crash_only]),
        execution.run,
        queues=queues,
        threads=count,
        idle_ms=1000,
    )
    keep_what_is_loaded()
    worker.start()
    log.info("worker.started", pool=pool, threads=count)
    parts.stopping.until_asked()
    worker.stop(timeout=STOP_SECONDS * 1000)
    done.ask()
    beats.join()
    ledger.hand_back(running.leaving())
    register.gone()
    log.info("worker.stopped", pool=pool)


def _execution(
    parts: Parts, ledger: Ledger, running: Running, also: Mapping[str, Work]
) -> Execution:
    return Execution(
        ledger=ledger,
        works={**works(parts), **also},
        running=running,
        stopping=parts.stopping,
        clock=parts.clock,
        chance=random.SystemRandom().random,
    )
