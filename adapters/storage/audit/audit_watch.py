"""Looks through an account's newest audit rows for reading that somebody should look at."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.audit.audit_findings import keep
from domain.accesses import DENIED, EXPORTS, FOLLOWING, Odd, Rule, Thresholds
from domain.desk_calls import PATIENTS
from domain.hours import OpeningHours, read_hours
from domain.rhythm import USUAL
from infra.database import dispatch, transaction

LOOK_BACK = timedelta(hours=25)
"""A span of a day is looked at until it is over, and once more."""

KNOWN_FOR = timedelta(days=90)
AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
CALLERS = "callers"
NOT_PEOPLE = r"^(vapi|voice|system|pms-sync|sync|sikka|twilio|(sync|webhook|push|vapi):.*)$"
"""Syncs and what we do by ourselves are at any hour, callers many; they are bounded elsewhere."""

_ACCOUNTS = text("SELECT id FROM accounts ORDER BY id")
_COUNTED = text(
    """
    SELECT date_trunc(:span, created_at, 'UTC') AS since, user_id AS person,
           count(DISTINCT patient_id) FILTER (WHERE action <> :searched) AS patients,
           count(*) FILTER (WHERE action = :denied) AS denials,
           count(*) FILTER (WHERE action = ANY (CAST(:exports AS text[]))) AS exports
    FROM pms_audit_logs
    WHERE created_at >= :since AND user_id !~ :not_people
    GROUP BY 1, 2
    """
)
_READING = text(
    """
    SELECT date_trunc('hour', created_at, 'UTC') AS since, user_id AS person, count(*) AS reads,
           max(created_at) AS latest
    FROM pms_audit_logs
    WHERE created_at >= :since AND phi_accessed
      AND (endpoint IS NULL OR endpoint <> ALL (CAST(:following AS text[])))
      AND user_id !~ :not_people
    GROUP BY 1, 2
    """
)
# Each person's address is looked up once, however often they came from it.
_ADDRESSES = text(
    """
    WITH fresh AS MATERIALIZED (
      SELECT created_at, user_id, ip_address, patient_id FROM pms_audit_logs
      WHERE created_at >= :since AND phi_accessed AND ip_address IS NOT NULL
        AND user_id !~ :not_people
    ), met AS (
      SELECT DISTINCT user_id, ip_address FROM fresh
    ), unknown AS (
      SELECT user_id, ip_address FROM met
      WHERE EXISTS (SELECT FROM pms_audit_logs AS old
                    WHERE old.user_id = met.user_id AND old.ip_address IS NOT NULL
                      AND old.created_at >= :known_since AND old.created_at < :since)
        AND NOT EXISTS (SELECT FROM pms_audit_logs AS old
                        WHERE old.user_id = met.user_id AND old.ip_address = met.ip_address
                          AND old.created_at >= :known_since AND old.created_at < :since)
    )
    SELECT date_trunc('day', fresh.created_at, 'UTC') AS since, user_id AS person,
           count(DISTINCT fresh.patient_id) AS patients
    FROM fresh JOIN unknown USING (user_id, ip_address)
    GROUP BY 1, 2
    """
)
_NOT_BELIEVED = text(
    """
    SELECT date_trunc('day', seen_at, 'UTC') AS since, sum(attempts)::int AS wrong FROM phone_calls
    WHERE seen_at >= :since AND attempts > 0 GROUP BY 1
    """
)
# Counted as it was read, by people who are counted at all; of days of the sheet each once.
_READ = text(
    """
    SELECT span, since, person, rows FROM patient_reading
    WHERE since >= :midnight AND rows >= CASE span WHEN 'hour' THEN :an_hour ELSE :a_day END
    """
)
_DAYS_READ = text(
    """
    SELECT read_on, person, count(DISTINCT sheet_day) AS days FROM sheet_days_read
    WHERE read_on >= CAST(:midnight AS date)
    GROUP BY read_on, person HAVING count(DISTINCT sheet_day) >= :most
    """
)
_HOURS = text(
    """
    SELECT DISTINCT opening_hours, timezone FROM pms_connections
    WHERE removed_at IS NULL AND state <> 'SETUP_REQUIRED'
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Evaluates every account by the thresholds; a finding is kept once."""

    engine: Engine
    clock: Callable[[], datetime]
    thresholds: Thresholds
    usual_hours: Mapping[str, Any] = field(default_factory=lambda: dict(USUAL))

    def accounts(self) -> Sequence[str]:
        with dispatch(self.engine) as db:
            return list(db.execute(_ACCOUNTS).scalars())

    def watch(self, account_id: str) -> int:
        """How many findings are new."""
        with transaction(self.engine, account_id=account_id) as db:
            return keep(db, account_id, self._odd(db))

    def _odd(self, db: Db) -> Iterator[Odd]:
        since = self.clock() - LOOK_BACK
        yield from self._in_an_hour(db, since)
        yield from self._in_a_day(db, since)
        yield from self._at_night(db, since)
        yield from self._in_bulk(db, _midnight(since))
        yield from self._on_the_phone(db, _midnight(since))

    def _in_an_hour(self, db: Db, since: datetime) -> Iterator[Odd]:
        most = self.thresholds
        for row in db.execute(_COUNTED, _values("hour", since)):
            counted = (
                (Rule.MANY_PATIENTS, row.patients, most.patients_an_hour),
                (Rule.DENIALS, row.denials, most.denials_an_hour),
            )
            for rule, count, threshold in counted:
                yield from _over(rule, row.person, (row.since, AN_HOUR), count, threshold)

    def _in_a_day(self, db: Db, since: datetime) -> Iterator[Odd]:
        most = self.thresholds
        for row in db.execute(_COUNTED, _values("day", _midnight(since))):
            span = (row.since, A_DAY)
            yield from _over(Rule.EXPORTS, row.person, span, row.exports, most.exports_a_day)
        midnight = _midnight(since)
        known = {"known_since": midnight - KNOWN_FOR, "since": midnight}
        for row in db.execute(_ADDRESSES, {**_values("day", midnight), **known}):
            span, threshold = (row.since, A_DAY), most.new_address_patients
            yield from _over(Rule.NEW_ADDRESS, row.person, span, row.patients, threshold)

    def _on_the_phone(self, db: Db, midnight: datetime) -> Iterator[Odd]:
        """Callers who name patients and are not believed: one of them may be guessing."""
        most = self.thresholds.wrong_answers
        for row in db.execute(_NOT_BELIEVED, {"since": midnight}):
            span = (row.since, A_DAY)
            yield from _over(Rule.WRONG_ANSWERS, CALLERS, span, row.wrong, most)

    def _in_bulk(self, db: Db, midnight: datetime) -> Iterator[Odd]:
        """As much of the sheet as nobody needs who works with it."""
        most = self.thresholds
        values = {"midnight": midnight, "an_hour": most.rows_an_hour, "a_day": most.rows_a_day}
        for row in db.execute(_READ, values):
            rule, lasts, threshold = (
                (Rule.BULK_READING, AN_HOUR, most.rows_an_hour)
                if row.span == "hour"
                else (Rule.BULK_IN_A_DAY, A_DAY, most.rows_a_day)
            )
            yield from _over(rule, row.person, (row.since, lasts), row.rows, threshold)
        for row in db.execute(_DAYS_READ, {"midnight": midnight, "most": most.sheet_days}):
            span = (datetime.combine(row.read_on, time(), UTC), A_DAY)
            yield from _over(Rule.MANY_DAYS, row.person, span, row.days, most.sheet_days)

    def _at_night(self, db: Db, since: datetime) -> Iterator[Odd]:
        """Where a practice says when it is open, and all are far from it, the others as usual."""
        rows = db.execute(_HOURS).all()
        if not any(row.opening_hours for row in rows):
            return
        told = [
            read_hours(row.opening_hours or self.usual_hours, timezone=row.timezone) for row in rows
        ]
        margin = timedelta(hours=self.thresholds.hours_outside)
        for row in db.execute(_READING, _values("hour", since)):
            if all(one and _is_far(one, row.latest, margin) for one in told):
                yield from _over(Rule.UNUSUAL_HOURS, row.person, (row.since, AN_HOUR), row.reads, 1)


def _is_far(hours: OpeningHours, at: datetime, margin: timedelta) -> bool:
    """Neither open then, nor so many hours before or after."""
    moments = (at - margin, at, at + margin)
    if any(hours.opening(one) for one in moments):
        return False
    ahead = hours.next_opening(at - margin)
    return ahead is None or ahead > at + margin


def _over(
    rule: Rule, person: str, span: tuple[datetime, timedelta], counted: int, threshold: int
) -> Iterator[Odd]:
    if counted >= threshold:
        since, lasts = span
        yield Odd(
            rule=rule,
            person=person,
            since=since,
            until=since + lasts,
            counted=counted,
            threshold=threshold,
        )


def _values(span: str, since: datetime) -> dict[str, object]:
    return {
        "span": span,
        "since": since,
        "denied": DENIED,
        "searched": PATIENTS,
        "exports": list(EXPORTS),
        "following": list(FOLLOWING),
        "not_people": NOT_PEOPLE,
    }


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
