"""What is due and when it is due again; decisions only, told the time and the dice."""

from datetime import datetime, timedelta

from domain.jobs import NewJob
from domain.runs import SyncType
from domain.window import local_day
from domain.work import BY_SCHEDULE, WHILE_QUIET, sync_job
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


def sync_of(connection: Due, *, now: datetime, is_short: bool = False) -> NewJob:
    """Today's sheet and the days ahead, on the practice's own calendar; the days are fixed here.

    Between whole passes only what changed is asked for, where the PMS tells it. Where the vendor's
    allowance `is_short`, open practices come first, and the days ahead are read less often.
    """
    first = local_day(now, connection.timezone)
    last = first + timedelta(days=connection.days_ahead)
    rhythm, marked = connection.rhythm, connection.marked
    makes_room = is_short and rhythm.is_adaptive
    if makes_room and marked.may_leave_far_days(now=now):
        last = first
    is_full_due = marked.is_full_due((first, last), now=now)
    return sync_job(
        account_id=connection.account_id,
        connection_id=connection.id,
        vendor=connection.vendor,
        first_day=first,
        last_day=last,
        sync_type=SyncType.FULL if is_full_due else SyncType.INCREMENTAL,
        priority=BY_SCHEDULE if not makes_room or rhythm.is_busy(now) else WHILE_QUIET,
    )
