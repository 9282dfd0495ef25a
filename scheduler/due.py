"""What is due and when it is due again; decisions only, told the time and the dice."""

from datetime import datetime, timedelta

from domain.jobs import NewJob
from domain.runs import SyncType
from domain.window import local_day
from domain.work import sync_job
from scheduler.ports import Due

JITTER = 0.1
"""The next sync comes up to this share of the interval earlier or later."""


def next_sync(due_at: datetime, *, now: datetime, every: timedelta, chance: float) -> datetime:
    """The next slot after now. Slots missed while nothing ran are not made up for.

    `chance` in [0, 1) spreads connections that began together.
    """
    missed = max(0, int((now - due_at) / every))
    slot = due_at + every * (missed + 1)
    spread = every * JITTER * (2 * chance - 1)
    return max(now, slot + spread)


def sync_of(connection: Due, *, now: datetime) -> NewJob:
    """Today's sheet, on the practice's own calendar; the day is fixed here."""
    today = local_day(now, connection.timezone)
    return sync_job(
        account_id=connection.account_id,
        connection_id=connection.id,
        vendor=connection.vendor,
        first_day=today,
        last_day=today,
        sync_type=SyncType.FULL,
    )
