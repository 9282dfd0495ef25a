"""What is done to every account once a backup was restored, and what a person is to look at."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.people.revoking import call_back_tokens, end_everywhere
from adapters.storage.practices import connection_list

HELD_BACK = "A backup was restored; it goes on once somebody says that it is still connected."

_RESTORED = text("UPDATE accounts SET restored_at = :at WHERE id = :id")
_IS_TOLD = text("SELECT coalesce(restored_at >= :backup, false) FROM accounts WHERE id = :id")
# One that needs a sign-in is read by nobody, and must not lose that mark.
_GOING_ON = text(
    """
    SELECT id FROM pms_connections
    WHERE account_id = :id AND removed_at IS NULL AND state IN ('ACTIVE', 'ERROR')
    ORDER BY created_at, id
    """
)
_TAKES_CALLS = text(
    """
    SELECT EXISTS (SELECT FROM tool_calls WHERE account_id = :id)
        OR cardinality(vapi_number_ids) + cardinality(phones) > 0
    FROM accounts WHERE id = :id
    """
)
_STANDS = text(
    """
    SELECT 'person' AS what, NULL AS id, name, role AS stands FROM users
    WHERE account_id = :id AND disabled_at IS NULL
    UNION ALL
    SELECT 'practice', CAST(id AS text), display_name,
           CASE WHEN webhook_key_made_at IS NULL THEN state
                ELSE state || ', webhook key of '
                  || to_char(webhook_key_made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') END
    FROM pms_connections WHERE account_id = :id AND removed_at IS NULL
    UNION ALL
    SELECT 'endpoint', CAST(id AS text), url, state FROM webhook_endpoints
    WHERE account_id = :id AND removed_at IS NULL
    ORDER BY 1, 3
    """
)


def call_back(db: Db, account_id: str, *, at: datetime) -> int:
    """End sessions, links and bearer tokens that were ended before; how many sessions were open.

    From here on, what may have left before is looked for. For the dispatch role.
    """
    db.execute(_RESTORED, {"id": account_id, "at": at})
    # Instants of tokens are whole seconds: those of this very second are gone, too.
    call_back_tokens(db, account_id=account_id, at=at + timedelta(seconds=1))
    return end_everywhere(db, account_id=account_id)


def is_told(db: Db, account_id: str, *, backup: datetime) -> bool:
    """Whether that restore was told before: what a person resumed since goes on."""
    told: bool = db.execute(_IS_TOLD, {"id": account_id, "backup": backup}).scalar_one()
    return told


def hold_back(db: Db, account_id: str) -> Sequence[UUID]:
    """Pause every practice that would go on: one that has left since the backup is among them.

    For the account.
    """
    ids = db.execute(_GOING_ON, {"id": account_id}).scalars().all()
    for one in ids:
        connection_list.pause(db, one, reason=HELD_BACK)
    return ids


def takes_calls(db: Db, account_id: str) -> bool:
    """Whether callers may have been promised something that the backup does not know of."""
    takes: bool = db.execute(_TAKES_CALLS, {"id": account_id}).scalar_one()
    return takes


def standing(db: Db, account_id: str) -> Sequence[Mapping[str, Any]]:
    """Who may sign in, which practices are connected, which programs are told: for the account."""
    return [dict(row) for row in db.execute(_STANDS, {"id": account_id}).mappings()]
