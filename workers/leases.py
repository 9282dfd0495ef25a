"""Keeps this process's leases alive: one statement every few seconds for all its jobs."""

from collections.abc import Iterable
from threading import Thread
from typing import Protocol

import structlog

from domain.errors import SyncError
from domain.jobs import Job
from infra.stopping import Stopping
from workers.execution import Running

log = structlog.get_logger()

EVERY_SECONDS = 3.0


class Renews(Protocol):
    def renew(self, jobs: Iterable[Job]) -> set[int]: ...


class Registers(Protocol):
    def alive(self) -> None: ...
    def gone(self) -> None: ...


def keep_alive(
    ledger: Renews,
    register: Registers,
    running: Running,
    done: Stopping,
    *,
    every: float = EVERY_SECONDS,
) -> Thread:
    """A thread that renews leases and says that this worker lives, until `done` is asked."""

    def beat() -> None:
        while not done.asked:
            try:
                register.alive()
                at = running.seconds()
                held = running.all()
                renewed = ledger.renew(held)
                running.proved((job for job in held if job.id in renewed), at=at)
            except SyncError as error:
                log.warning("leases.not_renewed", error_kind=error.kind)
            except Exception:
                # A beat that ended here would have every job of this process run twice.
                log.exception("leases.not_renewed")
            if done.pause(every):
                break

    thread = Thread(target=beat, name="leases", daemon=True)
    thread.start()
    return thread
