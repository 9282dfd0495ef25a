"""The requests that left for vendors, from which a clock that forgot is rebuilt."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, text

from domain.sources import Spend
from infra.database import dispatch

# What a job may have asked for since it last saved: a batch of look-ups, each with a follow-up,
# and the page it reads ahead. A command of an operator asks for a handful.
BY_A_JOB = 24
BY_COMMANDS = 6

# State by state, for each has an index of its own.
_UNSAVED = text(
    """
    SELECT (SELECT count(*) FROM jobs
            WHERE state = 'running' AND attempts > 0 AND vendor = :vendor)
         + (SELECT count(*) FROM jobs
            WHERE state = 'ready' AND attempts > 0 AND vendor = :vendor)
         + (SELECT count(*) FROM jobs
            WHERE state = 'dead' AND attempts > 0 AND vendor = :vendor
              AND finished_at > now() - interval '2 minutes')
    """
)
_SINCE = text(
    "SELECT at FROM vendor_requests WHERE bucket = :bucket AND at >= :instant ORDER BY at"
)
KEEP = """
    INSERT INTO vendor_requests (bucket, at, connection_id)
    SELECT unnest(CAST(:buckets AS text[])), unnest(CAST(:ats AS timestamptz[])),
           unnest(CAST(:connections AS uuid[]))
"""
_KEEP = text(KEEP)


def keep_spent(db: Db, spent: Sequence[Spend]) -> None:
    """What left for vendors, whatever came of it: they counted it."""
    if spent:
        db.execute(_KEEP, spent_values(spent))


def spent_values(spent: Sequence[Spend]) -> Mapping[str, Any]:
    """What `KEEP` wants to be told."""
    return {
        "buckets": [one.bucket for one in spent],
        "ats": [one.at for one in spent],
        "connections": [one.connection_id for one in spent],
    }


class StoredSpent:
    """Implements `domain.limits.Spent` over the rows that pages were saved with."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, bucket: str, instant: datetime) -> Sequence[datetime]:
        with dispatch(self._engine) as db:
            rows = db.execute(_SINCE, {"bucket": bucket, "instant": instant})
            return list(rows.scalars())

    def unsaved(self, bucket: str) -> int:
        """Counted from the jobs under way at the bucket's vendor: a bucket is named for it."""
        vendor = bucket.partition("/")[0]
        with dispatch(self._engine) as db:
            jobs = int(db.execute(_UNSAVED, {"vendor": vendor}).scalar_one())
        return BY_COMMANDS + BY_A_JOB * jobs
