"""Clears away what is past its keep-by date; patient data and audit rows are not touched here."""

from collections.abc import Mapping

from sqlalchemy import Engine, text

from infra.database import dispatch

DAYS = {
    "done": 7,
    "dead": 90,
    "events": 2,
    "requests": 2,
    "bodies": 7,
    "deliveries": 30,
    "keys": 1,
    "checks": 30,
    "dropped": 30,
    "previews": 7,
    "reading": 3,
}
"""How long rows are kept; no vendor is known to count requests over more than a day."""

REJECTS_DAYS = 90
RECORDINGS_DAYS = 7
BATCH = 5000

_PRUNE: Mapping[str, str] = {
    "deliveries": """
        DELETE FROM deliveries WHERE last_received_at < now() - make_interval(days => :deliveries)
        """,
    "delivery bodies": """
        UPDATE deliveries SET body = NULL
        WHERE body IS NOT NULL AND received_at < now() - make_interval(days => :bodies)
        """,
    "jobs": """
        DELETE FROM jobs
        WHERE (state IN ('done', 'cancelled')
               AND finished_at < now() - make_interval(days => :done))
           OR (state = 'dead' AND finished_at < now() - make_interval(days => :dead))
        """,
    "what callers said and heard": """
        UPDATE tool_calls SET arguments = NULL, arguments_print = NULL, caller = NULL,
          answer = NULL
        WHERE created_at < now() - make_interval(days => :bodies)
          AND (arguments IS NOT NULL OR caller IS NOT NULL OR answer IS NOT NULL)
        """,
    "tool_calls": """
        DELETE FROM tool_calls WHERE created_at < now() - make_interval(days => :dead)
        """,
    "phone_calls": """
        DELETE FROM phone_calls WHERE seen_at < now() - make_interval(days => :bodies)
        """,
    "turned_away": """
        DELETE FROM turned_away WHERE minute < now() - make_interval(days => :deliveries)
        """,
    "text_messages": """
        DELETE FROM text_messages WHERE updated_at < now() - make_interval(days => :deliveries)
          AND state NOT IN ('due', 'sending', 'unknown')
        """,
    "slot_holds": "DELETE FROM slot_holds WHERE expires_at < now() - interval '1 hour'",
    "pms_cached_data": "DELETE FROM pms_cached_data WHERE expires_at < now()",
    "vendor_requests": """
        DELETE FROM vendor_requests WHERE at < now() - make_interval(days => :requests)
        """,
    "run_sheet_events": """
        DELETE FROM run_sheet_events WHERE at < now() - make_interval(days => :events)
        """,
    "webhook_messages": """
        DELETE FROM webhook_messages WHERE state <> 'due'
          AND created_at < now() - make_interval(days => :deliveries)
        """,
    "patient_reading": """
        DELETE FROM patient_reading WHERE since < now() - make_interval(days => :reading)
        """,
    "sheet_days_read": """
        DELETE FROM sheet_days_read WHERE read_on < current_date - CAST(:reading AS int)
        """,
    "idempotency_keys": """
        DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(days => :keys)
        """,
    "pms_connection_checks": """
        DELETE FROM pms_connection_checks
        WHERE ended_at < now() - make_interval(days => :checks) AND trial_ref IS NULL
        """,
    "previews": """
        UPDATE pms_sync_log SET diff = NULL
        WHERE diff IS NOT NULL AND completed_at < now() - make_interval(days => :previews)
        """,
    "authorisation_states": """
        DELETE FROM authorisation_states WHERE expires_at < now() - interval '1 day'
        """,
    "pms_authorisations": """
        DELETE FROM pms_authorisations
        WHERE state = 'dropped' AND settled_at < now() - make_interval(days => :dropped)
        """,
    "sessions": "DELETE FROM sessions WHERE expires_at < now()",
    "login_links": "DELETE FROM login_links WHERE expires_at < now() - interval '1 day'",
    "workers": "DELETE FROM workers WHERE seen_at < now() - interval '1 day'",
}

# What the latest run of a practice could not read is how it stands today, however old it is.
_REJECTS = text(
    """
    DELETE FROM pms_rejects WHERE id IN (
      SELECT old.id FROM pms_rejects AS old JOIN pms_sync_log AS run ON run.id = old.run_id
      WHERE old.created_at < now() - make_interval(days => :days) AND run.status <> 'running'
        AND run.id IS DISTINCT FROM (
          SELECT latest.id FROM pms_sync_log AS latest
          WHERE latest.pms_connection_id = run.pms_connection_id AND NOT latest.dry_run
          ORDER BY latest.started_at DESC LIMIT 1)
      ORDER BY old.created_at LIMIT :batch)
    """
)


_RECORDINGS = text("DELETE FROM recordings WHERE begun_at < now() - make_interval(days => :days)")


def prune(
    engine: Engine,
    *,
    rejects_days: int = REJECTS_DAYS,
    recordings_days: int = RECORDINGS_DAYS,
    batch: int = BATCH,
) -> dict[str, int]:
    """Rows removed, by table; short transactions, one for each table or batch."""
    removed: dict[str, int] = {}
    for table, statement in _PRUNE.items():
        with dispatch(engine) as db:
            removed[table] = db.execute(text(statement), DAYS).rowcount
    with dispatch(engine) as db:
        removed["recordings"] = db.execute(_RECORDINGS, {"days": recordings_days}).rowcount
    return {**removed, "pms_rejects": _in_batches(engine, days=rejects_days, batch=batch)}


def _in_batches(engine: Engine, *, days: int, batch: int) -> int:
    """A practice whose every record was refused may have left millions."""
    gone = 0
    while True:
        with dispatch(engine) as db:
            found = db.execute(_REJECTS, {"days": days, "batch": batch}).rowcount
        gone += found
        if found < batch:
            return gone
