"""How the syncs of the last hour went, by vendor, and whether each account got its summary."""

from collections.abc import Iterator

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Question, Sample, answers
from adapters.storage.runs.summaries import ZONE

# Looked up connection by connection: the log of runs is kept, and has no index over all of them.
_LATELY = """
    FROM pms_connections AS own CROSS JOIN LATERAL (
      SELECT status, fetched, extract(epoch FROM completed_at - started_at) AS seconds
      FROM pms_sync_log AS run
      WHERE run.pms_connection_id = own.id AND run.started_at > now() - interval '2 hours'
        AND run.completed_at > now() - interval '1 hour' AND NOT run.dry_run
    ) AS run
    WHERE own.removed_at IS NULL
"""
_ENDED = text(f"SELECT connector AS vendor, status, count(*) AS runs {_LATELY} GROUP BY 1, 2")
_WELL = text(
    f"""
    SELECT connector AS vendor,
           (count(*) FILTER (WHERE status = 'success'))::float / count(*) AS well,
           avg(seconds)::float AS mean,
           (sum(seconds) / nullif(sum(fetched), 0))::float AS each
    {_LATELY} GROUP BY 1
    """
)
# A week is told on its account's Monday morning; by noon it should be there.
_OVERDUE = text(
    f"""
    SELECT count(*) AS accounts FROM accounts
    CROSS JOIN LATERAL (
      SELECT now() AT TIME ZONE ({ZONE}) - interval '12 hours' AS noon
    ) AS local
    WHERE EXISTS (
      SELECT FROM pms_connections AS own
      WHERE own.account_id = accounts.id AND own.removed_at IS NULL
        AND own.created_at < date_trunc('week', local.noon) AT TIME ZONE 'UTC' - interval '1 day')
      AND NOT EXISTS (
        SELECT FROM sync_summaries AS kept WHERE kept.account_id = accounts.id
          AND kept.week >= CAST(date_trunc('week', local.noon) AS date) - 7)
    """  # noqa: S608 - our own words
)

QUESTIONS = (
    Question(
        statement=_ENDED,
        labels=("vendor", "status"),
        values={"pms_sync_runs_last_hour": "runs"},
    ),
    Question(
        statement=_WELL,
        labels=("vendor",),
        values={
            "pms_sync_success_ratio": "well",
            "pms_sync_run_mean_seconds": "mean",
            "pms_sync_seconds_per_appointment": "each",
        },
    ),
    Question(statement=_OVERDUE, values={"pms_sync_overdue_summaries": "accounts"}),
)


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role."""
    return answers(db, QUESTIONS)
