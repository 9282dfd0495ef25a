"""Set-ups of practices that were connected before, given up: let go, so that none holds rows."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from adapters.storage.audit.audit import Access, record
from adapters.storage.by_hand.hands import Hand
from adapters.storage.practices import left_rows
from adapters.storage.sheet import linking
from adapters.storage.sheet.entries import EntrySeal
from infra.database import dispatch, transaction
from infra.sealing import Sealer

AFTER = timedelta(days=3)
"""A set-up that nobody touched for so long, a weekend included, was given up."""

BY_US = Access(user="system")

log = structlog.get_logger()

_IDLE = """
    own.state = 'SETUP_REQUIRED' AND own.removed_at IS NULL AND own.updated_at < :before
    AND NOT EXISTS (SELECT FROM pms_connection_checks
                    WHERE pms_connection_id = own.id AND asked_at >= :before)
    AND EXISTS (SELECT FROM pms_connections AS other
                WHERE other.account_id = own.account_id AND other.removed_at IS NULL
                  AND other.state <> 'SETUP_REQUIRED')
"""
_GIVEN_UP = text(f"SELECT id, account_id FROM pms_connections AS own WHERE {_IDLE}")  # noqa: S608
# Where nothing is to come, nothing is shown twice. Looked at anew: somebody may go on just now.
_HOLDS_ROWS = text(
    f"""
    SELECT id FROM pms_connections AS own
    WHERE id = :id AND {_IDLE} AND EXISTS (
      SELECT FROM run_sheet_appointments
      WHERE pms_connection_id = own.id AND source = 'pms' AND removed_at IS NULL
        AND appointment_time > CAST(:now AS timestamptz) - interval '26 hours')
    FOR NO KEY UPDATE
    """  # noqa: S608 - the words above
)


def let_go(engine: Engine, sealer: Sealer, *, now: datetime) -> int:
    """Remove them as a person would who keeps their rows; answers how many.

    Only where another practice is connected, whose visits would stand beside those rows. Begun
    once more, each goes on as the same connection.
    """
    with dispatch(engine) as db:
        found = db.execute(_GIVEN_UP, {"before": now - AFTER}).all()
    count = 0
    for row in found:
        hand = Hand(account_id=row.account_id, by=BY_US.user, at=now, access=BY_US)
        with transaction(engine, account_id=row.account_id) as db:
            count += _let_go(db, EntrySeal(sealer, account_id=row.account_id), row.id, hand=hand)
    return count


def _let_go(db: Db, seal: EntrySeal, connection_id: UUID, *, hand: Hand) -> int:
    linking.alone(db, hand.account_id)
    values = {"id": connection_id, "before": hand.at - AFTER, "now": hand.at}
    if db.execute(_HOLDS_ROWS, values).first() is None:
        return 0
    left_rows.leave(db, seal, connection_id, "keep", hand=hand)
    record(
        db,
        hand.access,
        account_id=hand.account_id,
        action="connection.removed",
        connection_id=connection_id,
        summary="its set-up was given up",
    )
    log.info("connection.let_go", connection_id=str(connection_id))
    return 1
