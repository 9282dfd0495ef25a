"""How a run ends is how its connection stands."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from adapters.storage import connections
from adapters.storage.syncing import SyncStore
from domain.connections import State
from domain.runs import RunStatus
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import transaction
from infra.sealing import Keyring, Sealer
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

DAY = date(2026, 6, 2)
SEALER = Sealer(Keyring.from_hex("0f" * 32))


def synced(rig: Rig, *, state: State, ends: RunStatus) -> Any:
    """The connection after a run that began in that state and ended so."""
    connection_id = rig.connect("site")
    new = sync_job(
        account_id=ACCOUNT,
        connection_id=connection_id,
        vendor="gentu",
        first_day=DAY,
        last_day=DAY,
    )
    asked = {name: getattr(new, name) for name in ("args", "account_id", "connection_id", "vendor")}
    run = SyncStore(rig.engine, SEALER, clock=system_clock).begin(rig.claimed(new.kind, **asked))
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        connections.set_state(db, connection_id, state, reason="It did not answer.")
    run.close(status=ends, message=None, details=None)
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return db.execute(text("SELECT state, state_reason FROM pms_connections")).one()


def test_a_complete_sync_ends_an_error(rig: Rig) -> None:
    after = synced(rig, state=State.ERROR, ends=RunStatus.SUCCESS)

    assert (after.state, after.state_reason) == ("ACTIVE", None)


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (State.ERROR, RunStatus.PARTIAL),
        (State.ERROR, RunStatus.FAILED),
        (State.INACTIVE, RunStatus.SUCCESS),
        (State.NEEDS_SIGN_IN, RunStatus.SUCCESS),
    ],
)
def test_no_other_end_changes_how_a_connection_stands(
    rig: Rig, state: State, ends: RunStatus
) -> None:
    after = synced(rig, state=state, ends=ends)

    assert (after.state, after.state_reason) == (state, "It did not answer.")
