"""Whether accounts' own programs are told that the sheet changed; no account is named."""

from collections.abc import Iterator

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Question, Sample, answers

# Every state is told, so that one that clears goes to nought.
_ENDPOINTS = text(
    """
    SELECT each.state, count(kept.state) AS endpoints
    FROM unnest(ARRAY['active', 'failing', 'paused', 'disabled']) AS each (state)
    LEFT JOIN (
      SELECT CASE WHEN state = 'active' AND failing_since IS NOT NULL THEN 'failing'
                  ELSE state END AS state
      FROM accounts JOIN webhook_endpoints ON account_id = accounts.id
      WHERE removed_at IS NULL
    ) AS kept ON kept.state = each.state
    GROUP BY each.state
    """
)
_MESSAGES = text(
    """
    SELECT each.state, count(told.state) AS messages
    FROM unnest(ARRAY['due', 'delivered', 'failed']) AS each (state)
    LEFT JOIN (
      SELECT message.state FROM accounts CROSS JOIN LATERAL (
        SELECT state FROM webhook_messages
        WHERE account_id = accounts.id AND created_at > now() - interval '1 hour'
      ) AS message
    ) AS told ON told.state = each.state
    GROUP BY each.state
    """
)
# What a person paused, or days of failing ended, waits for nobody.
_OLDEST = text(
    """
    SELECT coalesce(max(extract(epoch FROM now() - oldest.at)), 0)::float AS seconds
    FROM accounts JOIN webhook_endpoints AS endpoint ON endpoint.account_id = accounts.id
    CROSS JOIN LATERAL (
      SELECT least(endpoint.waiting_since,
                   (SELECT min(created_at) FROM webhook_messages AS due
                    WHERE due.endpoint_id = endpoint.id AND due.state = 'due')) AS at
    ) AS oldest
    WHERE endpoint.removed_at IS NULL AND endpoint.state = 'active'
    """
)

QUESTIONS = (
    Question(statement=_ENDPOINTS, labels=("state",), values={"pms_sync_endpoints": "endpoints"}),
    Question(
        statement=_MESSAGES,
        labels=("state",),
        values={"pms_sync_endpoint_messages_last_hour": "messages"},
    ),
    Question(statement=_OLDEST, values={"pms_sync_oldest_untold_seconds": "seconds"}),
)


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role."""
    return answers(db, QUESTIONS)
