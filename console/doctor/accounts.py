"""What the doctor says of what waits for somebody, and where: alerts name no account."""

from collections.abc import Iterator

from sqlalchemy import text

from adapters.storage.practices import connection_list
from adapters.storage.runs.timelines import read_outward
from console.doctor.findings import Finding
from console.output import short
from console.wiring import Wiring
from domain.counting import so_many
from infra.database import dispatch

_FINDINGS = text(
    """
    SELECT account_id, count(*) AS times FROM audit_findings
    WHERE state = 'open' GROUP BY account_id ORDER BY account_id
    """
)
_ENDPOINTS = text(
    """
    SELECT account_id, count(*) AS times FROM webhook_endpoints
    WHERE removed_at IS NULL
      AND (state = 'disabled' OR state = 'active' AND failing_since IS NOT NULL)
    GROUP BY account_id ORDER BY account_id
    """
)
_WRITES = text(
    """
    SELECT own.account_id, count(*) AS times FROM pms_connections AS own
    JOIN pms_writes AS kept ON kept.connection_id = own.id
     AND kept.created_at > now() - interval '14 days'
    WHERE kept.state IN ('submitted', 'unknown')
      AND kept.submitted_at < now() - interval '1 hour'
    GROUP BY own.account_id ORDER BY own.account_id
    """
)

# One or two a day are times that the practice's own book took first.
_BOOKINGS = text(
    """
    SELECT own.account_id, count(*) AS times FROM pms_connections AS own
    JOIN pms_writes AS kept ON kept.connection_id = own.id
     AND kept.created_at > now() - interval '1 day'
    WHERE kept.state = 'failed' AND kept.kind = 'book'
    GROUP BY own.account_id HAVING count(*) > 2 ORDER BY own.account_id
    """
)
_WAITING = (
    (_FINDINGS, "finding", "of unusual access: see /audit"),
    (_ENDPOINTS, "endpoint", "failing or given up: see 'pms-sync endpoints list --account {}'"),
    (_BOOKINGS, "booking", "of the day that failed: see /deliveries"),
    (_WRITES, "write", "without an end for over an hour: see 'pms-sync writes list --account {}'"),
)


def waiting(wiring: Wiring) -> Iterator[Finding]:
    """Of each account what somebody is to look at."""
    with dispatch(wiring.engine) as db:
        for statement, what, how in _WAITING:
            for row in db.execute(statement):
                told = f"{so_many(row.times, what)} {how.format(row.account_id)}"
                yield Finding(f"account {row.account_id}", "warning", told)


def changes(wiring: Wiring) -> Iterator[Finding]:
    """Of each practice what people changed that does not go out by itself."""
    with dispatch(wiring.engine) as db:
        stuck = {id_: owed.stuck for id_, owed in read_outward(db).items() if owed.stuck}
        names = connection_list.names(db, stuck)
    for id_, times in stuck.items():
        told = f"{so_many(times, 'change')} of {names[id_]} wait for somebody: see /advancedmd"
        yield Finding(f"changes {short(id_)}", "warning", told)
