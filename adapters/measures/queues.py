"""The queues of all accounts: depth, age, who serves them, what fails, and whether time moves."""

from collections.abc import Iterator

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Question, Sample, answers
from adapters.storage.practices.schedule import SILENT_FOR
from domain.jobs import Queue

# What an account's operator paused waits for nobody: it is told by itself.
_IS_PAUSED = """
    EXISTS (SELECT FROM paused_queues AS paused
            WHERE paused.account_id = jobs.account_id AND paused.queue = jobs.queue)
"""
# Each state by the index of its own; a queue without jobs is told as nought.
_DEPTH = text(
    f"""
    SELECT queue, 'ready' AS state, (
      SELECT count(*) FROM jobs
      WHERE jobs.queue = each.queue AND state = 'ready' AND due_at <= now()
        AND NOT {_IS_PAUSED}) AS jobs
    FROM unnest(CAST(:queues AS text[])) AS each (queue)
    UNION ALL
    SELECT queue, 'paused', (
      SELECT count(*) FROM jobs
      WHERE jobs.queue = each.queue AND state = 'ready' AND due_at <= now() AND {_IS_PAUSED})
    FROM unnest(CAST(:queues AS text[])) AS each (queue)
    UNION ALL
    SELECT queue, 'later', (
      SELECT count(*) FROM jobs
      WHERE jobs.queue = each.queue AND state = 'ready' AND due_at > now())
    FROM unnest(CAST(:queues AS text[])) AS each (queue)
    UNION ALL
    SELECT queue, 'running', (
      SELECT count(*) FROM jobs WHERE jobs.queue = each.queue AND state = 'running')
    FROM unnest(CAST(:queues AS text[])) AS each (queue)
    UNION ALL
    SELECT queue, 'dead', (
      SELECT count(*) FROM jobs WHERE jobs.queue = each.queue AND state = 'dead')
    FROM unnest(CAST(:queues AS text[])) AS each (queue)
    """  # noqa: S608 - this module's own words
)
_OLDEST = text(
    f"""
    SELECT queue, coalesce((
      SELECT extract(epoch FROM now() - due_at) FROM jobs
      WHERE jobs.queue = each.queue AND state = 'ready' AND due_at <= now() AND NOT {_IS_PAUSED}
      ORDER BY due_at LIMIT 1), 0)::float AS seconds, coalesce((
      SELECT extract(epoch FROM now() - min(paused_at)) FROM paused_queues
      WHERE paused_queues.queue = each.queue), 0)::float AS paused
    FROM unnest(CAST(:queues AS text[])) AS each (queue)
    """  # noqa: S608 - this module's own words
)
_SERVED = text(
    """
    SELECT each.queue, count(id) AS workers, coalesce(sum(threads), 0) AS threads
    FROM unnest(CAST(:queues AS text[])) AS each (queue)
    LEFT JOIN workers ON each.queue = ANY(queues) AND seen_at > now() - interval '15 seconds'
    GROUP BY each.queue
    """
)
_CLOCKS = text(
    """
    SELECT coalesce(max(abs(clock_behind)), 0) AS off FROM workers
    WHERE seen_at > now() - interval '15 seconds'
    """
)
_FAILING = text(
    """
    SELECT state, error_kind, count(*) AS jobs FROM jobs
    WHERE state = 'dead' AND error_kind IS NOT NULL GROUP BY state, error_kind
    UNION ALL
    SELECT state, error_kind, count(*) FROM jobs
    WHERE state = 'ready' AND failures > 0 AND error_kind IS NOT NULL GROUP BY state, error_kind
    """
)
_TICKS = text(
    f"""
    SELECT greatest(0, {SILENT_FOR}) AS late, (SELECT count(*) FROM paused_queues) AS paused
    FROM schedules
    """  # noqa: S608 - made of constants
)
# What is owed to a PMS and did not get there yet.
_OWED = text(
    """
    SELECT vendor, count(*) AS jobs,
           extract(epoch FROM now() - min(created_at))::float AS seconds
    FROM jobs WHERE state = 'ready' AND kind IN ('push_entry', 'push_range', 'link_patient')
      AND vendor IS NOT NULL
    GROUP BY vendor
    """
)

QUESTIONS = (
    Question(statement=_DEPTH, labels=("queue", "state"), values={"pms_sync_jobs": "jobs"}),
    Question(
        statement=_OLDEST,
        labels=("queue",),
        values={
            "pms_sync_oldest_due_job_seconds": "seconds",
            "pms_sync_oldest_pause_seconds": "paused",
        },
    ),
    Question(
        statement=_SERVED,
        labels=("queue",),
        values={"pms_sync_workers": "workers", "pms_sync_worker_threads": "threads"},
    ),
    Question(statement=_CLOCKS, values={"pms_sync_worker_clock_off_seconds": "off"}),
    Question(
        statement=_FAILING,
        labels=("state", "error_kind"),
        values={"pms_sync_failing_jobs": "jobs"},
    ),
    Question(
        statement=_TICKS,
        values={"pms_sync_scheduler_late_seconds": "late", "pms_sync_paused_queues": "paused"},
    ),
    Question(
        statement=_OWED,
        labels=("vendor",),
        values={
            "pms_sync_owed_pushes": "jobs",
            "pms_sync_oldest_owed_push_seconds": "seconds",
        },
    ),
)


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role."""
    return answers(db, QUESTIONS, queues=[queue.value for queue in Queue])
