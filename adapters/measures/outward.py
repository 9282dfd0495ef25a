"""The promise the other way: what people changed on the sheet and its PMS does not have yet."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection as Db
from sqlalchemy import text

from adapters.measures.asking import Sample
from adapters.storage.runs.timelines import read_outward
from adapters.storage.sheet.sheet_status import facts_of
from domain.freshness import Owed, Status, assess_outward

_OWING = text(
    """
    SELECT id, connector, state, sync_enabled, sync_frequency_minutes, created_at, last_sync_at,
           consecutive_failures, opening_hours, rests_until, timezone, now() AS at
    FROM pms_connections WHERE removed_at IS NULL AND id = ANY(:ids)
    """
)
_VENDORS = text("SELECT DISTINCT connector FROM pms_connections WHERE removed_at IS NULL")


def read(db: Db) -> Iterator[Sample]:
    """For the dispatch role; every vendor there is, so that what clears goes to nought."""
    owed = read_outward(db)
    statuses: Counter[tuple[str, Status]] = Counter()
    changes: Counter[tuple[str, str]] = Counter()
    for row in db.execute(_OWING, {"ids": list(owed)}).mappings():
        one, vendor = owed[row["id"]], row["connector"]
        told = Owed(waiting=one.waiting, stuck=one.stuck, since=one.since)
        statuses[vendor, assess_outward(facts_of(row), told, now=row["at"]).status] += 1
        changes.update({(vendor, "waiting"): one.waiting, (vendor, "stuck"): one.stuck})
    for vendor in sorted(db.execute(_VENDORS).scalars()):
        for status in Status:
            labels = (vendor, status.value)
            yield Sample("pms_sync_connections_outward", labels, float(statuses[vendor, status]))
        for state in ("waiting", "stuck"):
            labels = (vendor, state)
            yield Sample("pms_sync_unsent_changes", labels, float(changes[vendor, state]))
