"""Jobs are put once, carried by one worker at a time, and never lost or carried for ever."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from itertools import chain
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy import text

from adapters.storage.jobs import announcing
from adapters.storage.jobs.ledger import Ledger, guard, put, save_checkpoint
from domain.errors import BadInput, FenceLost, Transient
from domain.jobs import MAX_FAILURES, JobState, NewJob, Queue
from domain.work import settle_job
from infra.database import dispatch
from tests.storage.rig import ACCOUNT, Rig, soon

pytestmark = pytest.mark.integration


def test_a_second_put_hurries_the_job_that_waits(rig: Rig) -> None:
    first = rig.put(dedupe_key="k", due_at=soon(600), priority=1)

    second = rig.put(dedupe_key="k", due_at=soon(60), priority=5)

    row = rig.row(first)
    assert second == first
    assert row["due_at"] < soon(61)
    assert row["priority"] == 5


def test_a_second_put_never_slows_the_job_that_waits(rig: Rig) -> None:
    first = rig.put(dedupe_key="k", priority=5)
    due_at = rig.row(first)["due_at"]

    rig.put(dedupe_key="k", due_at=soon(600), priority=0)

    row = rig.row(first)
    assert (row["due_at"], row["priority"]) == (due_at, 5)


def test_puts_during_a_run_leave_exactly_one_follow_up(rig: Rig) -> None:
    running = rig.claimed(dedupe_key="k")

    followers = {rig.put(dedupe_key="k") for _ in range(5)}

    assert len(followers) == 1
    assert followers != {running.id}


@pytest.mark.parametrize("how", ["wait", "fail", "hand_back", "sweep"])
def test_a_run_that_goes_back_to_waiting_keeps_its_follow_up(rig: Rig, how: str) -> None:
    running = rig.claimed(dedupe_key="k", exclusive_key="x")
    follower = rig.put(dedupe_key="k", exclusive_key="x")

    if how == "wait":
        rig.ledger.wait(running, until=soon(-1), reason="told to")
    elif how == "fail":
        rig.ledger.fail(running, Transient("no answer"), retry_at=soon(-1))
    elif how == "hand_back":
        rig.ledger.hand_back([running])
    else:
        rig.lapse(running.id)
        with dispatch(rig.engine) as db:
            announcing.sweep(db)

    assert rig.state(running.id) == rig.state(follower) == "ready"
    assert rig.put(dedupe_key="k") == follower
    assert rig.ledger.claim(follower) is None
    resumed = rig.ledger.claim(running.id)
    assert resumed is not None
    rig.ledger.finish(resumed)
    assert rig.ledger.claim(follower) is not None


def test_two_running_twins_can_both_be_taken_back(rig: Rig) -> None:
    first, second = rig.claimed(dedupe_key="k"), rig.claimed(dedupe_key="k")
    for job in (first, second):
        rig.lapse(job.id)

    with dispatch(rig.engine) as db:
        lapsed = announcing.sweep(db)

    assert set(lapsed.ready) == {first.id, second.id}


def test_a_person_overtakes_a_run_that_waits(rig: Rig) -> None:
    waiting = rig.claimed(exclusive_key="x")
    rig.ledger.wait(waiting, until=soon(600), reason="told to")

    assert rig.ledger.claim(rig.put(exclusive_key="x")) is None
    assert rig.ledger.claim(rig.put(exclusive_key="x", priority=5)) is not None


def test_a_put_that_is_rolled_back_leaves_no_job(rig: Rig) -> None:
    with rig.engine.connect() as db:
        put(db, NewJob(kind="chore"))
        db.rollback()

    assert rig.rows() == []


def test_a_job_is_claimed_when_due_and_not_before(rig: Rig) -> None:
    early = rig.put(due_at=soon(60))
    due = rig.put(due_at=soon(-1), queue=Queue.SYNC, args={"day": "2026-06-02"})

    job = rig.ledger.claim(due)

    assert rig.ledger.claim(early) is None
    assert job is not None
    assert (job.attempts, job.queue) == (1, Queue.SYNC)
    assert job.args == {"day": "2026-06-02"}


@pytest.mark.parametrize("state", ["running", "done", "dead", "cancelled"])
def test_a_job_that_is_not_ready_is_not_claimed(rig: Rig, state: str) -> None:
    job = rig.claimed()
    rig.change(job.id, state=state)

    assert rig.ledger.claim(job.id) is None


def test_a_job_nobody_has_heard_of_is_not_claimed(rig: Rig) -> None:
    assert rig.ledger.claim(4711) is None


def test_jobs_with_one_exclusive_key_never_overlap(rig: Rig) -> None:
    first = rig.claimed(exclusive_key="x")
    second = rig.put(exclusive_key="x")

    assert rig.ledger.claim(second) is None
    assert rig.state(second) == "ready"
    rig.ledger.finish(first)
    assert rig.ledger.claim(second) is not None


def test_only_one_of_eight_threads_gets_an_exclusive_job(rig: Rig) -> None:
    ids = [rig.put(exclusive_key="x") for _ in range(8)]
    together = Barrier(8)

    def claim(job_id: int) -> bool:
        together.wait(timeout=10)
        return rig.ledger.claim(job_id) is not None

    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(claim, ids))

    assert sum(got) == 1
    assert Counter(row["state"] for row in rig.rows()) == {"ready": 7, "running": 1}


def test_eight_threads_carry_two_hundred_jobs_once_each(rig: Rig) -> None:
    ids = [rig.put(args={"n": n}) for n in range(200)]
    ledgers = [Ledger(rig.engine, worker=f"w{number}") for number in range(8)]
    together = Barrier(8)

    def carry(ledger: Ledger) -> list[int]:
        together.wait(timeout=10)
        carried = []
        for job_id in ids:
            job = ledger.claim(job_id)
            if job is not None:
                ledger.finish(job, {"n": job.args["n"]})
                carried.append(job.id)
        return carried

    with ThreadPoolExecutor(8) as threads:
        by_thread = list(threads.map(carry, ledgers))

    assert sorted(chain.from_iterable(by_thread)) == ids
    rows = rig.rows()
    assert {(row["state"], row["attempts"]) for row in rows} == {("done", 1)}
    assert [row["result"]["n"] for row in rows] == list(range(200))


def test_a_job_that_was_taken_over_writes_nothing(rig: Rig) -> None:
    old = rig.claimed()
    rig.lapse(old.id)
    new = rig.ledger.claim(old.id)
    assert new is not None
    before = rig.row(old.id)

    with pytest.raises(FenceLost), dispatch(rig.engine) as db:
        guard(db, old)
    with pytest.raises(FenceLost), dispatch(rig.engine) as db:
        save_checkpoint(db, old, {"page": 9})
    with pytest.raises(FenceLost):
        rig.ledger.finish(old, {"late": True})
    with pytest.raises(FenceLost):
        rig.ledger.fail(old, Transient("late"), retry_at=soon(0))
    with pytest.raises(FenceLost):
        rig.ledger.wait(old, until=soon(0), reason="late")
    rig.ledger.hand_back([old])

    assert rig.ledger.renew([old]) == set()
    assert rig.row(old.id) == before
    rig.ledger.finish(new)


def test_what_a_fence_lost_is_rolled_back_with_its_transaction(rig: Rig) -> None:
    old = rig.claimed()
    rig.lapse(old.id)
    rig.ledger.claim(old.id)

    def late() -> None:
        with dispatch(rig.engine) as db:
            put(db, NewJob(kind="follow-up"))
            guard(db, old)

    with pytest.raises(FenceLost):
        late()

    assert [row["kind"] for row in rig.rows()] == ["chore"]


def test_a_guarded_transaction_holds_off_the_next_claim(rig: Rig) -> None:
    old = rig.claimed()
    rig.lapse(old.id)
    with ThreadPoolExecutor(1) as thread:
        with dispatch(rig.engine) as db:
            guard(db, old)
            taking = thread.submit(rig.ledger.claim, old.id)
            db.execute(
                text("UPDATE jobs SET waiting_for = 'written in time' WHERE id = :id"),
                {"id": old.id},
            )
            assert not taking.done()
        taken = taking.result(timeout=10)

    assert taken is not None
    assert taken.fence > old.fence


def test_whoever_held_a_job_is_nobody_to_a_standby_that_never_heard_of_it(rig: Rig) -> None:
    job_id = rig.put()
    before = rig.row(job_id)
    stranger = rig.ledger.claim(job_id)
    assert stranger is not None
    forgotten = ("state", "attempts", "crashes", "fence", "worker", "started_at", "lease_until")
    rig.change(job_id, **{column: before[column] for column in forgotten})

    holder = rig.ledger.claim(job_id)

    assert holder is not None
    with dispatch(rig.engine) as db, pytest.raises(FenceLost):
        guard(db, stranger)
    with pytest.raises(FenceLost):
        rig.ledger.finish(stranger)
    rig.ledger.finish(holder)


def test_a_job_that_kills_its_worker_three_times_is_parked(rig: Rig) -> None:
    job_id = rig.put()
    for _ in range(MAX_FAILURES):
        assert rig.ledger.claim(job_id) is not None
        rig.lapse(job_id)

    assert rig.ledger.claim(job_id) is None
    with dispatch(rig.engine) as db:
        lapsed = announcing.sweep(db)
    row = rig.row(job_id)
    assert lapsed == announcing.Lapsed(ready=[], dead=[job_id])
    assert (row["state"], row["error_kind"]) == ("dead", "Crashed")
    assert "or the database could not keep how it ended" in str(row["error_text"])
    assert row["finished_at"] is not None


def test_a_checkpoint_that_advanced_forgives_crashes_and_failures(rig: Rig) -> None:
    job_id = rig.put()
    for page in range(2 * MAX_FAILURES):
        job = rig.ledger.claim(job_id)
        assert job is not None
        with dispatch(rig.engine) as db:
            save_checkpoint(db, job, {"page": page})
        rig.lapse(job_id)

    row = rig.row(job_id)
    assert (row["crashes"], row["checkpoint"]) == (0, {"page": 5})


def test_a_checkpoint_at_the_same_place_forgives_nothing(rig: Rig) -> None:
    job_id = rig.put()
    for _ in range(MAX_FAILURES):
        job = rig.ledger.claim(job_id)
        assert job is not None
        with dispatch(rig.engine) as db:
            save_checkpoint(db, job, {"page": 1}, advanced=False)
        rig.lapse(job_id)

    assert rig.ledger.claim(job_id) is None
    assert rig.row(job_id)["crashes"] == MAX_FAILURES


def test_the_third_failure_without_progress_is_the_last(rig: Rig) -> None:
    job_id = rig.put()
    ends = []
    for _ in range(MAX_FAILURES):
        job = rig.ledger.claim(job_id)
        assert job is not None
        ends.append(rig.ledger.fail(job, Transient("no answer"), retry_at=soon(-1)))

    row = rig.row(job_id)
    assert ends == [JobState.READY, JobState.READY, JobState.DEAD]
    assert (row["error_kind"], row["error_text"]) == ("Transient", "no answer")
    assert row["finished_at"] is not None


def test_an_error_that_a_retry_cannot_cure_is_the_last_at_once(rig: Rig) -> None:
    job = rig.claimed()

    assert rig.ledger.fail(job, BadInput("no such day"), retry_at=soon(0)) is JobState.DEAD


def test_a_failed_job_is_not_claimed_before_its_time(rig: Rig) -> None:
    job = rig.claimed()
    rig.ledger.fail(job, Transient("no answer"), retry_at=soon(60))

    assert rig.ledger.claim(job.id) is None
    assert rig.row(job.id)["due_at"] > soon(59)


def test_waits_spend_no_retry_and_clear_no_failure(rig: Rig) -> None:
    job = rig.claimed()
    rig.ledger.fail(job, Transient("no answer"), retry_at=soon(-1))
    for _ in range(3 * MAX_FAILURES):
        again = rig.ledger.claim(job.id)
        assert again is not None
        rig.ledger.wait(again, until=soon(-1), reason="60 requests a minute are spent")

    row = rig.row(job.id)
    assert (row["state"], row["failures"], row["crashes"]) == ("ready", 1, 0)
    assert row["waiting_for"] == "60 requests a minute are spent"


def test_a_job_handed_back_is_due_at_once_and_unharmed(rig: Rig) -> None:
    jobs = [rig.claimed(), rig.claimed()]

    rig.ledger.hand_back(jobs)

    for job in jobs:
        row = rig.row(job.id)
        assert (row["state"], row["crashes"], row["failures"]) == ("ready", 0, 0)
        assert rig.ledger.claim(job.id) is not None


def test_handing_back_or_renewing_nothing_is_no_statement(rig: Rig) -> None:
    rig.ledger.hand_back([])

    assert rig.ledger.renew([]) == set()


def test_a_renewed_lease_keeps_others_away(rig: Rig) -> None:
    held, lost = rig.claimed(), rig.claimed()
    rig.change(held.id, lease_until=soon(1))
    rig.change(lost.id, fence=99)

    kept = rig.ledger.renew([held, lost])

    assert kept == {held.id}
    assert rig.row(held.id)["lease_until"] > soon(5)


def test_a_transaction_of_one_job_does_not_keep_the_others_from_being_renewed(rig: Rig) -> None:
    slow, other = rig.claimed(), rig.claimed()

    with ThreadPoolExecutor(1) as pool, dispatch(rig.engine) as db:
        guard(db, slow)
        beat = pool.submit(rig.ledger.renew, [slow, other])
        done, _ = wait([beat], timeout=30)

    assert [one.result() for one in done] == [{other.id}]


def test_a_job_that_runs_too_long_is_not_renewed(rig: Rig) -> None:
    job = rig.claimed(max_seconds=60)
    rig.change(job.id, started_at=soon(-61))

    assert rig.ledger.renew([job]) == set()
    rig.change(job.id, started_at=soon(-50))
    assert rig.ledger.renew([job]) == {job.id}


def test_a_finished_job_keeps_its_result_and_forgets_its_error(rig: Rig) -> None:
    job = rig.claimed()
    rig.ledger.fail(job, Transient("no answer"), retry_at=soon(-1))
    again = rig.ledger.claim(job.id)
    assert again is not None

    rig.ledger.finish(again, {"rows": 3})

    row = rig.row(job.id)
    assert (row["state"], row["result"], row["error_kind"]) == ("done", {"rows": 3}, None)
    assert row["lease_until"] is None
    assert timedelta(0) <= soon(0) - row["finished_at"] < timedelta(seconds=30)


def test_an_error_text_is_cut_to_length(rig: Rig) -> None:
    job = rig.claimed()

    rig.ledger.fail(job, Transient("long " * 1000), retry_at=soon(0))

    assert len(rig.row(job.id)["error_text"]) == 500


def test_an_account_sees_its_own_jobs_only(rig: Rig) -> None:
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    mine, theirs = rig.put(account_id=ACCOUNT), rig.put(account_id="other")

    with rig.engine.begin() as db:
        db.execute(text("SET LOCAL ROLE pms_sync_app"))
        db.execute(text("SET LOCAL app.account = 'default'"))
        seen = [row.id for row in db.execute(text("SELECT id FROM jobs"))]

    assert seen == [mine]
    assert theirs not in seen


def test_a_job_of_a_connection_counts_as_its_vendors(rig: Rig) -> None:
    connection_id = rig.connect("site")
    job = settle_job(
        account_id=ACCOUNT, connection_id=connection_id, write_id=uuid4(), trace_id="t"
    )

    with dispatch(rig.engine) as db:
        job_id = put(db, job)

    assert rig.row(job_id)["vendor"] == "gentu"
