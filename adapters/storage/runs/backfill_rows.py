"""Backfills as rows: found, listed, and moved from state to state."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import RowMapping, text

from domain.backfills import Backfill, BackfillState
from domain.sheet import NotOnSheet

COUNTED = ("requests", "fetched", "created", "updated", "removed", "rejected")

_SECONDS = """
    COALESCE((SELECT extract(epoch FROM sum(run.completed_at - run.started_at))::float
              FROM pms_sync_log AS run WHERE run.backfill_id = backfill.id), 0) AS seconds
"""
_FIND = text(
    f"SELECT backfill.*, {_SECONDS} FROM pms_backfills AS backfill WHERE id = :id"  # noqa: S608
)
_LOCK = text("SELECT *, 0.0 AS seconds FROM pms_backfills WHERE id = :id FOR UPDATE")
_LIST = text(
    f"""
    SELECT backfill.*, {_SECONDS} FROM pms_backfills AS backfill
    WHERE (CAST(:connection_id AS uuid) IS NULL OR pms_connection_id = :connection_id)
      AND (CAST(:at AS timestamptz) IS NULL
           OR (asked_at, id) < (CAST(:at AS timestamptz), CAST(:before AS uuid)))
    ORDER BY asked_at DESC, id DESC LIMIT :limit
    """  # noqa: S608 - this module's own words
)
_SET = text(
    """
    UPDATE pms_backfills SET state = :state, reason = :reason,
                             ended_at = CASE WHEN :over THEN CAST(:at AS timestamptz) END
    WHERE id = :id
    """
)
_JOB = text(
    """
    SELECT id FROM jobs
    WHERE connection_id = :connection_id AND kind = 'sync' AND state IN ('ready', 'running')
      AND args ->> 'backfill_id' = :id
    ORDER BY id LIMIT 1
    """
)


def find(db: Db, backfill_id: UUID) -> Backfill:
    row = db.execute(_FIND, {"id": backfill_id}).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such backfill.")
    return _backfill(row)


def listed(
    db: Db,
    *,
    connection_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 20,
) -> list[Backfill]:
    """Newest first."""
    at, row_id = before or (None, None)
    values = {"connection_id": connection_id, "at": at, "before": row_id, "limit": limit}
    return [_backfill(row) for row in db.execute(_LIST, values).mappings()]


def unfinished_job(db: Db, backfill: Backfill) -> int | None:
    """The job of the chunk under way, or of the next."""
    values = {"connection_id": backfill.connection_id, "id": str(backfill.id)}
    found: int | None = db.execute(_JOB, values).scalar_one_or_none()
    return found


def locked(db: Db, backfill_id: UUID) -> Backfill:
    row = db.execute(_LOCK, {"id": backfill_id}).mappings().first()
    if row is None:
        raise NotOnSheet("There is no such backfill.")
    return _backfill(row)


def set_state(
    db: Db,
    backfill: Backfill,
    state: BackfillState,
    *,
    reason: str | None,
    at: datetime | None = None,
) -> None:
    values = {"state": state.value, "reason": reason and reason[:500], "at": at}
    db.execute(_SET, {**values, "over": at is not None, "id": backfill.id})


def _backfill(row: RowMapping | Mapping[str, Any]) -> Backfill:
    return Backfill(
        id=row["id"],
        connection_id=row["pms_connection_id"],
        first_day=row["day_from"],
        last_day=row["day_to"],
        chunk_days=row["chunk_days"],
        done_to=row["done_to"],
        state=BackfillState(row["state"]),
        reason=row["reason"],
        counts={name: row[name] for name in COUNTED},
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        seconds=row["seconds"],
    )
