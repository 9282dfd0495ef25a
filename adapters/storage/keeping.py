"""Whether the database keeps what it is given: one that answers every question may keep nothing."""

from sqlalchemy import Connection as Db
from sqlalchemy import text

from infra.database import DatabaseFull

_STATE = text(
    """
    SELECT pg_is_in_recovery() AS is_standby,
           current_setting('transaction_read_only') = 'on' AS is_read_only
    """
)
# What does not fit into so little memory goes to the disk of the tables, and is gone with the
# transaction: nobody's row is touched, and an update might find room in a page that has some.
_ON_DISK = text(
    "SELECT set_config('work_mem', '64kB', true), set_config('temp_tablespaces', '', true)"
)
NEEDS_ROOM = text(
    """
    WITH eight_megabytes AS MATERIALIZED (
      SELECT repeat('x', 4000) AS filler FROM generate_series(1, 2000))
    SELECT count(filler) FROM eight_megabytes
    """
)


def refusal(db: Db) -> str | None:
    """Why it would keep nothing now, and what to do; the transaction is of no more use then."""
    state = db.execute(_STATE).one()
    if state.is_standby:
        return "it is a standby; let DATABASE_URL name the primary"
    if state.is_read_only:
        return (
            "it is read only, as managed servers make it once their disk is full; make room there,"
            " or unset default_transaction_read_only"
        )
    db.execute(_ON_DISK)
    try:
        db.execute(NEEDS_ROOM)
    except DatabaseFull:
        return "its disk is full; make room on it"
    return None
