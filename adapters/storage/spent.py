"""The requests that left for vendors, from which a clock that forgot is rebuilt."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, text

from infra.database import dispatch

_SINCE = text(
    "SELECT at, weight FROM vendor_requests WHERE bucket = :bucket AND at >= :instant ORDER BY at"
)


class StoredSpent:
    """Implements `domain.limits.Spent` over the rows that pages were saved with."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, bucket: str, instant: datetime) -> Sequence[tuple[datetime, int]]:
        with dispatch(self._engine) as db:
            rows = db.execute(_SINCE, {"bucket": bucket, "instant": instant})
            return [(row.at, row.weight) for row in rows]
