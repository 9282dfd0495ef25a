"""What happened to the sheet, in order: pages follow along and catch up by number."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

Kind = Literal[
    "sync_started",
    "sync_ended",
    "sheet_changed",
    "connection_checked",
    "connection_changed",
    "backfill_moved",
    "authorisation_changed",
]

CHANNEL = "events"
MOST = 500
# Numbers are given before commits: a lower one may appear after a higher, so ask further back.
OVERLAP = 64
OVERLAP_SECONDS = 15

KEEP_IF_ANY = """
    INSERT INTO run_sheet_events (account_id, kind, connection_id, detail)
    SELECT CAST(:account_id AS text), :kind, CAST(:connection_id AS uuid), CAST(:detail AS jsonb)
    WHERE CAST(:detail AS jsonb) IS NOT NULL RETURNING account_id
"""
"""An event that has a detail; whoever runs it notifies `CHANNEL` of the account it answers."""

_TELL = text(
    f"""
    WITH event AS ({KEEP_IF_ANY}) SELECT pg_notify('{CHANNEL}', account_id) FROM event
    """  # noqa: S608 - the statement above
)
_LAST = (
    "pg_sequence_last_value(CAST(pg_get_serial_sequence('run_sheet_events', 'seq') AS regclass))"
)
_NEWEST = text(f"SELECT {_LAST}")
_SINCE = text(
    """
    SELECT seq, kind, connection_id, detail, at FROM run_sheet_events
    WHERE account_id = :account_id
      AND (seq > :after
           OR (seq > :after - :overlap AND at > now() - make_interval(secs => :recent)))
    ORDER BY seq LIMIT :most
    """
)
_KEPT = text(f"SELECT (SELECT min(seq) FROM run_sheet_events) AS oldest, {_LAST} AS last")  # noqa: S608


@dataclass(frozen=True, slots=True)
class Event:
    """Ids, days and counts only."""

    seq: int
    kind: str
    connection_id: UUID | None
    detail: Mapping[str, Any]
    at: datetime


def tell(
    db: Db, *, account_id: str, kind: Kind, connection_id: UUID | None, detail: Mapping[str, Any]
) -> None:
    """Write an event in the transaction of what happened; whoever listens wakes at its commit."""
    told = event_values(
        account_id=account_id, kind=kind, connection_id=connection_id, detail=detail
    )
    db.execute(_TELL, told)


def event_values(
    *,
    account_id: str,
    kind: Kind,
    connection_id: UUID | None,
    detail: Mapping[str, Any] | None,
) -> Mapping[str, Any]:
    """What `KEEP_IF_ANY` wants to be told."""
    return {
        "account_id": account_id,
        "kind": kind,
        "connection_id": connection_id,
        "detail": None if detail is None else json.dumps(dict(detail)),
    }


def newest(db: Db) -> int:
    """The last number given, to any account; 0 before there is one."""
    found: int | None = db.execute(_NEWEST).scalar_one()
    return found or 0


def since(db: Db, account_id: str, after: int) -> Sequence[Event]:
    """Events after that number, oldest first, with a few recent ones that may be told twice."""
    values = {
        "account_id": account_id,
        "after": after,
        "overlap": OVERLAP,
        "recent": OVERLAP_SECONDS,
        "most": MOST,
    }
    return [_event(row) for row in db.execute(_SINCE, values)]


def is_pruned(db: Db, after: int) -> bool:
    """Whether events after that number may be gone, so that only reading it all again helps.

    Ask in a transaction that sees every account: numbers are shared by all of them.
    """
    kept = db.execute(_KEPT).one()
    last = kept.last or 0
    oldest = kept.oldest if kept.oldest is not None else last + 1
    return after > last or after + 1 < oldest


def _event(row: Row[Any]) -> Event:
    return Event(row.seq, row.kind, row.connection_id, row.detail, row.at)
