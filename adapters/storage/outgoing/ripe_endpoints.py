"""Which endpoints have something to hear, and a job for each of them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import put
from domain.work import tell_endpoint_job
from infra.database import dispatch

PATIENCE = timedelta(seconds=60)
"""So long a run that goes on may hold its changes together in one message."""

LOST = timedelta(minutes=1)
RESTS = timedelta(minutes=5)
"""After a job died nothing is put for its endpoint: whatever killed it would kill the next one."""

# A number that lies ahead is of a database before it was restored: everything is news then.
_BEGIN_ANEW = text(
    """
    UPDATE webhook_endpoints SET told_in = 0
    WHERE told_in > CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)
    """
)
_DIED_LATELY = """
    EXISTS (SELECT FROM jobs
            WHERE jobs.account_id = endpoint.account_id AND jobs.state = 'dead'
              AND jobs.finished_at > now() - CAST(:rests AS interval)
              AND jobs.exclusive_key = 'tell:' || endpoint.id)
"""
# Each is looked up by one step into an index; without an endpoint nothing is. One that somebody
# holds just now is left to the next look: it must not keep the others waiting.
_RIPE = text(
    f"""
    WITH news AS (
      SELECT id FROM webhook_endpoints AS endpoint
      WHERE state = 'active' AND removed_at IS NULL AND NOT {_DIED_LATELY}
        AND NOT EXISTS (SELECT FROM webhook_messages AS due
                        WHERE due.endpoint_id = endpoint.id AND due.state = 'due')
        AND EXISTS (SELECT FROM run_sheet_appointments AS entry
                    WHERE entry.account_id = endpoint.account_id
                      AND entry.changed_in >= endpoint.told_in
                      AND entry.changed_in
                          < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint))
      FOR UPDATE SKIP LOCKED
    ), waiting AS (
      UPDATE webhook_endpoints AS endpoint SET waiting_since = coalesce(waiting_since, :now)
      FROM news WHERE endpoint.id = news.id
      RETURNING endpoint.id, account_id, waiting_since
    )
    SELECT id, account_id FROM waiting
    WHERE waiting_since <= :patient OR NOT EXISTS (
      SELECT FROM pms_sync_log AS run
      WHERE run.account_id = waiting.account_id AND run.status = 'running')
    UNION ALL
    SELECT DISTINCT endpoint.id, endpoint.account_id
    FROM webhook_endpoints AS endpoint JOIN webhook_messages AS due
      ON due.endpoint_id = endpoint.id AND due.state = 'due' AND due.next_try_at < :lost
    WHERE endpoint.state = 'active' AND endpoint.removed_at IS NULL AND NOT {_DIED_LATELY}
    """  # noqa: S608 - this module's own words
)


def put_ripe(engine: Engine, *, clock: Callable[[], datetime]) -> int:
    """A job for each endpoint that has something to hear."""
    now = clock()
    values = {"now": now, "patient": now - PATIENCE, "lost": now - LOST, "rests": RESTS}
    with dispatch(engine) as db:
        db.execute(_BEGIN_ANEW)
        ripe = db.execute(_RIPE, values).all()
        for one in ripe:
            put(db, tell_endpoint_job(account_id=one.account_id, endpoint_id=one.id))
    return len(ripe)
