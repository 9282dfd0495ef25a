"""Measures tool calls beside a ledger full of syncs that are being worked off."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from adapters.storage.jobs.ledger import put
from bench import voice_call
from bench.voice_call import VENDOR_SECONDS, Measured, a_round
from bench.voice_line import ACCOUNT, Line, Phone, line
from bench.voice_told import Row
from domain.window import local_day
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import dispatch

BACKLOG = 10_000
HEADINGS: Row = (*voice_call.HEADINGS, "p95 x idle", "syncs done")

_DONE = "SELECT count(*) FROM jobs WHERE queue = 'sync' AND state = 'done'"
_BEGUN = "SELECT count(*) > 0 FROM jobs WHERE queue = 'sync' AND state = 'running'"
_STILL = "SELECT count(*) = 0 FROM jobs WHERE queue = 'sync' AND state = 'running'"
_CALL_OFF = text("UPDATE jobs SET state = 'cancelled' WHERE queue = 'sync' AND state = 'ready'")
# Without their key, which lets only one of them wait.
_COPY = text(
    """
    INSERT INTO jobs (account_id, connection_id, kind, queue, vendor, args, exclusive_key, priority,
                      due_at, trace_id, max_seconds)
    SELECT account_id, connection_id, kind, queue, vendor, args, exclusive_key, priority,
           due_at, trace_id, max_seconds
    FROM jobs, generate_series(1, :times) WHERE id = ANY(:ids)
    """
)


def rows(*, rounds: int) -> Iterator[Row]:
    """In turns: nothing else to do, and 10,000 syncs with workers at them."""
    idle, busy, done = Measured("search, 50 ms, idle"), Measured("the same, a backlog"), 0
    with line() as here:
        phone = Phone(here)
        here.vendor_takes(VENDOR_SECONDS)
        for number in range(rounds):
            a_round(phone, idle, seed=number)
            before = here.value(_DONE)
            with _waiting(here):
                a_round(phone, busy, seed=number)
                done += here.value(_DONE) - before
    yield (*idle.cells(), "1.0", "")
    yield (*busy.cells(), f"{busy.typical(0.95) / idle.typical(0.95):.1f}", f"{done:,}")


@contextmanager
def _waiting(here: Line) -> Iterator[None]:
    """The ledger holds the backlog and workers are at it; afterwards it is called off."""
    _pile_up(here)
    here.wait_for(_BEGUN)
    try:
        yield
    finally:
        with dispatch(here.wiring.engine) as db:
            db.execute(_CALL_OFF)
        here.wait_for(_STILL)


def _pile_up(here: Line) -> None:
    """One sync of each practice, and copies of it, as a long outage would leave them."""
    today = local_day(system_clock(), here.others[0].timezone)
    jobs = [
        sync_job(
            account_id=ACCOUNT,
            connection_id=one.id,
            vendor=one.vendor,
            first_day=today,
            last_day=today,
        )
        for one in here.others
    ]
    with dispatch(here.wiring.engine) as db:
        ids = [put(db, job) for job in jobs]
        db.execute(_COPY, {"ids": ids, "times": BACKLOG // len(ids)})
