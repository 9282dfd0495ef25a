"""Findings about accesses: kept once per rule, person and span, and acknowledged by somebody."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from domain.accesses import FindingState, Noticed, Odd, Rule
from domain.errors import BadInput
from domain.sheet import NotOnSheet

MOST = 100

# More of the same in the same span is the same finding; what was acknowledged stays so.
_KEEP = text(
    """
    INSERT INTO audit_findings (account_id, rule, person, since, until, counted, threshold)
    VALUES (:account_id, :rule, :person, :since, :until, :counted, :threshold)
    ON CONFLICT (account_id, rule, person, since)
    DO UPDATE SET counted = GREATEST(audit_findings.counted, EXCLUDED.counted),
                  until = GREATEST(audit_findings.until, EXCLUDED.until)
    RETURNING (xmax = 0) AS is_new
    """
)
_COLUMNS = """
    id, rule, person, since, until, counted, threshold, state, note, acknowledged_by,
    acknowledged_at, created_at
"""
_LIST = text(
    f"""
    SELECT {_COLUMNS} FROM audit_findings
    WHERE CAST(:state AS text) IS NULL OR state = :state
    ORDER BY state = 'open' DESC, created_at DESC, id LIMIT :limit
    """  # noqa: S608 - this module's own words
)
_ACKNOWLEDGE = text(
    f"""
    UPDATE audit_findings SET state = 'acknowledged', note = :note, acknowledged_by = :by,
                              acknowledged_at = :at
    WHERE id = :id AND state = 'open' RETURNING {_COLUMNS}
    """  # noqa: S608 - this module's own words
)
_STATE = text("SELECT state FROM audit_findings WHERE id = :id")
_OPEN = text("SELECT count(*) FROM audit_findings WHERE state = 'open'")


def keep(db: Db, account_id: str, odd: Iterable[Odd]) -> int:
    """How many of them are new."""
    new = 0
    for one in odd:
        new += db.execute(_KEEP, {**asdict(one), "account_id": account_id}).scalar_one()
    return new


def listed(db: Db, *, state: FindingState | None = None, limit: int = MOST) -> Sequence[Noticed]:
    """Open ones first, then newest first."""
    rows = db.execute(_LIST, {"state": state, "limit": limit}).mappings()
    return [_noticed(row) for row in rows]


def open_count(db: Db) -> int:
    found: int = db.execute(_OPEN).scalar_one()
    return found


def acknowledge(db: Db, finding_id: UUID, *, note: str, by: str, at: datetime) -> Noticed:
    """Somebody has looked; what they found out stays with it."""
    if not note.strip():
        raise BadInput("Say what you found out; the note is kept with the finding.")
    values = {"id": finding_id, "note": note.strip(), "by": by, "at": at}
    row = db.execute(_ACKNOWLEDGE, values).mappings().first()
    if row is not None:
        return _noticed(row)
    if db.execute(_STATE, {"id": finding_id}).first() is None:
        raise NotOnSheet("There is no such finding.")
    raise BadInput("Somebody has acknowledged this finding already.")


def _noticed(row: RowMapping) -> Noticed:
    return Noticed(**{**row, "rule": Rule(row["rule"]), "state": FindingState(row["state"])})
