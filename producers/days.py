"""Which days a reader means: one, a range, or the account's own today."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http import HTTPStatus

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.rezoning import NO_ZONE_YET
from domain.window import EARLIEST_YEAR, LATEST_YEAR, check_days, local_day
from producers.problems import Problem

# A practice that is being set up may have told no zone yet.
_TOLD = f"removed_at IS NULL AND timezone <> '{NO_ZONE_YET}'"
# The account's own zone, or the one most of its practices are in. While it changes its PMS none may
# be connected, and it goes by the clock it went by.
_ZONE = text(
    f"""
    SELECT coalesce(
      (SELECT timezone FROM accounts WHERE id = current_setting('app.account')),
      (SELECT timezone FROM pms_connections WHERE {_TOLD}
       GROUP BY timezone ORDER BY count(*) DESC, timezone LIMIT 1),
      (SELECT timezone FROM pms_connections WHERE timezone <> '{NO_ZONE_YET}'
       ORDER BY removed_at DESC LIMIT 1),
      'UTC')
    """  # noqa: S608 - the words above
)
_OWN = text("SELECT timezone FROM accounts WHERE id = current_setting('app.account')")
_PRACTICES = text(
    f"""
    SELECT timezone, count(*) AS times FROM pms_connections WHERE {_TOLD}
    GROUP BY timezone ORDER BY count(*) DESC, timezone
    """  # noqa: S608 - the words above
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
    zone = db.execute(_OWN).scalar() or _of_most(practices, days) or account_zone(db)
    today = local_day(now, zone)
    elsewhere = {one: day for one, day in days.items() if day != today}
    return Today(day=today, zone=zone, elsewhere=elsewhere)


def _of_most(practices: Mapping[str, int], days: Mapping[str, date]) -> str | None:
    """The most usual zone of those in which it is the day that most practices have."""
    tally: Counter[date] = Counter()
    for zone, times in practices.items():
        tally[days[zone]] += times
    most = max(tally.values(), default=0)
    return next((zone for zone in practices if tally[days[zone]] == most), None)


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


def named_day(text: str) -> date:
    """The day an address names, of a year somebody may have a practice in."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The address names a day that is not in the calendar; a day looks like 2026-11-23.",
        )
    return day
