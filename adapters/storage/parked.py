"""Closes the runs of jobs that killed every worker that ran them."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Engine, text

from adapters.storage.ledger import COLUMNS, job_of
from adapters.storage.syncing import SyncStore
from domain.errors import SyncError
from domain.work import SYNC
from infra.database import dispatch
from infra.sealing import Sealer

log = structlog.get_logger()

_PARKED = text(
    f"SELECT {COLUMNS}, error_kind, error_text FROM jobs WHERE id = ANY(:ids) AND kind = :kind"  # noqa: S608
)
_CLOSE = text(
    """
    UPDATE pms_sync_log SET status = 'failed', completed_at = :at, error_message = :message
    WHERE job_id = :job_id AND status = 'running'
    """
)
PARKED = "The sync was stopped three times and is parked."


class Ended(SyncError):
    """Why a job will not be run again."""


def close_parked(
    engine: Engine, sealer: Sealer, job_ids: Sequence[int], *, clock: Callable[[], datetime]
) -> None:
    """A sync that will never end by itself is ended as failed, in words a manager understands."""
    with dispatch(engine) as db:
        rows = db.execute(_PARKED, {"ids": list(job_ids), "kind": SYNC}).all()
    store = SyncStore(engine, sealer, clock=clock)
    for row in rows:
        crashed = row.error_kind in {None, "Crashed"}
        error = Ended(PARKED if crashed else row.error_text)
        try:
            store.gave_up(job_of(row), error)
        except SyncError as problem:
            # Its connection was removed meanwhile, say: then the log alone is closed.
            log.warning("run.not_closed", job_id=row.id, error_kind=problem.kind)
            _close_log(engine, row.id, str(error), at=clock())


def _close_log(engine: Engine, job_id: int, message: str, *, at: datetime) -> None:
    with dispatch(engine) as db:
        db.execute(_CLOSE, {"job_id": job_id, "message": message, "at": at})
