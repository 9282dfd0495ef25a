"""Counts the rows of patients a person reads: one statement a reading, by hour and by day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import text

from domain.accesses import ReadingLimits
from domain.errors import SyncError

HOUR, DAY = "hour", "day"
SPANS: Mapping[str, timedelta] = {HOUR: timedelta(hours=1), DAY: timedelta(days=1)}

# Of a day of the sheet only what was not read that day counts, so that an open page may renew
# itself; whoever reads at the same moment waits for the count, which is why the two cannot pass.
_COUNT = text(
    """
    WITH given AS (
      SELECT * FROM unnest(
        CAST(:days AS date[]), CAST(:parts AS text[]), CAST(:rows AS int[])
      ) AS one(sheet_day, part, rows)
    ), unread AS (
      SELECT given.sheet_day, given.part, given.rows, given.rows - coalesce(held.rows, 0) AS fresh,
             held.rows IS NULL AS is_new
      FROM given LEFT JOIN sheet_days_read AS held
        ON held.account_id = :account_id AND held.person = :person AND held.read_on = :today
       AND held.sheet_day = given.sheet_day AND held.part = given.part
      WHERE given.rows > coalesce(held.rows, 0)
    ), kept AS (
      INSERT INTO sheet_days_read AS held (account_id, person, read_on, sheet_day, part, rows)
      SELECT :account_id, :person, :today, sheet_day, part, rows
      FROM unread ORDER BY sheet_day, part
      ON CONFLICT (account_id, person, read_on, sheet_day, part)
      DO UPDATE SET rows = GREATEST(held.rows, EXCLUDED.rows)
    ), fresh AS (
      SELECT CAST(coalesce(sum(fresh), 0) + :more AS int) AS rows,
             :more > 0 OR coalesce(bool_or(is_new), false) AS is_judged
      FROM unread
    )
    INSERT INTO patient_reading AS counted (account_id, person, span, since, rows)
    SELECT :account_id, :person, span, date_trunc(span, CAST(:at AS timestamptz), 'UTC'), fresh.rows
    FROM fresh CROSS JOIN unnest(ARRAY['day', 'hour']) AS span
    WHERE fresh.rows > 0 ORDER BY span
    ON CONFLICT (account_id, person, span, since)
    DO UPDATE SET rows = counted.rows + EXCLUDED.rows
    RETURNING span, rows - (SELECT rows FROM fresh) AS before,
              (SELECT is_judged FROM fresh) AS is_judged
    """
)
_READ = text(
    """
    SELECT span, rows AS before FROM patient_reading
    WHERE account_id = :account_id AND person = :person
      AND (span, since) IN (('hour', date_trunc('hour', CAST(:at AS timestamptz), 'UTC')),
                            ('day', date_trunc('day', CAST(:at AS timestamptz), 'UTC')))
    """
)


class ReadEnough(SyncError):
    """Somebody has read as many rows of patients as one person may within an hour or a day."""

    def __init__(self, span: str, *, most: int, until: datetime) -> None:
        super().__init__(f"more than {most} rows of patients within the {span}")
        self.span = span
        self.most = most
        self.until = until


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whose reading is counted, when, and how much of it there may be."""

    account_id: str
    person: str
    at: datetime
    limits: ReadingLimits

    def check(self, db: Db) -> None:
        """Before much is read; raises ReadEnough."""
        values = {"account_id": self.account_id, "person": self.person, "at": self.at}
        self._judge({row.span: row.before for row in db.execute(_READ, values)})

    def count(
        self, db: Db, *, days: Mapping[tuple[date, str], int] | None = None, more: int = 0
    ) -> None:
        """Rows of these days, or of parts of them, and so many others; ReadEnough takes it back.

        A reading that begins below the limit may go over it, so that none is too long for ever.
        What came to a day that was read already counts, and never shuts that day.
        """
        if not days and not more:
            return
        told = sorted((days or {}).items())
        values = {
            "account_id": self.account_id,
            "person": self.person,
            "at": self.at,
            "today": self.at.date(),
            "days": [day for (day, _), _ in told],
            "parts": [part for (_, part), _ in told],
            "rows": [rows for _, rows in told],
            "more": more,
        }
        counted = db.execute(_COUNT, values).all()
        self._judge({row.span: row.before for row in counted if row.is_judged})

    def _judge(self, before: Mapping[str, int]) -> None:
        most = {DAY: self.limits.rows_a_day, HOUR: self.limits.rows_an_hour}
        for span, limit in most.items():
            if before.get(span, 0) >= limit:
                raise ReadEnough(span, most=limit, until=_start(span, self.at) + SPANS[span])


def _start(span: str, at: datetime) -> datetime:
    """Of the clock's hour, or of the day; `at` is in UTC."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if span == HOUR else hour.replace(hour=0)
