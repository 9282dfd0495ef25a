"""What is ready is announced until it is taken, and what was dropped is picked up."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Queue as Inbox

import pytest

from adapters.storage.jobs.register import Register
from domain.errors import Transient
from infra.clock import system_clock
from infra.stopping import Stopping
from scheduler.sweep import announce_ready, keep_announcing, sweep
from tests.storage.rig import Rig, soon

pytestmark = pytest.mark.integration


@dataclass
class FakeAnnouncer:
    """Keeps what it was told, or fails as Redis does."""

    told: Inbox[tuple[str, list[int]]] = field(default_factory=Inbox)
    away: bool = False
    forgot: bool = False

    def announce(self, queue: str, job_ids: Sequence[int]) -> None:
        if self.away:
            raise Transient("Redis cannot be reached")
        self.told.put((queue, list(job_ids)))

    def forgot_everything(self) -> bool:
        forgot, self.forgot = self.forgot, False
        return forgot

    def all(self) -> list[tuple[str, list[int]]]:
        return [self.told.get_nowait() for _ in range(self.told.qsize())]


@pytest.fixture
def served(rig: Rig) -> Rig:
    """A rig with a worker of two threads for `default`."""
    Register(rig.engine, worker="w", pool="p", queues=["default"], threads=2).alive()
    return rig


def test_a_ready_job_is_announced_once(served: Rig) -> None:
    announcer = FakeAnnouncer()
    job_id = served.put()

    assert announce_ready(served.engine, announcer) == 1
    assert announce_ready(served.engine, announcer) == 0

    assert announcer.all() == [("default", [job_id])]


def test_what_redis_would_not_take_is_announced_when_it_is_back(served: Rig) -> None:
    announcer = FakeAnnouncer(away=True)
    job_id = served.put()

    with pytest.raises(Transient):
        announce_ready(served.engine, announcer)
    announcer.away = False

    assert announce_ready(served.engine, announcer) == 1
    assert announcer.all() == [("default", [job_id])]


def test_after_redis_lost_its_messages_they_are_announced_at_once(served: Rig) -> None:
    announcer = FakeAnnouncer()
    job_id = served.put()
    announce_ready(served.engine, announcer)

    announcer.forgot = True

    assert announce_ready(served.engine, announcer) == 1
    assert announcer.all() == [("default", [job_id])] * 2


def test_parked_jobs_are_reported_and_the_others_given_back(rig: Rig) -> None:
    killer, victim = rig.claimed(), rig.claimed()
    rig.change(killer.id, crashes=3)
    for job in (killer, victim):
        rig.lapse(job.id)
    parked: list[list[int]] = []

    sweep(rig.engine, gave_up=parked.append)
    sweep(rig.engine, gave_up=parked.append)

    assert parked == [[killer.id]]
    assert (rig.state(killer.id), rig.state(victim.id)) == ("dead", "ready")


def listening(rig: Rig, announcer: FakeAnnouncer, stopping: Stopping) -> Callable[[], None]:
    url = rig.engine.url.render_as_string(hide_password=False)

    def listen() -> None:
        keep_announcing(rig.engine, announcer, url=url, clock=system_clock, stopping=stopping)

    return listen


def test_a_job_is_announced_as_soon_as_it_is_put_or_comes_due(served: Rig) -> None:
    announcer, stopping = FakeAnnouncer(), Stopping()
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(listening(served, announcer, stopping))
        try:
            first = served.put()
            assert announcer.told.get(timeout=10) == ("default", [first])
            later = served.put(due_at=soon(0.2))
            assert announcer.told.get(timeout=10) == ("default", [later])
        finally:
            stopping.ask()
        done.result(timeout=10)

    assert served.row(later)["announced_at"] >= served.row(later)["due_at"]


def test_trouble_is_told_and_outlived(served: Rig) -> None:
    announcer, stopping = FakeAnnouncer(away=True), Stopping()
    job_id = served.put()
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(listening(served, announcer, stopping))
        try:
            announcer.away = False
            assert announcer.told.get(timeout=10) == ("default", [job_id])
        finally:
            stopping.ask()
        done.result(timeout=10)

    assert served.row(job_id)["announced_at"] is not None
