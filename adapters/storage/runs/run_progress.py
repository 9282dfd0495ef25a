"""How far a run has come, kept with every page: one statement, for each is a wait for the database.

The job's place, the run's counts, the requests made and, where days changed, word to their pages.
"""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import Connection as Db

from adapters.storage.jobs.ledger import CHECKPOINT, checkpoint_values, must_be_held
from adapters.storage.jobs.spent import KEEP, spent_values
from adapters.storage.practices.still_connected import REMOVED
from adapters.storage.sheet import sheet_events
from domain.errors import CalledOff
from domain.jobs import Job
from domain.runs import COUNTED, Run
from domain.sources import Spend
from infra.database import Direct

_COUNTS = ", ".join(f"{name} = :{name}" for name in COUNTED)
# The job first: whoever has lost it must not wait for what its new owner holds.
_KEEP = Direct(
    f"""
    WITH job AS ({CHECKPOINT} RETURNING 1),
         run AS (UPDATE pms_sync_log
                 SET {_COUNTS}, queries_done = :done, queries_total = :total,
                     sync_type = :sync_type, diff = :diff, shape = :shape
                 WHERE pms_sync_log.id = :run_id AND EXISTS (SELECT FROM job)),
         spent AS ({KEEP}),
         event AS ({sheet_events.KEEP_IF_ANY})
    SELECT count(*) AS held, (SELECT pg_notify('{sheet_events.CHANNEL}', account_id) FROM event),
           EXISTS (SELECT FROM pms_connections
                   WHERE id = :own_connection AND removed_at IS NOT NULL) AS is_removed
    FROM job
    """  # noqa: S608 - the statements of those who own the tables
)


def keep(
    db: Db,
    job: Job,
    run: Run,
    *,
    spent: Sequence[Spend],
    days: Collection[date] = (),
    diff: bytes | None = None,
) -> None:
    """Keep all of it in the transaction of what was done, or raise FenceLost and keep nothing.

    So too with CalledOff where the connection was removed: whoever removed it has settled its rows.
    """
    progress = run.progress
    progress.counts.requests += len(spent)
    advanced = progress.advance() and (progress.reference_read or progress.page > 0)
    changed = {"run_id": str(run.id), "days": sorted(day.isoformat() for day in days)}
    values = {
        **checkpoint_values(job, progress.as_checkpoint(), advanced=advanced),
        **progress.counts.as_dict(),
        "done": len(progress.done),
        "total": progress.total,
        "sync_type": run.pass_type.value,
        "run_id": run.id,
        "own_connection": run.connection_id,
        "diff": diff,
        "shape": progress.shape if run.dry_run else None,
        **spent_values(spent),
        **sheet_events.event_values(
            account_id=run.account_id,
            kind="sheet_changed",
            connection_id=run.connection_id,
            detail=changed if days else None,
        ),
    }
    ((held, _, is_removed),) = _KEEP.rows(db, values)
    must_be_held(job, held)
    if is_removed:
        raise CalledOff(REMOVED)
