"""However much is due, what is announced is bounded, and producers put nothing twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from adapters.storage.jobs import announcing
from adapters.storage.jobs.ledger import put
from adapters.storage.jobs.register import Register
from adapters.storage.runs.asking import MOST_WAITING, Full, ask_for_sync
from domain.jobs import Queue
from domain.sheet import Asked
from domain.work import refetch_job
from infra.clock import system_clock
from infra.database import dispatch, transaction
from scheduler.sweep import announce_ready
from scheduler.timetable import put_due_syncs
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

MANY = 100_000
THREADS = 6


@dataclass
class Told:
    """An announcer that remembers."""

    ids: dict[str, list[int]] = field(default_factory=dict)

    def announce(self, queue: str, job_ids: Sequence[int]) -> None:
        self.ids.setdefault(queue, []).extend(job_ids)

    def forgot_everything(self) -> bool:
        return False


@pytest.fixture
def flooded(rig: Rig) -> Rig:
    """A hundred thousand jobs that are all due, and six threads."""
    queues = [one.value for one in Queue]
    Register(rig.engine, worker="w", pool="p", queues=queues, threads=THREADS).alive()
    rig.run(
        """
        INSERT INTO jobs (kind, queue, account_id, due_at, trace_id)
        SELECT 'chore', 'sync', :account, now() - interval '1 minute', 't'
        FROM generate_series(1, :many)
        """,
        account=ACCOUNT,
        many=MANY,
    )
    rig.run("ANALYZE jobs")
    return rig


def test_of_a_hundred_thousand_jobs_four_a_thread_are_announced(flooded: Rig) -> None:
    announcer = Told()

    rounds = [announce_ready(flooded.engine, announcer) for _ in range(5)]

    assert rounds == [announcing.AHEAD * THREADS, 0, 0, 0, 0]
    assert len(announcer.ids["sync"]) == announcing.AHEAD * THREADS


def test_each_claim_makes_room_for_one_more_and_no_more(flooded: Rig) -> None:
    announcer = Told()
    announce_ready(flooded.engine, announcer)

    for job_id in announcer.ids["sync"][:THREADS]:
        assert flooded.ledger.claim(job_id) is not None

    assert announce_ready(flooded.engine, announcer) == THREADS
    assert announce_ready(flooded.engine, announcer) == 0


def test_a_flood_of_one_queue_leaves_the_others_their_room(flooded: Rig) -> None:
    caller = flooded.put(queue=Queue.VOICE)
    announcer = Told()

    announce_ready(flooded.engine, announcer)

    assert announcer.ids["voice"] == [caller]


def test_the_timetable_puts_nothing_more_while_its_jobs_wait(rig: Rig) -> None:
    for number in range(30):
        own = rig.connect(f"practice-{number}")
        rig.run("UPDATE pms_connections SET next_sync_at = now() WHERE id = :id", id=own)
    started = system_clock()

    for slot in range(40):
        now = started + timedelta(minutes=20 * slot)
        put_due_syncs(rig.engine, clock=partial(_same, now), chance=lambda: 0.5)

    waiting = [row for row in rig.rows() if row["state"] == "ready"]
    # The days asked for change at midnight: a sync of yesterday's may wait beside today's.
    assert 30 <= len(waiting) <= 60


def test_a_run_under_way_has_one_follow_up_however_often_it_is_asked_for(rig: Rig) -> None:
    own = rig.connect("practice")
    running = rig.ledger.claim(_refetch(rig, own))

    ids = {_refetch(rig, own) for _ in range(200)}

    assert running is not None
    assert len(ids) == 1
    assert len(rig.rows()) == 2


def _same(now: datetime) -> datetime:
    return now


def _refetch(rig: Rig, connection_id: UUID) -> int:
    made = refetch_job(account_id=ACCOUNT, connection_id=connection_id, vendor="gentu")
    with dispatch(rig.engine) as db:
        return put(db, made)


def test_whoever_asks_for_more_while_enough_waits_is_told_to_wait(rig: Rig) -> None:
    own = rig.connect("practice")
    now = system_clock()
    day = now.date()

    def ask(ago: int) -> None:
        asked = Asked(first_day=day - timedelta(days=ago), last_day=day - timedelta(days=ago))
        with transaction(rig.engine, account_id=ACCOUNT) as db:
            ask_for_sync(db, connection_id=own, asked=asked, now=now)

    for ago in range(MOST_WAITING):
        ask(ago)

    with pytest.raises(Full, match="wait already"):
        ask(MOST_WAITING)
    ask(0)
    assert len(rig.rows()) == MOST_WAITING
