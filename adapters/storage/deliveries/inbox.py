"""What reached us and what callers asked, as an operator sees it: never what it held."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

# A delivery is named by the job that settles it; a job is pruned before its deliveries are.
_DELIVERIES = text(
    """
    SELECT came.id, came.sender, came.event, came.subject, came.state, came.note, came.times,
           came.job_id, came.received_at, came.last_received_at, came.settled_at,
           own.display_name AS practice, own.id AS connection_id, jobs.state AS job_state,
           jobs.waiting_for
    FROM deliveries AS came
    LEFT JOIN pms_connections AS own ON own.id = came.connection_id
    LEFT JOIN jobs ON jobs.id = came.job_id
    WHERE (CAST(:sender AS text) IS NULL OR came.sender = :sender)
      AND (CAST(:state AS text) IS NULL OR came.state = :state)
      AND (CAST(:before_at AS timestamptz) IS NULL
           OR (came.received_at, came.id) < (:before_at, :before_id))
    ORDER BY came.received_at DESC, came.id DESC LIMIT :limit
    """
)
# Each is one step into an index: there are few, and any number of deliveries of each.
_SENDERS = text(
    """
    WITH RECURSIVE each AS (
      (SELECT sender FROM deliveries ORDER BY sender LIMIT 1)
      UNION ALL
      SELECT (SELECT deliveries.sender FROM deliveries
              WHERE deliveries.sender > each.sender ORDER BY deliveries.sender LIMIT 1)
      FROM each WHERE each.sender IS NOT NULL
    )
    SELECT sender FROM each WHERE sender IS NOT NULL ORDER BY sender
    """
)
_ASKED = text(
    """
    SELECT asked.id, asked.tool, asked.state, asked.answered_by, asked.told, asked.job_id,
           asked.created_at, asked.answered_at, own.display_name AS practice
    FROM tool_calls AS asked LEFT JOIN pms_connections AS own ON own.id = asked.connection_id
    WHERE NOT starts_with(asked.tool, 'api.')
    ORDER BY asked.created_at DESC, asked.id DESC LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """One delivery, and how the job that settles it stands."""

    id: UUID
    sender: str
    event: str
    subject: str | None
    state: str
    note: str | None
    times: int
    job_id: int | None
    received_at: datetime
    last_received_at: datetime
    settled_at: datetime | None
    practice: str | None
    connection_id: UUID | None
    job_state: str | None
    waiting_for: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One tool call: which tool, who answered and how soon, and what a caller was told of it."""

    id: UUID
    tool: str
    state: str
    answered_by: str | None
    told: str | None
    job_id: int | None
    created_at: datetime
    answered_at: datetime | None
    practice: str | None

    @property
    def seconds(self) -> float | None:
        if self.answered_at is None:
            return None
        return (self.answered_at - self.created_at).total_seconds()


def deliveries(
    db: Db,
    *,
    sender: str | None = None,
    state: str | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Came]:
    """The account's, newest first."""
    before_at, before_id = before or (None, None)
    values = {
        "sender": sender,
        "state": state,
        "before_at": before_at,
        "before_id": before_id,
        "limit": limit,
    }
    return [Came(**row) for row in db.execute(_DELIVERIES, values).mappings()]


def senders(db: Db) -> Sequence[str]:
    """Whoever has sent something that is still kept."""
    return list(db.execute(_SENDERS).scalars())


def asked(db: Db, *, limit: int) -> Sequence[Asked]:
    """The account's latest tool calls, newest first."""
    return [Asked(**row) for row in db.execute(_ASKED, {"limit": limit}).mappings()]
