"""What the doctor says of the practices: their connections, credentials and agreements."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import RowMapping, text

from adapters import pms
from adapters.storage.practices import connection_list
from console import reconnecting
from console.doctor.findings import Finding
from console.output import short
from console.wiring import Wiring
from domain.connections import State
from domain.errors import NeedsReconnect, Refused
from domain.freshness import FAILING_AFTER
from infra.clock import system_clock
from infra.database import dispatch

MOST_CREDENTIALS = 100
OVERDUE = timedelta(minutes=15)
ADVICE = {
    State.SETUP_REQUIRED: "run 'pms-sync connections {begins}'",
    State.INACTIVE: "run 'pms-sync connections resume {id}' to sync again",
    State.ERROR: "run 'pms-sync connections test {id}'",
    State.NEEDS_SIGN_IN: "run {again}",
}

_CREDENTIALS = text(
    """
    SELECT id, connector AS vendor, display_name AS name, secret_ref, token_expires_at,
           next_renewal_at
    FROM pms_connections
    WHERE removed_at IS NULL AND state IN ('ACTIVE', 'ERROR') ORDER BY created_at, id LIMIT :most
    """
)


def unstored(wiring: Wiring) -> Iterator[Finding]:
    """Those a vendor gave anew that the secret store did not take, and only Redis has."""
    for row in _in_use(wiring):
        with suppress(NeedsReconnect, Refused):
            # Those that cannot be read are told of as such.
            stored = wiring.secrets.get(row["secret_ref"]) if row["secret_ref"] else {}
            if stored and wiring.unstored.newest(row["secret_ref"], stored) != stored:
                told = f"the secret store did not take the newest of {row['name']}, and only Redis"
                advice = "has them; let it be written, and the next renewal stores them"
                yield Finding(f"credentials {short(row['id'])}", "bad", f"{told} {advice}")


def connections(wiring: Wiring) -> Iterator[Finding]:
    with dispatch(wiring.engine) as db:
        found = connection_list.listed(db)
    yield from map(_standing, found)


def credentials(wiring: Wiring) -> Iterator[Finding]:
    """Each is read, and none is sent: `connections test` asks the vendor."""
    rows = _in_use(wiring)
    opened = 0
    for row in rows:
        problem = _problem(wiring, row)
        if problem is None:
            opened += 1
        else:
            yield problem
    if rows:
        told = f"of {opened} of {len(rows)} practices can be read"
        yield Finding("credentials", "ok" if opened == len(rows) else "warning", told)


def _in_use(wiring: Wiring) -> Sequence[RowMapping]:
    with dispatch(wiring.engine) as db:
        return db.execute(_CREDENTIALS, {"most": MOST_CREDENTIALS}).mappings().all()


def _standing(one: RowMapping) -> Finding:
    name, number = f"connection {short(one['id'])}", short(one["id"])
    if one["vendor"] not in pms.registered():
        return Finding(name, "bad", f"'{one['vendor']}' is no PMS this version knows")
    if one["state"] != State.ACTIVE:
        why = f" ({one['state_reason']})" if one["state_reason"] else ""
        told = f"{one['name']} is {one['state']}{why}"
        return Finding(name, "warning", f"{told}; {_advice(one, number)}")
    if one["consecutive_failures"] >= FAILING_AFTER:
        why = f" ({one['last_sync_error']})" if one["last_sync_error"] else ""
        told = f"{one['name']} failed {one['consecutive_failures']} times in a row{why}"
        advice = f"run 'pms-sync sync {number} --here' to see it fail"
        return Finding(name, "warning", f"{told}; {advice}")
    return Finding(name, "ok", f"{one['name']} ({one['vendor']}) is active")


def _advice(one: RowMapping, number: str) -> str:
    is_paired = pms.registered()[one["vendor"]].pairing is not None
    return ADVICE[State(one["state"])].format(
        id=number,
        again=reconnecting.command(one["vendor"], number),
        begins=f"pair {number} CODE" if is_paired else f"test {number}",
    )


def _problem(wiring: Wiring, row: RowMapping) -> Finding | None:
    name, number = f"credentials {short(row['id'])}", short(row["id"])
    try:
        if row["secret_ref"] is not None:
            wiring.secrets.get(row["secret_ref"])
    except (NeedsReconnect, Refused) as gone:
        again = reconnecting.command(row["vendor"], number)
        told = f"of {row['name']} cannot be read ({gone}); run {again}"
        return Finding(name, "bad", told)
    if _is_overdue(row):
        told = f"the sign-in of {row['name']} has ended and was not renewed"
        advice = f"run 'pms-sync connections test {number}'"
        return Finding(name, "warning", f"{told}; {advice}")
    return None


def _is_overdue(row: RowMapping) -> bool:
    """The scheduler renews before the end; where it has not for so long, it does not."""
    ends, due = row["token_expires_at"], row["next_renewal_at"]
    late = system_clock() - OVERDUE
    return ends is not None and ends < late and due is not None and due < late
