"""What becomes of jobs that ended for good and could not say so: parked, or called off."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Engine, text

from adapters.storage.jobs.ledger import COLUMNS, job_of
from adapters.storage.outgoing.telling import TellingStore
from adapters.storage.runs.syncing import SyncStore
from adapters.storage.sheet import sheet_events
from domain.errors import SyncError
from domain.jobs import JobState
from domain.runs import RunStatus
from domain.work import SYNC, TELL_ENDPOINT
from infra.database import dispatch
from infra.sealing import Sealer

log = structlog.get_logger()

_OVER = text(
    f"""
    SELECT {COLUMNS}, state, error_kind, error_text, result ->> 'discarded' AS discarded
    FROM jobs WHERE id = ANY(:ids) AND kind = :kind AND state IN ('dead', 'cancelled')
    """  # noqa: S608 - the columns are the ledger's own
)
_CLOSE = text(
    """
    UPDATE pms_sync_log SET status = 'failed', completed_at = :at, error_message = :message
    WHERE job_id = :job_id AND status = 'running'
    RETURNING id, account_id, pms_connection_id
    """
)
_LEFT_OPEN = text(
    """
    SELECT jobs.id FROM pms_sync_log AS run JOIN jobs ON jobs.id = run.job_id
    WHERE jobs.id = ANY(:ids) AND run.status = 'running' AND jobs.state IN ('dead', 'cancelled')
    """
)
PARKED = "The sync was stopped three times and is parked."
CANCELLED = "The sync was cancelled."


class Ended(SyncError):
    """Why a job will not be run again."""


def close_parked(
    engine: Engine, sealer: Sealer, job_ids: Sequence[int], *, clock: Callable[[], datetime]
) -> None:
    """A sync that will never end by itself is ended as failed, in words a manager understands."""
    with dispatch(engine) as db:
        rows = db.execute(_OVER, {"ids": list(job_ids), "kind": SYNC}).all()
    store = SyncStore(engine, sealer, clock=clock)
    for row in rows:
        if row.state == JobState.CANCELLED:
            # Nothing is wrong with its connection: that one is left as it is.
            _close_log(engine, row.id, row.discarded or CANCELLED, at=clock())
            continue
        crashed = row.error_kind in {None, "Crashed"}
        error = Ended(PARKED if crashed else row.error_text)
        try:
            store.gave_up(job_of(row), error)
        except SyncError as problem:
            # Its connection was removed meanwhile, say: then the log alone is closed.
            log.warning("run.not_closed", job_id=row.id, error_kind=problem.kind)
            _close_log(engine, row.id, str(error), at=clock())


def fail_tellings(engine: Engine, job_ids: Sequence[int], *, clock: Callable[[], datetime]) -> None:
    """What killed every worker that was to tell it to an endpoint is a try that failed."""
    with dispatch(engine) as db:
        rows = db.execute(_OVER, {"ids": list(job_ids), "kind": TELL_ENDPOINT}).all()
    store = TellingStore(engine=engine, clock=clock)
    for row in rows:
        if row.state == JobState.DEAD:
            store.gave_up(job_of(row), Ended(row.error_text))


def close_left_open(
    engine: Engine, sealer: Sealer, job_ids: Sequence[int], *, clock: Callable[[], datetime]
) -> None:
    """Of jobs that are over, end the runs that still say they are running; no scheduler may be."""
    with dispatch(engine) as db:
        found = [row.id for row in db.execute(_LEFT_OPEN, {"ids": list(job_ids)})]
    if found:
        close_parked(engine, sealer, found, clock=clock)


def _close_log(engine: Engine, job_id: int, message: str, *, at: datetime) -> None:
    values = {"job_id": job_id, "message": message, "at": at}
    with dispatch(engine) as db:
        for run in db.execute(_CLOSE, values).all():
            sheet_events.tell(
                db,
                account_id=run.account_id,
                kind="sync_ended",
                connection_id=run.pms_connection_id,
                detail={"run_id": str(run.id), "status": RunStatus.FAILED.value},
            )
