"""What the doctor says of those who do the work: workers, the scheduler, the vendors' budgets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from adapters import pms
from adapters.rest.budgets import budgets
from adapters.storage.jobs import job_list, queue_board
from adapters.storage.practices.connections import load
from console.doctor.findings import Finding, Verdict
from console.doctor.servers import LARGEST_SKEW, wrong_by
from console.wiring import Wiring
from domain.counting import so_many
from domain.errors import SyncError
from domain.limits import Allowance, Budget
from infra.database import dispatch, transaction

LONG_WAIT = 300.0
LITTLE_LEFT = 0.1
MOST_CONNECTIONS = 100

_ACTIVE = text(
    """
    SELECT id, account_id, connector FROM pms_connections
    WHERE removed_at IS NULL AND state IN ('ACTIVE', 'ERROR') ORDER BY created_at, id LIMIT :most
    """
)


def workers(wiring: Wiring) -> Iterator[Finding]:
    with dispatch(wiring.engine) as db:
        found = job_list.queues(db)
        living = [one for one in queue_board.read_workers(db) if one.is_living]
    yield from map(_served, found)
    for one in living:
        if abs(one.clock_behind) > LARGEST_SKEW:
            yield Finding("clocks", "warning", f"worker {one.id}: {wrong_by(one.clock_behind)}")


def scheduler(wiring: Wiring) -> Iterator[Finding]:
    with dispatch(wiring.engine) as db:
        is_ticking = queue_board.is_ticking(db)
    if is_ticking:
        yield Finding("scheduler", "ok", "ticking")
    else:
        yield Finding("scheduler", "warning", "not ticking; start 'pms-sync scheduler' or 'up'")


def allowances(wiring: Wiring) -> Iterator[Finding]:
    """What each vendor still lets us ask, where that is least; several practices may share it."""
    with dispatch(wiring.engine) as db:
        active = db.execute(_ACTIVE, {"most": MOST_CONNECTIONS}).all()
    buckets: dict[str, dict[str, Budget]] = defaultdict(dict)
    for row in active:
        if row.connector in pms.registered():
            buckets[row.connector].update(_budgets_of(wiring, row.id, row.account_id))
    for vendor, held in sorted(buckets.items()):
        if held:
            yield _left(wiring, vendor, list(held.values()))


def _served(queue: Mapping[str, Any]) -> Finding:
    name, serving = f"queue {queue['queue']}", queue["workers"]
    if not serving:
        advice = f"no worker; start 'pms-sync worker --pool {queue['queue']}' or 'up'"
        return Finding(name, "warning", advice)
    told = f"{so_many(serving, 'worker')}, {queue['ready']} ready, {queue['dead']} dead"
    verdict: Verdict = "warning" if queue["dead"] else "ok"
    advice = "; see 'pms-sync jobs list --state dead'" if queue["dead"] else ""
    return Finding(name, verdict, told + advice)


def _budgets_of(wiring: Wiring, connection_id: UUID, account_id: str) -> Mapping[str, Budget]:
    """None of them where its credentials cannot be had: another check says so."""
    with transaction(wiring.engine, account_id=account_id) as db:
        held = load(db, connection_id)
    here, vendor = wiring.opener.placed(held), pms.vendor(held.vendor)
    try:
        secrets = wiring.opener.secrets_of(here)
    except SyncError:
        return {}
    auth = vendor.auth_by(secrets)
    if auth is None:
        return {}
    found = budgets(vendor, list(vendor.limits), here, auth=auth, secrets=secrets)
    return {one.bucket: one for one in found}


def _left(wiring: Wiring, vendor: str, held: Sequence[Budget]) -> Finding:
    outlooks = [wiring.opener.throttle.outlook([budget]) for budget in held]
    tightest = min((one.binding for one in outlooks), key=_share)
    wait = max(one.seconds for one in outlooks)
    limit = tightest.limit
    told = f"{tightest.left} of {limit.requests} requests in {limit.seconds} s are left"
    name = f"budget {vendor}"
    if wait > LONG_WAIT:
        return Finding(name, "warning", f"the next request waits {wait:.0f} s; {told}")
    if is_scarce(tightest):
        return Finding(name, "warning", f"{told}; syncs wait, see /queues for how long")
    return Finding(name, "ok", told)


def is_scarce(allowance: Allowance) -> bool:
    """Less than a tenth; of a limit that has no tenth, such as one sign-in a minute, never."""
    return allowance.limit.requests * LITTLE_LEFT >= 1 and _share(allowance) < LITTLE_LEFT


def _share(allowance: Allowance) -> float:
    return allowance.left / allowance.limit.requests
