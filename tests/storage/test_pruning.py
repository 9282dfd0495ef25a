"""What could not be read goes with its time, in batches, and never while it is of use."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import make_url, text

from adapters.storage.jobs.ledger import put
from adapters.storage.upkeep.pruning import prune
from domain.errors import Transient
from domain.jobs import NewJob
from domain.runs import SyncType
from domain.work import sync_job
from infra.database import BadStatement, DatabaseAway, dispatch, engine, transaction
from tests.storage.rig import ACCOUNT, Rig, soon

pytestmark = pytest.mark.integration

RUN = text(
    """
    INSERT INTO pms_sync_log (id, account_id, pms_connection_id, job_id, sync_type, day_from,
                              day_to, status, dry_run, trace_id, started_at)
    VALUES (:id, :account, :connection, :job, 'full', '2026-06-02', '2026-06-02', :status,
            :dry_run, 'trace', now() - make_interval(days => :days))
    """
)
REJECT = text(
    """
    INSERT INTO pms_rejects (account_id, run_id, query_key, pms_id, path, reason, created_at)
    SELECT :account, :run, 'all', number::text, 'start', 'start: not a time',
           now() - make_interval(days => :days) FROM generate_series(1, :count) AS number
    """
)

TUESDAY = date(2026, 6, 2)
ENDED = text(
    """
    UPDATE jobs SET state = :state, started_at = now() - make_interval(mins => :minutes),
                    finished_at = now() - make_interval(mins => :minutes) WHERE id = :id
    """
)


def rejected(
    rig: Rig,
    connection_id: UUID,
    *,
    days: int,
    status: str = "success",
    count: int = 1,
    dry_run: bool = False,
) -> UUID:
    """A run that began so many days ago and could not read so many records."""
    run_id = uuid4()
    about = {"id": run_id, "account": ACCOUNT, "connection": connection_id, "days": days}
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        job = db.execute(text("SELECT count(*) + 1 FROM pms_sync_log")).scalar_one()
        db.execute(RUN, {**about, "job": job, "status": status, "dry_run": dry_run})
        db.execute(REJECT, {"account": ACCOUNT, "run": run_id, "days": days, "count": count})
    return run_id


def left(rig: Rig) -> set[UUID]:
    """Runs of which it is still told what they could not read."""
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return set(db.execute(text("SELECT run_id FROM pms_rejects")).scalars())


def test_what_old_runs_could_not_read_is_cleared_away(rig: Rig) -> None:
    site = rig.connect("site")
    rejected(rig, site, days=91)
    within, latest = rejected(rig, site, days=89), rejected(rig, site, days=0)

    gone = prune(rig.engine)

    assert gone["pms_rejects"] == 1
    assert left(rig) == {within, latest}


def test_how_long_is_a_setting(rig: Rig) -> None:
    site = rig.connect("site")
    rejected(rig, site, days=10)
    latest = rejected(rig, site, days=0)

    prune(rig.engine, rejects_days=7)

    assert left(rig) == {latest}


def test_many_go_a_batch_at_a_time(rig: Rig) -> None:
    site = rig.connect("site")
    rejected(rig, site, days=91, count=7)
    latest = rejected(rig, site, days=0)

    assert prune(rig.engine, batch=3)["pms_rejects"] == 7
    assert left(rig) == {latest}


def test_a_practice_that_was_long_not_read_keeps_what_its_latest_run_could_not(rig: Rig) -> None:
    stopped, other = rig.connect("stopped"), rig.connect("other")
    latest = rejected(rig, stopped, days=400)
    rejected(rig, stopped, days=399, dry_run=True)
    newest = rejected(rig, other, days=0)

    prune(rig.engine)

    assert left(rig) == {latest, newest}


def test_a_run_that_goes_on_keeps_its_own(rig: Rig) -> None:
    site = rig.connect("site")
    running, latest = (
        rejected(rig, site, days=91, status="running"),
        rejected(rig, site, days=0),
    )

    prune(rig.engine)

    assert left(rig) == {running, latest}


def ended(rig: Rig, site: UUID, state: str, *, minutes: int, **of: Any) -> int:
    """A sync that was begun, and ended, so many minutes ago."""
    days = {"first_day": TUESDAY, "last_day": TUESDAY, **of}
    job = sync_job(account_id=ACCOUNT, connection_id=site, vendor="gentu", **days)
    with dispatch(rig.engine) as db:
        job_id = put(db, job)
        db.execute(ENDED, {"id": job_id, "state": state, "minutes": minutes})
    return job_id


@pytest.mark.parametrize(
    ("died", "came", "left"),
    [
        ({}, {}, "cancelled"),
        ({"sync_type": SyncType.INCREMENTAL}, {}, "cancelled"),
        ({}, {"sync_type": SyncType.INCREMENTAL}, "dead"),
        ({}, {"dry_run": True}, "dead"),
        ({}, {"last_day": TUESDAY + timedelta(days=1)}, "dead"),
    ],
    ids=["the same", "a whole pass", "only changes", "a preview", "of other days"],
)
def test_a_dead_sync_whose_work_a_later_one_did_asks_nobody_for_a_replay_any_more(
    rig: Rig, died: dict[str, Any], came: dict[str, Any], left: str
) -> None:
    site, other = rig.connect("site"), rig.connect("other")
    ended(rig, site, "done", minutes=60)
    job_id = ended(rig, site, "dead", minutes=30, **died)
    ended(rig, other, "done", minutes=5)
    ended(rig, site, "done", minutes=5, **came)

    called_off = prune(rig.engine)["dead syncs"]

    with dispatch(rig.engine) as db:
        job = db.execute(
            text("SELECT state, result FROM jobs WHERE id = :id"), {"id": job_id}
        ).one()
    assert (job.state, called_off) == (left, 1 if left == "cancelled" else 0)
    assert left == "dead" or job.result["discarded"] == "A later sync of these days did its work."


def test_a_dead_sync_that_left_its_key_to_the_one_that_waited_is_called_off_too(rig: Rig) -> None:
    """As each does at a practice that is long in answering: the next is put while it runs."""
    site = rig.connect("site")
    job = sync_job(
        account_id=ACCOUNT,
        connection_id=site,
        vendor="gentu",
        first_day=TUESDAY,
        last_day=TUESDAY,
    )
    first = put_into(rig, job)
    running = rig.ledger.claim(first)
    waits = put_into(rig, job)
    while running is not None:
        rig.ledger.fail(running, Transient("no answer"), retry_at=soon(-1))
        running = rig.ledger.claim(first)
    later = rig.ledger.claim(waits)
    assert later is not None
    rig.ledger.finish(later)

    assert prune(rig.engine)["dead syncs"] == 1
    assert rig.state(first) == "cancelled"


def put_into(rig: Rig, job: NewJob) -> int:
    with dispatch(rig.engine) as db:
        return put(db, job)


def test_who_clears_away_reads_neither_records_nor_reasons(rig: Rig) -> None:
    with pytest.raises(BadStatement), dispatch(rig.engine) as db:
        db.execute(text("SELECT pms_id, reason FROM pms_rejects"))


def test_what_was_cleared_away_stays_so_when_the_rest_cannot_be(
    rig: Rig, database_url: str
) -> None:
    came = text(
        "INSERT INTO turned_away (account_id, minute, tool)"
        " SELECT :account, now() - make_interval(days => 40, mins => n), 'book_appointment'"
        " FROM generate_series(7, 1, -1) AS n"
    )
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        db.execute(came, {"account": ACCOUNT})
    asked = text("SELECT count(*) AS times, max(minute) AS newest FROM turned_away")
    held = text("SELECT FROM turned_away WHERE minute = :minute FOR UPDATE")
    url = make_url(database_url).update_query_dict({"options": "-c lock_timeout=100"})
    impatient = engine(
        url.render_as_string(hide_password=False), application_name="tests", pool_size=1
    )

    with rig.engine.begin() as db:
        db.execute(held, {"minute": db.execute(asked).one().newest})
        with pytest.raises(DatabaseAway):
            prune(impatient, batch=3)
        left = db.execute(asked).one().times
    impatient.dispose()

    assert left == 1
