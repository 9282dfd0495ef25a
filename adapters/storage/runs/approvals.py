"""A dry run's preview: read back, approved once and in time, or thrown away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import Row, text

from adapters.storage.jobs.ledger import put
from adapters.storage.practices import connections
from adapters.storage.runs import run_log
from adapters.storage.runs.runs import LoggedRun
from adapters.storage.sheet.entries import EntrySeal
from domain.changes import shape_of
from domain.previews import GOOD_FOR
from domain.runs import Run, RunStatus, SyncType
from domain.sheet import NotOnSheet, Settled
from domain.window import local_day
from domain.work import sync_job

_RUN = """
    SELECT run.*, connection.connector, connection.state AS connection_state,
           connection.removed_at, connection.next_sync_at, connection.sync_days_ahead,
           connection.sync_enabled, connection.timezone
    FROM pms_sync_log AS run JOIN pms_connections AS connection ON connection.id = pms_connection_id
    WHERE run.id = :id
    """
_SHOWN = text(_RUN)
_LOCK = text(f"{_RUN} FOR UPDATE OF run")
_OVERTAKEN = """
    EXISTS (SELECT FROM pms_sync_log AS later
            WHERE later.pms_connection_id = run.pms_connection_id AND NOT later.dry_run
              AND later.completed_at > run.completed_at
              AND later.started_at > run.started_at - interval '7 days'
              AND daterange(later.day_from, later.day_to, '[]')
                  && daterange(run.day_from, run.day_to, '[]'))
    """
_SYNCED_SINCE = text(f"SELECT {_OVERTAKEN} FROM pms_sync_log AS run WHERE id = :id")  # noqa: S608
_STALE = text(
    f"""
    SELECT run.id
    FROM pms_sync_log AS run JOIN pms_connections AS connection ON connection.id = pms_connection_id
    WHERE run.id = ANY(:ids)
      AND (removed_at IS NOT NULL OR run.completed_at < :oldest OR {_OVERTAKEN})
    """  # noqa: S608 - our own words
)
_MADE_WITH = text("SELECT id, pms_connection_id, shape FROM pms_sync_log WHERE id = ANY(:ids)")
_APPROVED = text(
    """
    UPDATE pms_sync_log SET approved_at = :at, approved_by = :by, approved_job_id = :job_id
    WHERE id = :id
    """
)
_DISCARD = text("UPDATE pms_sync_log SET diff = NULL WHERE id = :id")
_LINES = text(
    """
    SELECT id, diff FROM pms_sync_log
    WHERE id = :id AND pms_connection_id = :connection_id AND dry_run
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """Whether a preview can be approved: why not, or until when and whether a sync ends it then."""

    refused: str | None = None
    until: datetime | None = None
    is_synced_then: bool = False


def prospect(db: Db, run_id: UUID, *, at: datetime) -> Prospect:
    """As `approve` would find it now; nothing is held for it."""
    try:
        run = _previewed(db.execute(_SHOWN, {"id": run_id}).first())
        _refuse_stale(db, run, at=at)
    except (NotOnSheet, Settled) as refusal:
        return Prospect(refused=str(refusal))
    ends = run.completed_at + GOOD_FOR
    next_at = run.next_sync_at if run.sync_enabled else None
    if next_at is None or next_at > ends or not _is_read_then(run, next_at):
        return Prospect(until=ends)
    return Prospect(until=next_at, is_synced_then=True)


def stale(db: Db, found: Iterable[LoggedRun], *, at: datetime) -> frozenset[UUID]:
    """Those of the previews that nobody can approve any more, whatever is done."""
    ids = [run.id for run in found if run.may_be_approved]
    if not ids:
        return frozenset()
    over = set(db.execute(_STALE, {"ids": ids, "oldest": at - GOOD_FOR}).scalars())
    good = [one for one in ids if one not in over]
    return frozenset(over | _made_otherwise(db, db.execute(_MADE_WITH, {"ids": good}).all()))


def _made_otherwise(db: Db, runs: Iterable[Row[Any]]) -> set[UUID]:
    """Those whose practice has other clinicians, types or settings by now than they were made with.

    Of one that was made before this was noted nobody can say.
    """
    noted = [run for run in runs if run.shape is not None]
    owners = {run.pms_connection_id for run in noted}
    now = {one: shape_of(connections.load(db, one)) for one in owners}
    return {run.id for run in noted if run.shape != now[run.pms_connection_id]}


def _is_read_then(run: Row[Any], next_at: datetime) -> bool:
    """Whether the timetable's next sync reads any of the preview's days."""
    today = local_day(next_at, run.timezone)
    last = today + timedelta(days=run.sync_days_ahead)
    return bool(run.day_from <= last and today <= run.day_to)


def approve(db: Db, run_id: UUID, *, by: str, at: datetime) -> int:
    """A sync of the same days that may take off what the preview did; answers its job."""
    run = _preview(db, run_id)
    _refuse_stale(db, run, at=at)
    job_id = put(
        db,
        sync_job(
            account_id=run.account_id,
            connection_id=run.pms_connection_id,
            vendor=run.connector,
            first_day=run.day_from,
            last_day=run.day_to,
            sync_type=SyncType.MANUAL,
            approved_run=run_id,
        ),
    )
    db.execute(_APPROVED, {"id": run_id, "at": at, "by": by, "job_id": job_id})
    return job_id


def discard(db: Db, run_id: UUID) -> None:
    """Forget what the preview told; it can no longer be approved."""
    run = _preview(db, run_id)
    if run.approved_at is not None:
        raise Settled("This preview was approved already.")
    db.execute(_DISCARD, {"id": run_id})


def approved_lines(db: Db, seal: EntrySeal, run: Run) -> Sequence[Any]:
    """What a person saw and approved, opened; nothing where it was cleared away since."""
    values = {"id": run.approved_run, "connection_id": run.connection_id}
    row = db.execute(_LINES, values).first()
    if row is None or row.diff is None:
        return ()
    lines: Sequence[Any] = seal.open_document(row.id, "diff", row.diff, table=run_log.TABLE)
    return lines


def _preview(db: Db, run_id: UUID) -> Row[Any]:
    return _previewed(db.execute(_LOCK, {"id": run_id}).first())


def _previewed(run: Row[Any] | None) -> Row[Any]:
    if run is None:
        raise NotOnSheet("There is no such run.")
    if not run.dry_run:
        raise Settled("This run was no preview: what it did is on the sheet already.")
    return run


def _refuse_stale(db: Db, run: Row[Any], *, at: datetime) -> None:
    """In the order in which a person would ask."""
    if run.approved_at is not None:
        raise Settled("This preview was approved already; make a new one to go further.")
    if run.completed_at is None:
        raise Settled("This preview is still being made; wait for its end.")
    if run.status != RunStatus.SUCCESS or run.diff is None:
        raise Settled("This preview is not complete, or was discarded; make a new one.")
    if run.removed_at is not None:
        raise Settled("This practice was removed since this preview was made.")
    if run.connection_state not in {"ACTIVE", "ERROR"}:
        raise Settled("This practice does not sync at present; resume or reconnect it first.")
    if at - run.completed_at > GOOD_FOR:
        raise Settled("This preview is older than a day; make a new one.")
    _refuse_overtaken(db, run)


def _refuse_overtaken(db: Db, run: Row[Any]) -> None:
    """What it told is not what would be done by now."""
    if db.execute(_SYNCED_SINCE, {"id": run.id}).scalar_one():
        raise Settled(
            "These days were synced since this preview was made; make a new one, and approve it"
            " before they are synced again."
        )
    if _made_otherwise(db, [run]):
        raise Settled(
            "Which clinicians and types are shown, or another setting of this practice, was changed"
            " since this preview was made; make a new one."
        )
