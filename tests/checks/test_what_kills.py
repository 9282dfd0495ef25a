"""R13 and R8: a job that kills whoever does it, and writers killed around their commit."""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest

from adapters.queue import RedisAnnouncer
from adapters.storage.jobs.ledger import put
from domain.jobs import MAX_FAILURES, NewJob, Queue
from infra import database
from tests.checks.ground import Ground, ground
from tests.checks.hand import CHORE, KILLS
from tests.checks.trials import IS_WHOLE, tell, trials

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

SEED = 20261121
MOMENTS = ("before the commit", "after the commit", "while it announces", "afterwards")
PATIENCE = 30.0


@pytest.fixture(scope="module")
def at_work() -> Iterator[Ground]:
    with ground() as made:
        made.scheduler()
        made.hand(4)
        made.warm_up(1)
        yield made


def test_a_job_that_kills_its_worker_is_parked_and_holds_nobody_up_for_long(
    at_work: Ground,
) -> None:
    (killer,) = at_work.put(1, KILLS)
    others: list[int] = []

    def is_parked() -> bool:
        others.extend(at_work.put(1))
        if not IS_WHOLE:
            # The ten seconds of its lease have gone by.
            at_work.run(
                "UPDATE jobs SET lease_until = now() - interval '1 s'"
                " WHERE id = :id AND state = 'running'",
                id=killer,
            )
        return at_work.states([killer])["dead"] == 1

    at_work.wait_for(is_parked, seconds=120)
    at_work.wait_for(lambda: at_work.are_done(others), seconds=60)

    query = "SELECT attempts, error_kind FROM jobs WHERE id = :id"
    (parked,) = at_work.rows(query, id=killer)
    query = (
        "SELECT extract(epoch FROM max(finished_at - created_at)) AS longest FROM jobs"
        " WHERE id = ANY(:ids)"
    )
    (late,) = at_work.rows(query, ids=others)
    tell("R13", attempts=parked.attempts, others=len(others), latest_s=f"{late.longest:.1f}")
    assert (parked.attempts, parked.error_kind) == (MAX_FAILURES, "Crashed")
    assert late.longest < 30


def write(addresses: tuple[str, str], until: str, told: Connection) -> None:
    """A writer that puts a job and announces it, and stands still at one of the moments."""
    database_url, redis_url = addresses
    announcer = RedisAnnouncer(redis_url)
    with database.dispatch(database.engine(database_url, application_name="writer")) as db:
        job_id = put(db, NewJob(kind=CHORE, queue=Queue.DEFAULT))
        at(until, "before the commit", job_id, told)
    at(until, "after the commit", job_id, told)
    if until == "while it announces":
        told.send(job_id)
    announcer.announce(Queue.DEFAULT.value, [job_id])
    at(until, "afterwards", job_id, told)


def at(until: str, moment: str, job_id: int, told: Connection) -> None:
    """Says which job it is about and waits for its end."""
    if until == moment:
        told.send(job_id)
        signal.pause()


def test_a_writer_killed_around_its_commit_leaves_a_job_that_runs_or_none(at_work: Ground) -> None:
    dice = random.Random(SEED)  # noqa: S311 - a test's dice
    fork = get_context("forkserver")
    fork.set_forkserver_preload([__name__])
    addresses = at_work.servers.database_url, at_work.servers.redis_url
    put_by: dict[int, str] = {}
    for number in range(trials(12, 100)):
        moment = MOMENTS[number % 4] if number < 4 else dice.choice(MOMENTS)
        heard, told = fork.Pipe(duplex=False)
        writer = fork.Process(target=write, args=(addresses, moment, told))
        writer.start()
        assert heard.poll(PATIENCE)
        put_by[heard.recv()] = moment
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join(PATIENCE)
        assert writer.exitcode in {-signal.SIGKILL, 0}

    committed = [job for job, moment in put_by.items() if moment != MOMENTS[0]]
    at_work.wait_for(lambda: at_work.are_done(committed), seconds=60)

    stand = {row.id: row.attempts for row in at_work.rows("SELECT id, attempts FROM jobs")}
    lost = [job for job in committed if stand.get(job) != 1]
    without = [job for job in put_by if job in stand and job not in committed]
    tell("R8", kills=dict(Counter(put_by.values())), committed_without_effect=len(lost),
         effect_without_commit=len(without))  # fmt: skip
    assert (lost, without) == ([], [])
