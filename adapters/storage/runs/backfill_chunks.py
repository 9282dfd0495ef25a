"""A backfill's chunks: the next is put in the transaction that closes the one before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.jobs.ledger import put
from adapters.storage.runs.backfill_rows import COUNTED, locked, set_state
from adapters.storage.sheet import sheet_events
from domain.backfills import Backfill, BackfillState, try_again_after
from domain.runs import Run, RunStatus
from domain.work import sync_job

CALLED_OFF = "Its sync was called off; resume it when the practice syncs again."

_OWNER = text("SELECT account_id, connector FROM pms_connections WHERE id = :id")
_COUNT = text(
    "UPDATE pms_backfills SET "  # noqa: S608 - this module's own columns
    + ", ".join(f"{name} = {name} + :{name}" for name in COUNTED)
    + ", done_to = LEAST(CAST(:done_to AS date), done_to) WHERE id = :id"
)
_TRIES = text(
    """
    SELECT count(*) FROM pms_sync_log
    WHERE backfill_id = :id AND day_from = :first AND day_to = :last AND started_at >= :since
      AND completed_at IS NOT NULL AND status <> 'success'
    """
)
_STRANDED = text(
    """
    UPDATE pms_backfills AS backfill SET state = 'paused', reason = :reason
    WHERE state = 'running' AND asked_at < now() - interval '5 seconds'
      AND NOT EXISTS (
        SELECT FROM jobs WHERE jobs.connection_id = backfill.pms_connection_id
          AND jobs.kind = 'sync' AND jobs.state IN ('ready', 'running')
          AND jobs.args ->> 'backfill_id' = backfill.id::text)
    RETURNING id
    """
)
_TELL_WHY = text("UPDATE pms_backfills SET reason = :reason WHERE id = :id")


def chunk_ended(
    db: Db,
    run: Run,
    *,
    status: RunStatus,
    message: str | None,
    needs_person: bool,
    at: datetime,
) -> None:
    """In the transaction that closes a chunk: count it, and put what comes next."""
    if run.backfill_id is None:
        return
    backfill = locked(db, run.backfill_id)
    is_whole = status is RunStatus.SUCCESS
    counts = {name: getattr(run.progress.counts, name) for name in COUNTED}
    done_to = run.first_day if is_whole else None
    db.execute(_COUNT, {**counts, "done_to": done_to, "id": backfill.id})
    backfill = locked(db, backfill.id)
    if backfill.state is BackfillState.RUNNING:
        if is_whole:
            _go_further(db, backfill, at=at)
        else:
            _try_again(db, backfill, run, status=status, needs_person=needs_person, at=at)
        _tell_why(db, backfill.id, None if is_whole else message)
    _tell_pages(db, run.account_id, backfill)


def pause_stranded(db: Db) -> int:
    """Those whose sync was called off are paused, so that somebody may take them up again."""
    return db.execute(_STRANDED, {"reason": CALLED_OFF}).rowcount


def put_chunk(db: Db, backfill: Backfill, *, due_at: datetime | None = None) -> int | None:
    """The next days' job, behind everything the timetable asks for."""
    days = backfill.next_days
    if days is None:
        return None
    owner = db.execute(_OWNER, {"id": backfill.connection_id}).one()
    job = sync_job(
        account_id=owner.account_id,
        connection_id=backfill.connection_id,
        vendor=owner.connector,
        first_day=days[0],
        last_day=days[1],
        backfill_id=backfill.id,
        due_at=due_at,
    )
    return put(db, job)


def _go_further(db: Db, backfill: Backfill, *, at: datetime) -> None:
    if backfill.next_days is None:
        set_state(db, backfill, BackfillState.DONE, reason=None, at=at)
    else:
        put_chunk(db, backfill)


def _try_again(
    db: Db,
    backfill: Backfill,
    run: Run,
    *,
    status: RunStatus,
    needs_person: bool,
    at: datetime,
) -> None:
    since = backfill.started_at or backfill.asked_at
    days = {"first": run.first_day, "last": run.last_day}
    tries = db.execute(_TRIES, {"id": backfill.id, "since": since, **days}).scalar_one()
    after = try_again_after(max(1, tries), status, needs_person=needs_person)
    if after is None:
        set_state(db, backfill, BackfillState.PAUSED, reason=None)
    else:
        put_chunk(db, backfill, due_at=at + after)


def _tell_why(db: Db, backfill_id: UUID, reason: str | None) -> None:
    """The reason of the last chunk that ended badly is kept, whether it is tried again or not."""
    db.execute(_TELL_WHY, {"id": backfill_id, "reason": reason and reason[:500]})


def _tell_pages(db: Db, account_id: str, backfill: Backfill) -> None:
    sheet_events.tell(
        db,
        account_id=account_id,
        kind="backfill_moved",
        connection_id=backfill.connection_id,
        detail={"backfill_id": str(backfill.id), "days_done": backfill.days_done},
    )
