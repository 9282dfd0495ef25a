"""Which days a reader means: one, a range, or the account's own today."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
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
_OWN = text("SELECT timezone FROM accounts WHERE id = current_setting('app.account')")
_PRACTICES = text(
    """
    SELECT timezone, count(*) AS times FROM pms_connections WHERE removed_at IS NULL
    GROUP BY timezone ORDER BY count(*) DESC, timezone
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The account's day and where it is that day; `elsewhere`: where practices have another."""

    day: date
    zone: str
    elsewhere: Mapping[str, date] = field(default_factory=dict)


def account_zone(db: Db) -> str:
    name: str = db.execute(_ZONE).scalar_one()
    return name


def todays(db: Db, now: datetime) -> Today:
    """The day in the account's own zone; where it has none, the one most practices are in."""
    practices = {row.timezone: row.times for row in db.execute(_PRACTICES)}
    days = {zone: local_day(now, zone) for zone in practices}
    zone = db.execute(_OWN).scalar() or _of_most(practices, days)
    today = local_day(now, zone)
    elsewhere = {one: day for one, day in days.items() if day != today}
    return Today(day=today, zone=zone, elsewhere=elsewhere)


def _of_most(practices: Mapping[str, int], days: Mapping[str, date]) -> str:
    """The most usual zone of those in which it is the day that most practices have."""
    tally: Counter[date] = Counter()
    for zone, times in practices.items():
        tally[days[zone]] += times
    most = max(tally.values(), default=0)
    return next((zone for zone in practices if tally[days[zone]] == most), "UTC")


def todays_date(db: Db, now: datetime) -> date:
    return todays(db, now).day


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
