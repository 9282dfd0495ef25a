"""A ledger full of syncs, at a PMS that holds every one of them up, is nothing to a caller."""

import threading
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from adapters.queue import RedisAnnouncer
from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections
from adapters.storage.practices.connections import NewConnection
from domain.connections import Connection, State
from domain.errors import Transient
from domain.jobs import Queue
from domain.sources import AppointmentSource
from domain.work import sync_job
from infra import database
from tests.voice.line import ACCOUNT, DeskOpener, Line
from tests.workers.tools.desk import ZONE

pytestmark = pytest.mark.integration

PRACTICES, SYNCS_EACH = 8, 40
SYNC_THREADS = 4
HELD_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOpener(DeskOpener):
    """Whoever syncs is kept waiting until the test is over; the desk answers as ever."""

    begun: threading.Semaphore
    released: threading.Event

    def __call__(self, connection: Connection) -> AppointmentSource:
        self.begun.release()
        self.released.wait(HELD_SECONDS)
        raise Transient("the practice was closed")


def held_up(phone: Line) -> HeldOpener:
    """Every sync of this line's workers from now on."""
    ours = phone.parts.opener
    held = HeldOpener(
        secrets=ours.secrets,
        tokens=ours.tokens,
        throttle=ours.throttle,
        clock=ours.clock,
        front=phone.desk,
        begun=threading.Semaphore(0),
        released=threading.Event(),
    )
    phone.parts = replace(phone.parts, opener=held)
    return held


def a_practice(phone: Line, number: int) -> UUID:
    """Another one than the one that is called."""
    new = NewConnection(
        account_id=ACCOUNT,
        vendor="sikka",
        site=f"practice-{number}",
        timezone=ZONE,
        state=State.ACTIVE,
    )
    with database.transaction(phone.engine, account_id=ACCOUNT) as db:
        return connections.add(db, new)


def pile_up(phone: Line) -> list[int]:
    """As after a long outage: every practice, that which is called too, waits for many syncs."""
    others = [a_practice(phone, number) for number in range(PRACTICES - 1)]
    jobs = [
        replace(
            sync_job(
                account_id=ACCOUNT,
                connection_id=practice,
                vendor="sikka",
                first_day=phone.day,
                last_day=phone.day,
            ),
            dedupe_key=uuid4().hex,
        )
        for practice in [phone.connection_id, *others]
        for _ in range(SYNCS_EACH)
    ]
    with database.dispatch(phone.engine) as db:
        ids = [put(db, job) for job in jobs]
    RedisAnnouncer(phone.redis_url).announce(Queue.SYNC.value, ids)
    return ids


def test_callers_are_answered_while_hundreds_of_syncs_wait(phone: Line) -> None:
    held = held_up(phone)
    ids = pile_up(phone)

    with phone.worker("sync"), phone.worker("voice"):
        begun = [held.begun.acquire(timeout=30) for _ in range(SYNC_THREADS)]
        said = [_called(phone) for _ in range(10)]
        states = phone.rows("SELECT state, count(*) FROM jobs WHERE queue = 'sync' GROUP BY state")
        held.released.set()

    assert all(begun)
    assert all(one.startswith("I could offer") for one in said), said
    assert dict(states) == {"running": SYNC_THREADS, "ready": len(ids) - SYNC_THREADS}
    assert phone.rows("SELECT 1 FROM tool_calls WHERE answered_by <> 'worker'") == []


def _called(phone: Line) -> str:
    phone.hang_up()
    return phone.ask("checkAvailability", date=phone.day.isoformat())
