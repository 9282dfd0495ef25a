"""A paused queue: none of the account's jobs is announced from it, everybody else's are."""

import pytest

from adapters.storage.jobs import announcing, pausing
from adapters.storage.jobs.ledger import put
from adapters.storage.jobs.register import Register
from domain.errors import BadInput, Transient
from domain.jobs import Queue
from domain.work import authorise_job
from infra.database import dispatch, transaction
from tests.storage.rig import ACCOUNT, Rig, soon

pytestmark = pytest.mark.integration


@pytest.fixture
def served(rig: Rig) -> Rig:
    """A worker for everything, and a second account."""
    queues = [queue.value for queue in Queue]
    Register(rig.engine, worker="w", pool="p", queues=queues, threads=4).alive()
    rig.run("INSERT INTO accounts (id, name) VALUES ('other', 'Other')")
    return rig


def announced(rig: Rig) -> set[int]:
    with dispatch(rig.engine) as db:
        return {job_id for ids in announcing.choose(db).values() for job_id in ids}


def pause(rig: Rig, queue: Queue = Queue.SYNC, reason: str = "Mending.") -> bool:
    with transaction(rig.engine, account_id=ACCOUNT) as db:
        return pausing.pause(db, account_id=ACCOUNT, queue=queue, reason=reason, by="ann")


def test_only_the_accounts_own_jobs_of_that_queue_wait(served: Rig) -> None:
    stopped = served.put(queue=Queue.SYNC, account_id=ACCOUNT)
    elsewhere = served.put(queue=Queue.DEFAULT, account_id=ACCOUNT)
    theirs = served.put(queue=Queue.SYNC, account_id="other")
    chore = served.put(queue=Queue.SYNC)

    assert pause(served)

    assert announced(served) == {elsewhere, theirs, chore}
    assert served.state(stopped) == "ready"


def test_what_waited_is_announced_once_the_queue_goes_on(served: Rig) -> None:
    pause(served)
    stopped = served.put(queue=Queue.SYNC, account_id=ACCOUNT)
    assert announced(served) == set()

    with transaction(served.engine, account_id=ACCOUNT) as db:
        assert pausing.resume(db, account_id=ACCOUNT, queue=Queue.SYNC)

    assert announced(served) == {stopped}


def test_a_paused_account_does_not_hold_up_what_others_may_run_once_at_a_time(
    served: Rig,
) -> None:
    with dispatch(served.engine) as db:
        begun = put(db, authorise_job(account_id=ACCOUNT))
    job = served.ledger.claim(begun)
    assert job is not None
    served.ledger.fail(job, Transient("no answer"), retry_at=soon(-1))
    pause(served, Queue.DEFAULT)

    with dispatch(served.engine) as db:
        theirs = put(db, authorise_job(account_id="other"))

    assert announced(served) == {theirs}
    assert served.ledger.claim(theirs) is not None


def test_what_was_handed_out_before_is_still_carried(served: Rig) -> None:
    job_id = served.put(queue=Queue.SYNC, account_id=ACCOUNT)
    assert announced(served) == {job_id}

    pause(served)

    assert served.ledger.claim(job_id) is not None


def test_who_paused_first_and_why_stays(served: Rig) -> None:
    assert pause(served, reason="The PMS is down.")
    assert not pause(served, reason="Something else.")

    with transaction(served.engine, account_id=ACCOUNT) as db:
        found = pausing.paused(db)
    with transaction(served.engine, account_id="other") as db:
        theirs = pausing.paused(db)

    assert {name: (one.reason, one.paused_by) for name, one in found.items()} == {
        "sync": ("The PMS is down.", "ann")
    }
    assert theirs == {}


def test_callers_are_never_kept_waiting_by_a_pause(served: Rig) -> None:
    with pytest.raises(BadInput, match="cannot be paused"):
        pause(served, Queue.VOICE)
