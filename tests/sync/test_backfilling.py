"""A long range is read newest days first, behind today's syncs, and survives whatever happens."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import text

from adapters.storage.jobs.ledger import Ledger, put
from adapters.storage.practices import connection_list
from adapters.storage.runs import backfill_chunks, backfill_rows, backfills
from domain.backfills import Backfill, BackfillState
from domain.connections import State
from domain.errors import BadInput
from domain.sheet import Settled
from domain.work import BACKFILL, BY_SCHEDULE, sync_job
from infra.clock import system_clock
from infra.database import dispatch, transaction
from simulators.setup import Setup
from tests.sync.practice import ACCOUNT, Practice, practice
from tests.sync.test_trouble import script

pytestmark = pytest.mark.integration

DAYS = tuple(date(2026, 6, 1) + timedelta(days=number) for number in range(10))


@pytest.fixture
def clinic(database_url: str, redis_client: redis.Redis) -> Iterator[Practice]:
    """Ten days of a small practice."""
    setup = Setup(seed=7, practitioners=1, appointments=6, days=DAYS, limits=())
    with practice(database_url, redis_client, setup=setup) as connected:
        yield connected


def begin(clinic: Practice, *, chunk_days: int = 4) -> Backfill:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return backfills.begin(
            db,
            clinic.connection_id,
            first=DAYS[0],
            last=DAYS[-1],
            by="Ann",
            at=system_clock(),
            chunk_days=chunk_days,
        )


def now(clinic: Practice, backfill: Backfill) -> Backfill:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        return backfill_rows.find(db, backfill.id)


def steer(clinic: Practice, backfill: Backfill, how: str) -> Backfill:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        if how == "pause":
            return backfills.stop(db, backfill.id, reason="Lunch.")
        act = backfills.go_on if how == "resume" else backfills.cancel
        return act(db, backfill.id, at=system_clock())


def waiting(clinic: Practice) -> list[dict[str, Any]]:
    with dispatch(clinic.engine) as db:
        found = db.execute(text("SELECT * FROM jobs WHERE state = 'ready' ORDER BY id"))
        return [dict(row) for row in found.mappings()]


def chunk(clinic: Practice) -> dict[str, Any]:
    """The chunk that waits is carried, due or not; its run."""
    [job] = waiting(clinic)
    with dispatch(clinic.engine) as db:
        db.execute(text("UPDATE jobs SET due_at = now() WHERE id = :id"), {"id": job["id"]})
    clinic.run(job["id"])
    return clinic.run_of(job["id"])


def test_a_range_is_read_newest_days_first_to_its_end(clinic: Practice) -> None:
    backfill = begin(clinic)

    spans = []
    while now(clinic, backfill).state is BackfillState.RUNNING:
        run = chunk(clinic)
        spans.append((run["day_from"], run["day_to"]))
        assert run["backfill_id"] == backfill.id

    done = now(clinic, backfill)
    assert spans == [(DAYS[6], DAYS[9]), (DAYS[2], DAYS[5]), (DAYS[0], DAYS[1])]
    assert (done.state, done.days_done, done.days_total) == (BackfillState.DONE, 10, 10)
    assert done.counts["created"] == len(clinic.rows()) > 0
    assert done.counts["requests"] > 0
    assert done.ended_at is not None
    assert waiting(clinic) == []


def test_progress_tells_the_days_and_what_is_left(clinic: Practice) -> None:
    backfill = begin(clinic)
    assert now(clinic, backfill).requests_left is None
    chunk(clinic)

    found = now(clinic, backfill)

    assert found.days_done == 4
    assert found.requests_left == -(-found.counts["requests"] * 6 // 4)
    assert found.seconds_left is not None and found.seconds_left > 0


def test_a_chunk_comes_after_everything_the_timetable_asks_for(clinic: Practice) -> None:
    begin(clinic)

    [job] = waiting(clinic)

    assert job["priority"] == BACKFILL < BY_SCHEDULE


def test_todays_sync_goes_before_a_chunk_that_has_begun_and_waits(clinic: Practice) -> None:
    begin(clinic)
    [job] = waiting(clinic)
    ledger = Ledger(clinic.engine, worker="tests")
    begun = ledger.claim(job["id"])
    assert begun is not None
    ledger.wait(begun, until=system_clock(), reason="the request limit")
    scheduled = sync_job(
        account_id=ACCOUNT,
        connection_id=clinic.connection_id,
        vendor="gentu",
        first_day=DAYS[0],
        last_day=DAYS[0],
    )
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        today = put(db, scheduled)

    assert ledger.claim(today) is not None
    assert ledger.claim(job["id"]) is None


def test_a_backfill_leaves_the_freshness_of_today_alone(clinic: Practice) -> None:
    begin(clinic, chunk_days=10)
    query = text("SELECT last_sync_at, last_sync_status, consecutive_failures FROM pms_connections")
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        before = db.execute(query).one()

    assert chunk(clinic)["status"] == "success"

    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        assert db.execute(query).one() == before


def test_a_chunk_that_fails_is_tried_again_later_then_a_person_is_asked(clinic: Practice) -> None:
    backfill = begin(clinic)
    script(clinic, "500", times=500)

    for _ in range(2):
        assert chunk(clinic)["status"] == "failed"
        found = now(clinic, backfill)
        assert (found.state, found.days_done) == (BackfillState.RUNNING, 0)
        assert found.reason
        [again] = waiting(clinic)
        assert again["due_at"] > system_clock() + timedelta(minutes=4)
    assert chunk(clinic)["status"] == "failed"

    paused = now(clinic, backfill)
    assert (paused.state, waiting(clinic)) == (BackfillState.PAUSED, [])
    assert paused.reason and "500" in paused.reason
    clinic.heal()
    assert steer(clinic, backfill, "resume").reason is None
    assert chunk(clinic)["status"] == "success"
    assert now(clinic, backfill).days_done == 4


def test_a_chunk_after_a_failed_try_forgets_the_reason(clinic: Practice) -> None:
    backfill = begin(clinic)
    script(clinic, "500", times=3)
    chunk(clinic)

    chunk(clinic)

    assert now(clinic, backfill).reason is None


def test_too_many_removals_pause_at_once_and_a_person_may_let_them_go(clinic: Practice) -> None:
    backfill = begin(clinic)
    while waiting(clinic):
        assert chunk(clinic)["status"] == "success"
    for pms_id in clinic.truth():
        clinic.control(f"appointments/{pms_id}", {"action": "delete"})
    again = begin(clinic)

    assert chunk(clinic)["status"] == "partial"

    paused = now(clinic, again)
    assert (paused.state, waiting(clinic)) == (BackfillState.PAUSED, [])
    assert paused.reason and "preview these days and approve" in paused.reason
    assert now(clinic, backfill).state is BackfillState.DONE


def test_a_lost_authorisation_pauses_at_once(clinic: Practice) -> None:
    backfill = begin(clinic)
    clinic.secrets.kept["gentu"].update(client_secret="wrong")  # noqa: S106 - it is

    assert chunk(clinic)["status"] == "failed"

    assert now(clinic, backfill).state is BackfillState.PAUSED
    assert clinic.state() == State.NEEDS_SIGN_IN


def test_pausing_calls_the_next_chunk_off_and_resuming_takes_it_up(clinic: Practice) -> None:
    backfill = begin(clinic)
    chunk(clinic)

    paused = steer(clinic, backfill, "pause")
    assert (paused.state, paused.reason, waiting(clinic)) == (BackfillState.PAUSED, "Lunch.", [])
    steer(clinic, backfill, "resume")

    assert chunk(clinic)["day_to"] == DAYS[5]


def test_a_chunk_under_way_when_paused_counts_and_nothing_follows_it(clinic: Practice) -> None:
    backfill = begin(clinic)
    clinic.control("latency", {"ms": 1})
    [job] = waiting(clinic)
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        db.execute(
            text("UPDATE pms_backfills SET state = 'paused' WHERE id = :id"), {"id": backfill.id}
        )

    clinic.run(job["id"])

    found = now(clinic, backfill)
    assert (found.state, found.days_done, waiting(clinic)) == (BackfillState.PAUSED, 4, [])


def test_a_cancelled_one_ends_there_and_another_may_begin(clinic: Practice) -> None:
    backfill = begin(clinic)
    with pytest.raises(Settled, match="under way"):
        begin(clinic)

    ended = steer(clinic, backfill, "cancel")

    assert (ended.state, waiting(clinic)) == (BackfillState.CANCELLED, [])
    with pytest.raises(Settled):
        steer(clinic, backfill, "resume")
    assert begin(clinic).state is BackfillState.RUNNING


def test_one_whose_job_was_called_off_is_paused_for_a_person(clinic: Practice) -> None:
    backfill = begin(clinic)
    with transaction(clinic.engine) as db:
        db.execute(text("UPDATE jobs SET state = 'cancelled', finished_at = now()"))
        db.execute(text("UPDATE pms_backfills SET asked_at = now() - interval '1 minute'"))

    with dispatch(clinic.engine) as db:
        assert backfill_chunks.pause_stranded(db) == 1

    assert now(clinic, backfill).state is BackfillState.PAUSED
    assert "resume it" in (now(clinic, backfill).reason or "")


def test_a_killed_chunk_loses_nothing(clinic: Practice) -> None:
    backfill = begin(clinic)
    [job] = waiting(clinic)
    assert Ledger(clinic.engine, worker="killed").claim(job["id"]) is not None
    with dispatch(clinic.engine) as db:
        db.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))

    clinic.run(job["id"])

    assert now(clinic, backfill).days_done == 4
    assert [one["args"]["last_day"] for one in waiting(clinic)] == [DAYS[5].isoformat()]


def test_a_paused_practice_cannot_begin(clinic: Practice) -> None:
    with transaction(clinic.engine, account_id=ACCOUNT) as db:
        connection_list.pause(db, clinic.connection_id)

    with pytest.raises(BadInput, match="resume it"):
        begin(clinic)
