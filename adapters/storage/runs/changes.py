"""The mark a PMS gave "as of" a run, kept for the same days until they must be read whole again."""

from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from domain.changes import Marked, shape_of
from domain.connections import Connection
from domain.runs import Run, SyncType

COLUMNS = "changes_mark, changes_from, changes_to, last_full_at, full_every_minutes"

_READ = text(f"SELECT {COLUMNS} FROM pms_connections WHERE id = :id")  # noqa: S608 - our own words
# Only what the timetable asks for: a mark of other days would make it read whole each time.
_KEEP = text(
    """
    UPDATE pms_connections
    SET changes_mark = :mark, changes_from = :first, changes_to = :last
    WHERE id = :id AND CAST(:last AS date) - CAST(:first AS date) = sync_days_ahead
      AND CAST(:first AS date) = CAST(CAST(:at AS timestamptz) AT TIME ZONE timezone AS date)
    """
)


def marked_of(row: Row[tuple[object, ...]]) -> Marked:
    """What the columns say; the mark is kept with the shape it is good for."""
    shape, _, mark = (row.changes_mark or "").partition(" ")
    days = (row.changes_from, row.changes_to) if row.changes_from and row.changes_to else None
    return Marked(
        mark=mark or None,
        days=days,
        shape=shape or None,
        full_at=row.last_full_at,
        full_every=timedelta(minutes=row.full_every_minutes),
    )


def decide(db: Db, run: Run, connection: Connection, *, now: datetime) -> None:
    """Settle, once for a run, whether it asks for changes or reads its days whole."""
    progress = run.progress
    progress.is_decided, progress.shape = True, shape_of(connection)
    if run.sync_type is SyncType.INCREMENTAL:
        marked = marked_of(db.execute(_READ, {"id": connection.id}).one())
        days = (run.first_day, run.last_day)
        progress.since = marked.since(days, shape=progress.shape, now=now)


def keep_mark(db: Db, run: Run, *, at: datetime) -> None:
    """The next run may ask for changes since this one's first page."""
    progress = run.progress
    if progress.mark and progress.shape:
        values = {
            "id": run.connection_id,
            "mark": f"{progress.shape} {progress.mark}",
            "first": run.first_day,
            "last": run.last_day,
            "at": at,
        }
        db.execute(_KEEP, values)
