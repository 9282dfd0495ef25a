"""The run of a sync that killed its workers is ended in words, each for itself."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from adapters.storage.jobs.parked import close_parked
from adapters.storage.runs.syncing import SyncStore
from domain.jobs import Job
from domain.work import sync_job
from infra.clock import system_clock
from infra.database import dispatch, transaction
from infra.sealing import Keyring, Sealer
from scheduler.sweep import sweep
from tests.storage.rig import ACCOUNT, Rig

pytestmark = pytest.mark.integration

DAY = date(2026, 6, 2)
SEALER = Sealer(Keyring.from_hex("0f" * 32))


def parked(rig: Rig, site: str) -> Job:
    """A sync that began a run and whose workers then died."""
    new = sync_job(
        account_id=ACCOUNT,
        connection_id=rig.connect(site),
        vendor="gentu",
        first_day=DAY,
        last_day=DAY,
    )
    asked = {name: getattr(new, name) for name in ("args", "account_id", "connection_id", "vendor")}
    job = rig.claimed(new.kind, **asked)
    SyncStore(rig.engine, SEALER, clock=system_clock).begin(job)
    rig.change(job.id, state="dead")
    return job


def one(rig: Rig, query: str) -> object:
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return db.execute(text(query)).scalar_one()


def failures(rig: Rig) -> object:
    return one(rig, "SELECT consecutive_failures FROM pms_connections")


def test_the_run_of_a_parked_sync_has_failed_and_says_why(rig: Rig) -> None:
    job = parked(rig, "site")

    close_parked(rig.engine, SEALER, [job.id, 4711], clock=system_clock)

    query = text("SELECT status, error_message, completed_at FROM pms_sync_log")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        run = db.execute(query).one()
    assert run.status == "failed"
    assert "stopped three times" in run.error_message
    assert run.completed_at is not None


def test_a_run_closed_twice_is_one_audit_row_and_one_failure(rig: Rig) -> None:
    job = parked(rig, "site")

    for _ in range(2):
        close_parked(rig.engine, SEALER, [job.id], clock=system_clock)

    assert failures(rig) == 1
    assert one(rig, "SELECT count(*) FROM pms_audit_logs WHERE action = 'sync'") == 1


def test_what_is_parked_and_was_no_sync_is_not_held_against_its_practice(rig: Rig) -> None:
    renewal = rig.claimed("renew_token", account_id=ACCOUNT, connection_id=rig.connect("site"))
    rig.change(renewal.id, state="dead")

    close_parked(rig.engine, SEALER, [renewal.id], clock=system_clock)

    assert failures(rig) == 0
    assert one(rig, "SELECT count(*) FROM pms_audit_logs") == 0


def test_a_job_that_runs_again_opens_its_run_again(rig: Rig) -> None:
    job = parked(rig, "site")
    close_parked(rig.engine, SEALER, [job.id], clock=system_clock)

    rig.change(job.id, state="running")
    SyncStore(rig.engine, SEALER, clock=system_clock).begin(job)

    assert one(rig, "SELECT status FROM pms_sync_log") == "running"
    assert one(rig, "SELECT completed_at FROM pms_sync_log") is None


@pytest.mark.parametrize(
    ("result", "says"),
    [('{"discarded": "Asked for twice."}', "Asked for twice."), ("{}", "The sync was cancelled.")],
)
def test_the_run_of_a_sync_that_was_called_off_says_so_and_is_no_failure(
    rig: Rig, result: str, says: str
) -> None:
    job = parked(rig, "site")
    rig.change(job.id, state="cancelled", result=result)

    close_parked(rig.engine, SEALER, [job.id], clock=system_clock)

    assert one(rig, "SELECT status FROM pms_sync_log") == "failed"
    assert one(rig, "SELECT error_message FROM pms_sync_log") == says
    assert one(rig, "SELECT count(*) FROM run_sheet_events WHERE kind = 'sync_ended'") == 1
    assert failures(rig) == 0


def test_one_run_that_cannot_be_closed_does_not_keep_the_others_open(rig: Rig) -> None:
    gone, there = parked(rig, "gone"), parked(rig, "there")
    with dispatch(rig.engine) as db:
        remove = "UPDATE pms_connections SET removed_at = now() WHERE id = :id"
        db.execute(text(remove), {"id": gone.connection_id})

    close_parked(rig.engine, SEALER, [gone.id, there.id], clock=system_clock)

    query = text("SELECT job_id, status FROM pms_sync_log")
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        runs = {row.job_id: row.status for row in db.execute(query)}
    assert runs[there.id] == "failed"


def test_a_run_left_open_by_a_job_that_ended_is_found_and_closed(rig: Rig) -> None:
    job = parked(rig, "site")
    rig.change(job.id, finished_at=system_clock() - timedelta(seconds=6))
    closed: list[int] = []

    sweep(rig.engine, gave_up=closed.extend)

    assert closed == [job.id]
