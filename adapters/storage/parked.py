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

_PARKED = text(f"SELECT {COLUMNS} FROM jobs WHERE id = ANY(:ids) AND kind = :kind")  # noqa: S608


class Crashed(SyncError):
    """The worker died each time it ran the job."""


def close_parked(
    engine: Engine, sealer: Sealer, job_ids: Sequence[int], *, clock: Callable[[], datetime]
) -> None:
    """A sync that will never end by itself is ended as failed, in words a manager understands."""
    with dispatch(engine) as db:
        rows = db.execute(_PARKED, {"ids": list(job_ids), "kind": SYNC}).all()
    store = SyncStore(engine, sealer, clock=clock)
    for row in rows:
        try:
            store.gave_up(job_of(row), Crashed("The sync was stopped three times and is parked."))
        except SyncError as error:
            # Its connection was removed meanwhile, say: the others' runs are closed all the same.
            log.warning("run.not_closed", job_id=row.id, error_kind=error.kind)
