"""While a process lives its leases do, and trouble with the database does not end the beat."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from queue import Queue

import pytest

from domain.errors import Transient
from domain.jobs import Job, NewJob
from infra.stopping import Stopping
from tests.workers.twin import FakeLedger
from workers.execution import Running
from workers.leases import EVERY_SECONDS, keep_alive

PATIENCE = 10.0


@dataclass
class Beats:
    """A ledger and a register that tell when they were asked."""

    renewed: Queue[list[int]] = field(default_factory=Queue)
    alive_calls: Queue[bool] = field(default_factory=Queue)
    troubles: int = 0
    trouble: Exception = field(default_factory=lambda: Transient("the database is away"))

    def renew(self, jobs: Iterable[Job]) -> set[int]:
        ids = [job.id for job in jobs]
        self.renewed.put(ids)
        return set(ids)

    def alive(self) -> None:
        self.alive_calls.put(True)
        if self.troubles:
            self.troubles -= 1
            raise self.trouble

    def gone(self) -> None:
        return


@pytest.fixture
def job() -> Job:
    ledger = FakeLedger()
    claimed = ledger.claim(ledger.put(NewJob(kind="chore")))
    assert claimed is not None
    return claimed


def test_the_jobs_held_are_renewed_beat_by_beat(job: Job) -> None:
    beats, running, done = Beats(), Running(), Stopping()

    with running.holding(job):
        thread = keep_alive(beats, beats, running, done, every=0.01)
        first, second = (beats.renewed.get(timeout=PATIENCE) for _ in range(2))
        done.ask()
        thread.join(PATIENCE)

    assert first == second == [job.id]
    assert not thread.is_alive()


@pytest.mark.parametrize("trouble", [Transient("the database is away"), RuntimeError("a bug")])
def test_no_trouble_ends_the_beat(job: Job, trouble: Exception) -> None:
    beats, running, done = Beats(troubles=2, trouble=trouble), Running(), Stopping()

    with running.holding(job):
        thread = keep_alive(beats, beats, running, done, every=0.01)
        renewed = beats.renewed.get(timeout=PATIENCE)
        done.ask()
        thread.join(PATIENCE)

    assert renewed == [job.id]
    assert beats.alive_calls.qsize() >= 3


def test_a_process_that_ends_does_not_wait_for_the_next_beat() -> None:
    beats, done = Beats(), Stopping()
    thread = keep_alive(beats, beats, Running(), done)
    beats.renewed.get(timeout=PATIENCE)

    done.ask()
    thread.join(EVERY_SECONDS / 2)

    assert not thread.is_alive()
