"""Callers' questions and what was written for them: answered in time or not, settled or not."""

from collections.abc import Iterator

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Question, Sample, answers

# A fallback is what the ingress said in a worker's place; too late is what came after the deadline.
_CALLS = """
    FROM accounts CROSS JOIN LATERAL (
      SELECT CASE WHEN answered_at > deadline_at THEN 'too_late'
                  WHEN state IN ('late', 'withdrawn') THEN 'fallback'
                  WHEN state = 'answered' THEN 'answered'
                  WHEN deadline_at < now() THEN 'too_late'
                  ELSE 'waiting' END AS outcome,
             extract(epoch FROM answered_at - created_at) AS seconds
      FROM tool_calls AS call
      WHERE call.account_id = accounts.id AND call.created_at > now() - interval '1 hour'
    ) AS call
"""
_OUTCOMES = text(f"SELECT outcome, count(*) AS calls {_CALLS} GROUP BY 1")
_PATIENCE = text(
    f"""
    SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds)::float AS seconds {_CALLS}
    """
)
_BOOKINGS = """
    FROM pms_connections AS own CROSS JOIN LATERAL (
      SELECT state FROM pms_writes AS kept
      WHERE kept.connection_id = own.id AND kept.created_at > now() - interval '1 day'
        AND kind = 'book'
    ) AS kept
"""
_BOOKED = text(
    f"SELECT connector AS vendor, kept.state, count(*) AS writes {_BOOKINGS} GROUP BY 1, 2"
)
_BOOKED_WELL = text(
    f"""
    SELECT connector AS vendor,
           (count(*) FILTER (WHERE kept.state = 'confirmed'))::float
             / nullif(count(*) FILTER (WHERE kept.state IN ('confirmed', 'failed')), 0) AS well
    {_BOOKINGS} GROUP BY 1
    """
)
# What left and has no end: nobody asks for more than two weeks of it.
_UNSETTLED = text(
    """
    SELECT connector AS vendor, count(*) AS writes,
           extract(epoch FROM now() - min(kept.submitted_at))::float AS seconds
    FROM pms_connections AS own CROSS JOIN LATERAL (
      SELECT submitted_at FROM pms_writes AS kept
      WHERE kept.connection_id = own.id AND kept.created_at > now() - interval '14 days'
        AND kept.state IN ('submitted', 'unknown')
    ) AS kept GROUP BY 1
    """
)
_DELIVERIES = text(
    """
    SELECT delivery.sender, delivery.state, count(*) AS times
    FROM accounts CROSS JOIN LATERAL (
      SELECT sender, state FROM deliveries
      WHERE account_id = accounts.id AND received_at > now() - interval '1 hour'
    ) AS delivery GROUP BY 1, 2
    """
)

QUESTIONS = (
    Question(
        statement=_OUTCOMES,
        labels=("outcome",),
        values={"pms_sync_tool_calls_last_hour": "calls"},
    ),
    Question(statement=_PATIENCE, values={"pms_sync_tool_answer_p95_seconds": "seconds"}),
    Question(
        statement=_BOOKED,
        labels=("vendor", "state"),
        values={"pms_sync_bookings_last_day": "writes"},
    ),
    Question(
        statement=_BOOKED_WELL,
        labels=("vendor",),
        values={"pms_sync_booking_success_ratio": "well"},
    ),
    Question(
        statement=_UNSETTLED,
        labels=("vendor",),
        values={
            "pms_sync_unsettled_writes": "writes",
            "pms_sync_oldest_unsettled_write_seconds": "seconds",
        },
    ),
    Question(
        statement=_DELIVERIES,
        labels=("sender", "state"),
        values={"pms_sync_deliveries_last_hour": "times"},
    ),
)


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role."""
    return answers(db, QUESTIONS)
