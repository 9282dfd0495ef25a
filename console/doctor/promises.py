"""What the doctor says of what was promised: agreements on patient data, and the audit's chain."""

from collections.abc import Iterator

from sqlalchemy import text

from adapters import pms
from adapters.storage.people import agreements
from console.doctor.findings import Finding
from console.wiring import Wiring
from domain.counting import so_many
from infra.clock import system_clock
from infra.database import dispatch, transaction

LATE_CHAIN_SECONDS = 300.0
S3 = "s3://"
ALL = "'pms-sync audit verify' judges them all"
VERIFY = "see that the scheduler and a worker of 'default' run, then 'pms-sync audit verify'"

_VENDORS = text(
    """
    SELECT DISTINCT account_id, connector FROM pms_connections
    WHERE removed_at IS NULL AND state <> 'INACTIVE' ORDER BY account_id, connector
    """
)
_UNCHAINED = text(
    """
    SELECT count(*) AS rows, extract(epoch FROM now() - min(created_at))::float AS seconds
    FROM pms_audit_logs AS logs
    WHERE created_at > now() - interval '1 day'
      AND NOT EXISTS (SELECT FROM audit_chain AS link
                      WHERE link.account_id = logs.account_id AND link.audit_id = logs.id)
    """
)


def agreed(wiring: Wiring) -> Iterator[Finding]:
    """Only where patients are real: elsewhere nobody needs one."""
    if not wiring.settings.is_production:
        return
    with dispatch(wiring.engine) as db:
        found = [row for row in db.execute(_VENDORS) if row.connector in pms.registered()]
    lacking = False
    for row in found:
        with transaction(wiring.engine, account_id=row.account_id) as db:
            missing = agreements.lacking(db, row.connector, today=system_clock().date())
        if missing:
            lacking = True
            told = f"account {row.account_id} has none in force with {' and '.join(missing)}"
            yield Finding("agreements", "bad", f"{told}; run 'pms-sync baa record'")
    if found and not lacking:
        yield Finding("agreements", "ok", "in force for every connection")


def apart(wiring: Wiring) -> Iterator[Finding]:
    """Whether the heads lie where whoever alters rows cannot reach, and hang on a key of theirs."""
    given = wiring.settings
    if not given.is_production:
        return
    if not (given.audit_anchor or "").startswith(S3):
        told = "heads of the chain are kept in a file of this machine; give AUDIT_ANCHOR a bucket"
        yield Finding("audit", "warning", f"{told} with object lock, s3://bucket/prefix")
    if not given.audit_key.get_secret_value():
        told = "the chain hangs on ENCRYPTION_KEY, and turning that one concerns it"
        yield Finding("audit", "warning", f"{told}; set AUDIT_KEY (openssl rand -hex 32)")


def chained(wiring: Wiring) -> Iterator[Finding]:
    """Rows are linked within seconds, while somebody does it."""
    with dispatch(wiring.engine) as db:
        waiting = db.execute(_UNCHAINED).one()
    if not waiting.rows:
        yield Finding("audit", "ok", f"no row of the last day waits to be chained; {ALL}")
    elif waiting.seconds > LATE_CHAIN_SECONDS:
        told = f"{_waiting(waiting.rows)}, the oldest for {waiting.seconds:.0f} s"
        yield Finding("audit", "warning", f"{told}; {VERIFY}")
    else:
        yield Finding("audit", "ok", f"{_waiting(waiting.rows)}, as they do for a while")


def _waiting(rows: int) -> str:
    return f"{so_many(rows, 'row waits', 'rows wait')} to be chained"
