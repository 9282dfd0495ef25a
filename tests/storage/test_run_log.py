"""How a run ends is how its connection stands."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from adapters.storage.runs import candidates
from adapters.storage.runs.open_run import OpenRun
from adapters.storage.runs.syncing import SyncStore
from domain.connections import State
from domain.errors import FenceLost
from domain.jobs import Job
from domain.runs import RunStatus
from domain.sources import Page
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import DatabaseAway, transaction
from infra.sealing import Keyring, Sealer
from tests.storage.desk import VISIT
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

DAY = date(2026, 6, 2)
SHEETS_WITH_ROWS = """
    SELECT sheet.day FROM run_sheet_appointments AS entry
    JOIN run_sheets AS sheet ON sheet.id = entry.run_sheet_id
"""
STANDS = text("UPDATE pms_connections SET state = :state, state_reason = :reason")
SEALER = Sealer(Keyring.from_hex("0f" * 32))


def begun(rig: Rig, connection_id: UUID) -> tuple[Job, OpenRun]:
    new = sync_job(
        account_id=ACCOUNT,
        connection_id=connection_id,
        vendor="gentu",
        first_day=DAY,
        last_day=DAY,
    )
    asked = {name: getattr(new, name) for name in ("args", "account_id", "connection_id", "vendor")}
    job = rig.claimed(new.kind, **asked)
    return job, SyncStore(rig.engine, SEALER, clock=system_clock).begin(job)


def synced(rig: Rig, *, state: State, ends: RunStatus) -> Any:
    """The connection after a run that began in that state and ended so."""
    connection_id = rig.connect("site")
    _, run = begun(rig, connection_id)
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(STANDS, {"state": state.value, "reason": "It did not answer."})
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


def test_whoever_lost_its_job_does_not_wait_for_the_new_owner(rig: Rig) -> None:
    job, run = begun(rig, rig.connect("site"))
    with transaction(rig.engine) as other:
        other.execute(text("UPDATE jobs SET fence = fence + 1 WHERE id = :id"), {"id": job.id})

    with transaction(rig.engine) as other:
        other.execute(text("SELECT 1 FROM pms_sync_log FOR UPDATE"))

        with pytest.raises(FenceLost):
            run.save_progress(())


def stored(run: OpenRun, page: Page, *, fails: bool = False) -> None:
    with run.together():
        found = run.sort(page.records, window=run.run.window)
        run.save_page(found, page, query_key="q", spent=())
        if fails:
            raise DatabaseAway("it was restarted")


def test_a_page_that_was_rolled_back_is_stored_when_it_is_read_again(rig: Rig) -> None:
    """With the first row of its day, and so with the sheet that was made for it."""
    _, run = begun(rig, rig.connect("site"))
    run.connection = replace(run.connection, telehealth_only=False)
    page = Page(records=[replace(VISIT, practitioner_id=None)])

    with pytest.raises(DatabaseAway):
        stored(run, page, fails=True)
    stored(run, page)

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        assert db.execute(text(SHEETS_WITH_ROWS)).scalars().all() == [DAY]


def test_a_row_that_one_slice_missed_is_listed_once_another_has_it(rig: Rig) -> None:
    """Whichever comes first: it leaves by the filters of its connection, and nobody asks for it."""
    _, run = begun(rig, rig.connect("site"))
    run.connection = replace(run.connection, telehealth_only=False)
    stored(run, Page(records=[replace(VISIT, practitioner_id=None)]))

    with transaction(rig.engine, account_id=ACCOUNT) as db:
        [row] = db.execute(text("SELECT id FROM run_sheet_appointments")).scalars()
        candidates.keep(db, run.run, [row], is_listed=False)
        candidates.keep(db, run.run, [row, row], is_listed=True)
        candidates.keep(db, run.run, [row], is_listed=False)
        assert [one.is_listed for one in candidates.listed(db, run.run, run.connection)] == [True]
