"""Clears away what is past its keep-by date; patient data and audit rows are not touched here."""

from collections.abc import Mapping

from sqlalchemy import Engine, TextClause, text

from domain.runs import SyncType
from domain.work import SYNC
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

_SYNCS = {"sync": SYNC, "changes": SyncType.INCREMENTAL.value}

REJECTS_DAYS = 90
RECORDINGS_DAYS = 7
BATCH = 5000

_GOES: Mapping[str, str] = {
    "deliveries": "last_received_at < now() - make_interval(days => :deliveries)",
    "jobs": """
        state IN ('done', 'cancelled') AND finished_at < now() - make_interval(days => :done)
        OR state = 'dead' AND finished_at < now() - make_interval(days => :dead)
        """,
    "tool_calls": "created_at < now() - make_interval(days => :dead)",
    "phone_calls": "seen_at < now() - make_interval(days => :bodies)",
    "turned_away": "minute < now() - make_interval(days => :deliveries)",
    "text_messages": """
        updated_at < now() - make_interval(days => :deliveries)
        AND state NOT IN ('due', 'sending', 'unknown')
        """,
    "slot_holds": "expires_at < now() - interval '1 hour'",
    "pms_cached_data": "expires_at < now()",
    "vendor_requests": "at < now() - make_interval(days => :requests)",
    "run_sheet_events": "at < now() - make_interval(days => :events)",
    "webhook_messages": """
        state <> 'due' AND created_at < now() - make_interval(days => :deliveries)
        """,
    "patient_reading": "since < now() - make_interval(days => :reading)",
    "sheet_days_read": "read_on < current_date - CAST(:reading AS int)",
    "idempotency_keys": "created_at < now() - make_interval(days => :keys)",
    "pms_connection_checks": """
        ended_at < now() - make_interval(days => :checks) AND trial_ref IS NULL
        """,
    "authorisation_states": "expires_at < now() - interval '1 day'",
    "pms_authorisations": """
        state = 'dropped' AND settled_at < now() - make_interval(days => :dropped)
        """,
    "recordings": "begun_at < now() - make_interval(days => :recordings)",
    "sessions": "expires_at < now()",
    "login_links": "expires_at < now() - interval '1 day'",
    "workers": "seen_at < now() - interval '1 day'",
}
"""Which rows of a table go."""

_EMPTIED: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "delivery bodies": (
        "deliveries",
        ("body",),
        "body IS NOT NULL AND received_at < now() - make_interval(days => :bodies)",
    ),
    "what callers said and heard": (
        "tool_calls",
        ("arguments", "arguments_print", "caller", "answer"),
        """
        created_at < now() - make_interval(days => :bodies)
        AND (arguments IS NOT NULL OR caller IS NOT NULL OR answer IS NOT NULL)
        """,
    ),
    "previews": (
        "pms_sync_log",
        ("diff",),
        "diff IS NOT NULL AND completed_at < now() - make_interval(days => :previews)",
    ),
}
"""Of which table, which columns, and of which rows: the rows themselves stay."""

# What the latest run of a practice could not read is how it stands today, however old it is.
_REJECTS = text(
    """
    DELETE FROM pms_rejects WHERE id IN (
      SELECT old.id FROM pms_rejects AS old JOIN pms_sync_log AS run ON run.id = old.run_id
      WHERE old.created_at < now() - make_interval(days => :rejects) AND run.status <> 'running'
        AND run.id IS DISTINCT FROM (
          SELECT latest.id FROM pms_sync_log AS latest
          WHERE latest.pms_connection_id = run.pms_connection_id AND NOT latest.dry_run
          ORDER BY latest.started_at DESC LIMIT 1)
      ORDER BY old.created_at LIMIT :batch)
    """
)

# Where a vendor was away for an hour every sync of it died, and the next that came through did
# their work. A whole pass does that of one that asked only for what had changed. They are known by
# what they were asked to do: one that went back to waiting left its key to the next. It is asked
# every hour, so what came through within a day is enough to look at.
_MADE_UP_FOR = text(
    """
    UPDATE jobs SET state = 'cancelled',
                    result = result || jsonb_build_object(
                      'discarded', 'A later sync of these days did its work.')
    WHERE state = 'dead' AND id IN (
      SELECT dead.id
      FROM (
        SELECT connection_id, args - 'sync_type' AS asked, max(started_at) AS any_began,
               max(started_at) FILTER (WHERE args ->> 'sync_type' <> :changes) AS whole_began
        FROM jobs
        WHERE state = 'done' AND kind = :sync AND finished_at > now() - interval '1 day'
        GROUP BY 1, 2
      ) AS later
      JOIN jobs AS dead ON dead.connection_id = later.connection_id
                       AND dead.args - 'sync_type' = later.asked
      WHERE dead.state = 'dead' AND dead.kind = :sync
        AND dead.finished_at < CASE dead.args ->> 'sync_type' WHEN :changes THEN any_began
                                                             ELSE whole_began END
      LIMIT :batch)
    """
)


def prune(
    engine: Engine,
    *,
    rejects_days: int = REJECTS_DAYS,
    recordings_days: int = RECORDINGS_DAYS,
    batch: int = BATCH,
) -> dict[str, int]:
    """Rows removed, emptied or called off, by what they are.

    In short transactions, for what follows the sheet waits until every older one is over; and what
    was cleared away stays so, should there be too much for one go.
    """
    values = {**DAYS, "recordings": recordings_days, "rejects": rejects_days, **_SYNCS}
    return {what: _in_batches(engine, one, values, batch) for what, one in _statements().items()}


def _statements() -> Mapping[str, TextClause]:
    goes = {table: _of_some(f"DELETE FROM {table}", table, old) for table, old in _GOES.items()}  # noqa: S608
    emptied = {
        what: _of_some(f"UPDATE {table} SET {_nothing(columns)}", table, old)  # noqa: S608
        for what, (table, columns, old) in _EMPTIED.items()
    }
    return {**goes, **emptied, "pms_rejects": _REJECTS, "dead syncs": _MADE_UP_FOR}


def _of_some(act: str, table: str, old: str) -> TextClause:
    """Whatever was changed since it was found is looked at once more."""
    return text(
        f"""
        {act} WHERE ({old}) AND ctid = ANY (ARRAY(
          SELECT ctid FROM {table} WHERE {old} LIMIT :batch))
        """  # noqa: S608 - this module's own words
    )


def _nothing(columns: tuple[str, ...]) -> str:
    return ", ".join(f"{column} = NULL" for column in columns)


def _in_batches(engine: Engine, one: TextClause, values: Mapping[str, object], batch: int) -> int:
    """A practice whose every record was refused may have left millions."""
    gone = 0
    while True:
        with dispatch(engine) as db:
            found = db.execute(one, {**values, "batch": batch}).rowcount
        gone += found
        if found < batch:
            return gone
