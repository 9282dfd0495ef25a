"""Which practice-local days were read from the PMS whole, and when last; the others never were."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection as Db
from sqlalchemy import text

# Only what read the whole of the days counts: not changes since, not a preview, and not what was
# read before the practice's clock was put right. Whether ranges overlap is not asked as such:
# row-level security lets no index answer that.
_DAYS_READ = text(
    """
    SELECT connection.id, day.at::date AS day, max(run.completed_at) AS read_at
    FROM pms_connections AS connection
    CROSS JOIN generate_series(CAST(:first AS date), CAST(:last AS date), '1 day') AS day(at)
    LEFT JOIN (
      SELECT pms_connection_id, day_from, day_to, max(completed_at) AS completed_at
      FROM pms_sync_log JOIN pms_connections AS own ON own.id = pms_connection_id
      WHERE day_to >= :first AND day_from <= :last
        AND status = 'success' AND NOT dry_run AND sync_type <> 'incremental'
        AND started_at >= COALESCE(own.read_anew_since, '-infinity')
      GROUP BY pms_connection_id, day_from, day_to
    ) AS run ON run.pms_connection_id = connection.id
            AND day.at::date BETWEEN run.day_from AND run.day_to
    WHERE connection.removed_at IS NULL
    GROUP BY connection.id, day.at
    """
)

DaysRead = Mapping[UUID, Mapping[date, datetime | None]]


def read_days(db: Db, first: date, last: date) -> DaysRead:
    """For each connection of the account, when each day was last read whole; None for never."""
    found: dict[UUID, dict[date, datetime | None]] = defaultdict(dict)
    for row in db.execute(_DAYS_READ, {"first": first, "last": last}):
        found[row.id][row.day] = row.read_at
    return found
