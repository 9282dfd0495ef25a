"""Which days a reader means: one, a range, or the account's own today."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.window import check_days, local_day

# The account's own zone, or the one most of its practices are in.
_ZONE = text(
    """
    SELECT coalesce(
      (SELECT timezone FROM accounts WHERE id = current_setting('app.account')),
      (SELECT timezone FROM pms_connections WHERE removed_at IS NULL
       GROUP BY timezone ORDER BY count(*) DESC, timezone LIMIT 1),
      'UTC')
    """
)


def account_zone(db: Db) -> str:
    name: str = db.execute(_ZONE).scalar_one()
    return name


def todays_date(db: Db, now: datetime) -> date:
    return local_day(now, account_zone(db))


def one_or_range(
    day: date | None, first: date | None, last: date | None
) -> tuple[date, date] | None:
    """The days asked for, both included; None when none was named."""
    first, last = (day, day) if day else (first or last, last or first)
    if first is None or last is None:
        return None
    check_days(first, last)
    return first, last


def start_of_yesterday(now: datetime) -> datetime:
    """Far enough back that every practice's today is in it."""
    return now - timedelta(hours=24)
