"""An account's audit rows as somebody looks through them: by anything, newest first, or counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

_MATCHES = """
    (CAST(:since AS timestamptz) IS NULL OR logs.created_at >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR logs.created_at < :until)
    AND (CAST(:person AS text) IS NULL OR logs.user_id = :person)
    AND (CAST(:action AS text) IS NULL OR logs.action = :action
         OR starts_with(logs.action, CAST(:action AS text) || '.'))
    AND (CAST(:connection_id AS uuid) IS NULL OR logs.pms_integration_id = :connection_id)
    AND (CAST(:patient_id AS text) IS NULL OR logs.patient_id = :patient_id)
    AND (CAST(:trace_id AS text) IS NULL OR logs.trace_id = :trace_id)
    AND (NOT :phi_only OR logs.phi_accessed)
"""
_FIND = text(
    f"""
    SELECT logs.id, logs.created_at, logs.user_id, logs.action, logs.method, logs.endpoint,
           logs.pms_integration_id AS connection_id, own.display_name AS practice,
           logs.request_summary AS summary, logs.response_status AS status,
           logs.response_time AS took_ms, logs.phi_accessed, logs.phi_fields, logs.patient_id,
           logs.success, logs.error_message AS error, logs.trace_id, logs.vapi_call_id,
           host(logs.ip_address) AS address, logs.user_agent,
           link.seq AS place
    FROM pms_audit_logs AS logs
    LEFT JOIN pms_connections AS own ON own.id = logs.pms_integration_id
    LEFT JOIN audit_chain AS link ON link.audit_id = logs.id
    WHERE {_MATCHES}
      AND (CAST(:before_at AS timestamptz) IS NULL
           OR (logs.created_at, logs.id) < (:before_at, :before_id))
    ORDER BY logs.created_at DESC, logs.id DESC LIMIT :limit
    """  # noqa: S608 - this module's own words
)
_PER_DAY = text(
    f"""
    SELECT CAST(logs.created_at AT TIME ZONE :timezone AS date) AS day,
           count(*) FILTER (WHERE logs.phi_accessed) AS patients, count(*) AS accesses
    FROM pms_audit_logs AS logs WHERE {_MATCHES} GROUP BY 1 ORDER BY 1
    """  # noqa: S608 - this module's own words
)
_CHOICES = text(
    """
    SELECT DISTINCT user_id, action FROM pms_audit_logs
    WHERE created_at >= :since ORDER BY 1, 2 LIMIT 2000
    """
)
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; `action` is one, or the beginning of several up to a dot."""

    since: datetime | None = None
    until: datetime | None = None
    person: str | None = None
    action: str | None = None
    connection_id: UUID | None = None
    patient_id: str | None = None
    trace_id: str | None = None
    phi_only: bool = False

    @property
    def names(self) -> str:
        """By what it was looked for, without the values."""
        named = [name for name, value in asdict(self).items() if value]
        return ", ".join(named) or "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One access as it is shown; `place` is its link's, None while it waits for one."""

    id: int
    created_at: datetime
    user_id: str | None
    action: str
    method: str | None
    endpoint: str | None
    connection_id: UUID | None
    practice: str | None
    summary: str | None
    status: int
    took_ms: int | None
    phi_accessed: bool
    phi_fields: Sequence[str]
    patient_id: str | None
    success: bool
    error: str | None
    trace_id: str | None
    vapi_call_id: str | None
    address: str | None
    user_agent: str | None
    place: int | None

    def without_patient(self) -> "Seen":
        """For those who keep the machinery running and see no patient, not even by number."""
        return replace(self, patient_id=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    day: date
    accesses: int
    patients: int


def find(
    db: Db, wanted: Wanted, *, before: tuple[datetime, UUID] | None = None, limit: int
) -> Sequence[Seen]:
    """Newest first; `before` is the `mark` of the last one told."""
    values = {
        **asdict(wanted),
        "before_at": before and before[0],
        "before_id": before and min(before[1].int, LARGEST),
        "limit": limit,
    }
    return [_seen(row) for row in db.execute(_FIND, values).mappings()]


def mark(row: Seen) -> tuple[datetime, UUID]:
    """Where the page after this row begins."""
    return row.created_at, UUID(int=row.id)


def everything(db: Db, wanted: Wanted, *, most: int, page: int = 1000) -> Iterator[Seen]:
    """All that match, newest first, read page by page and no more than `most`."""
    before, told = None, 0
    while told < most:
        rows = find(db, wanted, before=before, limit=min(page, most - told))
        yield from rows
        if len(rows) < page:
            return
        before, told = mark(rows[-1]), told + len(rows)


def per_day(db: Db, wanted: Wanted, *, timezone: str) -> Sequence[DayCount]:
    """How many accesses there were on each of the account's days, and how many saw patients."""
    rows = db.execute(_PER_DAY, {**asdict(wanted), "timezone": timezone})
    return [DayCount(day=row.day, accesses=row.accesses, patients=row.patients) for row in rows]


def choices(db: Db, *, since: datetime) -> Mapping[str, Sequence[str]]:
    """Persons and actions there were, to choose from."""
    rows = db.execute(_CHOICES, {"since": since}).all()
    persons = sorted({row.user_id for row in rows if row.user_id})
    return {"persons": persons, "actions": sorted({row.action for row in rows})}


def _seen(row: RowMapping) -> Seen:
    values: dict[str, Any] = {**row}
    return Seen(**values)
