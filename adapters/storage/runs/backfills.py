"""A backfill as a person steers it: begun, paused, taken up again, cancelled."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.storage.runs.backfill_chunks import put_chunk
from adapters.storage.runs.backfill_rows import find, locked, set_state
from domain.backfills import CHUNK_DAYS, UNFINISHED, Backfill, BackfillState, check_range
from domain.errors import BadInput, SyncError
from domain.sheet import NotOnSheet, Settled

_BEGIN = text(
    """
    INSERT INTO pms_backfills (account_id, pms_connection_id, day_from, day_to, chunk_days,
                               asked_by, asked_at, started_at)
    SELECT account_id, id, :first, :last, :chunk_days, :by, :at, :at
    FROM pms_connections
    WHERE id = :connection_id AND removed_at IS NULL AND state IN ('ACTIVE', 'ERROR')
    ON CONFLICT (pms_connection_id) WHERE state IN ('running', 'paused') DO NOTHING
    RETURNING id
    """
)
_EXISTS = text("SELECT state FROM pms_connections WHERE id = :id AND removed_at IS NULL")
_GO_ON = text(
    """
    UPDATE pms_backfills SET state = 'running', reason = NULL, started_at = :at WHERE id = :id
    """
)
_CALL_OFF = text(
    """
    UPDATE jobs SET state = 'cancelled', finished_at = now(),
                    result = result || '{"discarded": "The backfill was stopped."}'
    WHERE connection_id = :connection_id AND kind = 'sync' AND state = 'ready'
      AND args ->> 'backfill_id' = :id
    """
)
_UNDER_WAY = text(
    """
    SELECT EXISTS (SELECT FROM jobs WHERE connection_id = :connection_id AND kind = 'sync'
                   AND state = 'running' AND args ->> 'backfill_id' = :id)
    """
)


def begin(  # noqa: PLR0913 - a range, whose, in which steps and by whom
    db: Db,
    connection_id: UUID,
    *,
    first: date,
    last: date,
    by: str,
    at: datetime,
    chunk_days: int = CHUNK_DAYS,
) -> Backfill:
    """Put a range under way, newest days first; one at a time for each connection."""
    check_range(first, last)
    values = {"first": first, "last": last, "chunk_days": chunk_days, "by": by, "at": at}
    row = db.execute(_BEGIN, {**values, "connection_id": connection_id}).first()
    if row is None:
        raise _why_not(db, connection_id)
    backfill = find(db, row.id)
    put_chunk(db, backfill)
    return backfill


def stop(db: Db, backfill_id: UUID, *, reason: str | None = None) -> Backfill:
    """Pause it; a chunk under way ends, the next one waits to be asked for."""
    backfill = locked(db, backfill_id)
    if backfill.state is not BackfillState.RUNNING:
        raise Settled(f"This backfill is {backfill.state.value}; there is nothing to pause.")
    set_state(db, backfill, BackfillState.PAUSED, reason=reason)
    _call_off(db, backfill)
    return find(db, backfill_id)


def go_on(db: Db, backfill_id: UUID, *, at: datetime) -> Backfill:
    """Take a paused one up where it stopped; failures so far are forgiven."""
    backfill = locked(db, backfill_id)
    if backfill.state is not BackfillState.PAUSED:
        raise Settled(f"This backfill is {backfill.state.value}; only a paused one goes on.")
    db.execute(_GO_ON, {"id": backfill_id, "at": at})
    # A chunk that was under way when it was paused puts the next one itself.
    if not db.execute(_UNDER_WAY, _named(backfill)).scalar_one():
        put_chunk(db, backfill)
    return find(db, backfill_id)


def cancel(db: Db, backfill_id: UUID, *, at: datetime) -> Backfill:
    """End it here; what was read stays."""
    backfill = locked(db, backfill_id)
    if backfill.state not in UNFINISHED:
        raise Settled(f"This backfill is {backfill.state.value} already.")
    set_state(db, backfill, BackfillState.CANCELLED, reason=None, at=at)
    _call_off(db, backfill)
    return find(db, backfill_id)


def _call_off(db: Db, backfill: Backfill) -> None:
    db.execute(_CALL_OFF, _named(backfill))


def _named(backfill: Backfill) -> dict[str, object]:
    return {"connection_id": backfill.connection_id, "id": str(backfill.id)}


def _why_not(db: Db, connection_id: UUID) -> SyncError:
    state = db.execute(_EXISTS, {"id": connection_id}).scalar_one_or_none()
    if state is None:
        return NotOnSheet("There is no such connection.")
    if state in {"ACTIVE", "ERROR"}:
        return Settled("A backfill of this practice is under way; wait for it, or cancel it.")
    return BadInput("This practice cannot sync yet; finish its setup or resume it first.")
