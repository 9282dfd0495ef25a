"""Asking for a sync by hand: a job for each connection that can sync, for whoever asks."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.jobs.ledger import put
from domain.errors import BadInput, SyncError
from domain.runs import SyncType
from domain.sheet import Asked
from domain.window import check_days, local_day
from domain.work import BY_A_PERSON, sync_job

MOST_DAYS = 92
"""A sync is one pass, and its preview one document."""

MOST_WAITING = 20
"""Syncs asked for by hand that may wait at one practice: whoever asks for more waits with them."""

_TO_SYNC = text(
    """
    SELECT id, account_id, connector, timezone FROM pms_connections
    WHERE removed_at IS NULL AND state NOT IN ('SETUP_REQUIRED', 'INACTIVE')
      AND (CAST(:connection_id AS uuid) IS NULL OR id = :connection_id)
    ORDER BY display_name, id
    """
)


_WAIT = text(
    """
    SELECT count(*) FROM jobs
    WHERE connection_id = :connection_id AND kind = 'sync' AND state = 'ready'
      AND priority >= :priority
    """
)


class Full(SyncError):
    """Enough waits already; nothing was added to it."""


def ask_for_sync(  # noqa: PLR0913 - what may be asked for
    db: Db,
    *,
    connection_id: UUID | None,
    asked: Asked,
    now: datetime,
    allow_removals: bool = False,
    dry_run: bool = False,
    record: bool = False,
) -> dict[int, UUID]:
    """Write a job for each connection that can sync; answers job ids with their connections.

    It is announced before those of the timetable. Days not named are the
    practice's own today. Raises `Full` where too many wait already.
    """
    jobs = {}
    for row in db.execute(_TO_SYNC, {"connection_id": connection_id}):
        first, last = _days(asked, today=local_day(now, row.timezone))
        check_days(first, last)
        if (last - first).days >= MOST_DAYS:
            raise BadInput(f"At most {MOST_DAYS} days at once; read a longer range as a backfill.")
        job = sync_job(
            account_id=row.account_id,
            connection_id=row.id,
            vendor=row.connector,
            first_day=first,
            last_day=last,
            sync_type=SyncType.MANUAL,
            allow_removals=allow_removals,
            dry_run=dry_run,
            record=record,
        )
        jobs[put(db, job)] = row.id
        values = {"connection_id": row.id, "priority": BY_A_PERSON}
        if db.execute(_WAIT, values).scalar_one() > MOST_WAITING:
            raise Full(f"{MOST_WAITING} syncs of this practice wait already; let them end first.")
    return jobs


def _days(asked: Asked, *, today: date) -> tuple[date, date]:
    return asked.first_day or asked.last_day or today, asked.last_day or asked.first_day or today
