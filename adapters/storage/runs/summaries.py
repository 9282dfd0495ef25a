"""Accounts' weeks: counted from runs, calls and writes, and kept as they were told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, RowMapping, text

from adapters.storage.by_hand.conflict_list import STANDS
from domain.freshness import Facts
from domain.hours import read_hours
from domain.summaries import A_WEEK, Summary, TopError, Week, broken, owed, running, span_of
from domain.window import Window
from infra.database import dispatch, transaction

log = structlog.get_logger()

MOST_ERRORS = 5
LONGEST_ERROR = 160
ZONE = """
    coalesce(accounts.timezone, (
      SELECT own.timezone FROM pms_connections AS own
      WHERE own.account_id = accounts.id AND own.removed_at IS NULL
      GROUP BY own.timezone ORDER BY count(*) DESC, own.timezone LIMIT 1), 'UTC')
"""
"""An account's own clock, or that of most of its practices."""

_ACCOUNTS = text(
    f"""
    SELECT id, {ZONE} AS timezone,
           (SELECT max(week) FROM sync_summaries WHERE account_id = accounts.id) AS told
    FROM accounts WHERE EXISTS (
      SELECT FROM pms_connections AS own
      WHERE own.account_id = accounts.id AND own.removed_at IS NULL)
    ORDER BY id
    """  # noqa: S608 - our own words
)
_ZONE = text(f"SELECT {ZONE} AS timezone FROM accounts WHERE id = :id")  # noqa: S608
_RUNS = text(
    f"""
    SELECT count(*) AS syncs, count(*) FILTER (WHERE status = 'success') AS complete,
           count(*) FILTER (WHERE status = 'partial') AS partial,
           count(*) FILTER (WHERE status = 'failed') AS failed,
           avg(extract(epoch FROM completed_at - started_at))::float AS mean_seconds,
           coalesce(sum(fetched), 0)::int AS read, coalesce(sum(created), 0)::int AS created,
           coalesce(sum(updated), 0)::int AS updated, coalesce(sum(removed), 0)::int AS removed,
           coalesce(sum(rejected), 0)::int AS unreadable,
           coalesce(sum(conflicts), 0)::int AS conflicts,
           (SELECT count(*) FROM run_sheet_conflicts AS conflict
            JOIN run_sheet_appointments AS entry ON entry.id = conflict.appointment_id
            WHERE conflict.settled_at IS NULL AND conflict.opened_at < :end AND {STANDS}
           ) AS conflicts_open
    FROM pms_connections AS own JOIN pms_sync_log AS run ON run.pms_connection_id = own.id
    WHERE run.started_at >= :start AND run.started_at < :end AND NOT run.dry_run
      AND run.completed_at IS NOT NULL
    """  # noqa: S608 - words of our own
)
_ERRORS = text(
    """
    SELECT left(error_message, :longest) AS said, count(*) AS times
    FROM pms_connections AS own JOIN pms_sync_log AS run ON run.pms_connection_id = own.id
    WHERE run.started_at >= :start AND run.started_at < :end AND NOT run.dry_run
      AND status IN ('failed', 'partial') AND error_message IS NOT NULL
    GROUP BY 1 ORDER BY times DESC, said LIMIT :most
    """
)
_CALLERS = text(
    """
    SELECT count(DISTINCT call_id) AS calls,
           mode() WITHIN GROUP (ORDER BY extract(hour FROM created_at AT TIME ZONE :zone))::int
             AS busiest_hour
    FROM tool_calls
    WHERE account_id = :account_id AND created_at >= :start AND created_at < :end
    """
)
_BOOKINGS = text(
    """
    SELECT count(*) AS bookings, count(*) FILTER (WHERE kept.state = 'confirmed') AS booked,
           count(*) FILTER (WHERE kept.state = 'failed') AS bookings_failed
    FROM pms_connections AS own JOIN pms_writes AS kept ON kept.connection_id = own.id
    WHERE kept.created_at >= :start AND kept.created_at < :end AND kind = 'book'
      AND call_id IS NOT NULL
    """
)
_PROMISES = text(
    """
    SELECT own.timezone, own.opening_hours, own.created_at, sync_enabled, sync_frequency_minutes,
           ARRAY(
             SELECT jsonb_build_array(completed_at, rests_until) FROM pms_sync_log AS run
             WHERE run.pms_connection_id = own.id AND run.started_at < :end
               AND run.started_at >= CAST(:start AS timestamptz) - interval '7 days'
               AND status = 'success' AND NOT dry_run AND backfill_id IS NULL
               AND CAST(completed_at AT TIME ZONE own.timezone AS date) BETWEEN day_from AND day_to
             ORDER BY completed_at) AS fresh
    FROM pms_connections AS own
    WHERE removed_at IS NULL AND state NOT IN ('SETUP_REQUIRED', 'INACTIVE') AND created_at < :end
    """
)
_KEEP = text(
    """
    INSERT INTO sync_summaries (account_id, week, told)
    VALUES (:account_id, :week, CAST(:told AS jsonb)) ON CONFLICT DO NOTHING RETURNING week
    """
)
_FIND = text(
    """
    SELECT week, told FROM sync_summaries
    WHERE CAST(:week AS date) IS NULL OR week = :week ORDER BY week DESC LIMIT 1
    """
)
_EARLIER = text(
    """
    SELECT told FROM sync_summaries WHERE week < :week ORDER BY week DESC LIMIT :most
    """
)
_ANY = text("SELECT EXISTS (SELECT FROM sync_summaries)")
_WEEKS = text("SELECT week FROM sync_summaries ORDER BY week DESC LIMIT 60")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An account whose week is to be told."""

    account_id: str
    timezone: str
    week: date


@dataclass(frozen=True, slots=True)
class SummaryStore:
    """Every account's weeks, one transaction each."""

    engine: Engine

    def owing(self, now: datetime) -> Sequence[Owed]:
        """Accounts that have not been told the newest week that is over."""
        with dispatch(self.engine) as db:
            rows = db.execute(_ACCOUNTS).mappings().all()
        found = [(row, owed(now, row["timezone"])) for row in rows]
        return [
            Owed(account_id=row["id"], timezone=row["timezone"], week=week)
            for row, week in found
            if row["told"] is None or row["told"] < week
        ]

    def write(self, one: Owed) -> bool:
        """False where somebody else has written it meanwhile."""
        with transaction(self.engine, account_id=one.account_id) as db:
            made = summary(db, one.account_id, week=one.week, timezone=one.timezone)
            is_new = keep(db, one.account_id, made)
        if is_new:
            figures = asdict(made.this)
            counts = {name: value for name, value in figures.items() if name != "errors"}
            log.info("summary.written", account_id=one.account_id, week=str(one.week), **counts)
        return is_new


def summary(
    db: Db, account_id: str, *, week: date, timezone: str, until: datetime | None = None
) -> Summary:
    """Of a week that goes on `until` now; the one before as it was told, or else counted again."""
    told = find(db, week=week - A_WEEK)
    before = told.this if told else read_week(db, account_id, week=week - A_WEEK, timezone=timezone)
    this = read_week(db, account_id, week=week, timezone=timezone, until=until)
    return Summary(week=week, timezone=timezone, this=this, before=before)


def read_week(
    db: Db, account_id: str, *, week: date, timezone: str, until: datetime | None = None
) -> Week:
    """For the account's own role."""
    whole = span_of(week, timezone)
    span = Window(whole.start, min(whole.end, until or whole.end))
    values = {"account_id": account_id, "zone": timezone, "start": span.start, "end": span.end}
    counted: dict[str, Any] = {}
    for statement in (_RUNS, _CALLERS, _BOOKINGS):
        counted.update(db.execute(statement, values).mappings().one())
    limits = {"most": MOST_ERRORS, "longest": LONGEST_ERROR}
    errors = [TopError(row.said, row.times) for row in db.execute(_ERRORS, {**values, **limits})]
    late = [_broken(row, span) for row in db.execute(_PROMISES, values).mappings()]
    return Week(
        **counted,
        late_times=sum(times for times, _ in late),
        late_minutes=sum(minutes for _, minutes in late),
        errors=errors,
    )


def keep(db: Db, account_id: str, made: Summary) -> bool:
    """Once; a week stays as it was told."""
    told = json.dumps({"timezone": made.timezone, **_figures(made)})
    values = {"account_id": account_id, "week": made.week, "told": told}
    return db.execute(_KEEP, values).first() is not None


def find(db: Db, *, week: date | None = None) -> Summary | None:
    """The week that begins that Monday, or the newest that was told."""
    row = db.execute(_FIND, {"week": week}).first()
    if row is None:
        return None
    return Summary(
        week=row.week,
        timezone=row.told["timezone"],
        this=_week(row.told["this"]),
        before=_week(row.told["before"]),
    )


def weeks(db: Db) -> Sequence[date]:
    """The newest first."""
    return list(db.execute(_WEEKS).scalars())


def earlier(db: Db, week: date, *, most: int) -> Sequence[Week]:
    """Those before that Monday's, as they were told, the oldest first."""
    rows = db.execute(_EARLIER, {"week": week, "most": most}).scalars()
    return [_week(told["this"]) for told in rows][::-1]


def so_far(db: Db, account_id: str, *, now: datetime) -> Summary:
    """The week that goes on, as it stands; it is not kept."""
    zone = timezone_of(db, account_id)
    return summary(db, account_id, week=running(now, zone), timezone=zone, until=now)


def is_any(db: Db) -> bool:
    return bool(db.execute(_ANY).scalar_one())


def timezone_of(db: Db, account_id: str) -> str:
    return str(db.execute(_ZONE, {"id": account_id}).scalar_one())


def _figures(made: Summary) -> Mapping[str, Any]:
    return {"this": asdict(made.this), "before": asdict(made.before)}


def _week(told: Mapping[str, Any]) -> Week:
    """Figures that older or newer code knows are left out."""
    known = {name: told[name] for name in Week.__slots__ if name in told and name != "errors"}
    return Week(**known, errors=[TopError(**one) for one in told.get("errors", ())])


def _broken(row: RowMapping, span: Window) -> tuple[int, int]:
    every = timedelta(minutes=row["sync_frequency_minutes"]) if row["sync_enabled"] else None
    facts = Facts(
        created_at=row["created_at"],
        every=every,
        hours=read_hours(row["opening_hours"], timezone=row["timezone"]),
    )
    told = [[at and datetime.fromisoformat(at) for at in one] for one in row["fresh"]]
    rests = {fresh: rest for fresh, rest in told if rest}
    return broken(facts, [fresh for fresh, _ in told], span, rests=rests)
