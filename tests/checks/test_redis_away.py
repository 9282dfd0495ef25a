"""R5 to R7: what waits, fails or is announced while Redis is away, full or stands still is kept."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import redis

from domain.jobs import Queue
from tests.checks.ground import HAND, Ground, Kept, ground
from tests.checks.hand import FAILS_WHEN_TOLD
from tests.checks.trials import IS_WHOLE, tell, trials
from tests.refusals import without_disk, without_room

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

HANDS, THREADS = 2, trials(25, 50)


@pytest.fixture(scope="module")
def at_work() -> Iterator[Ground]:
    """A scheduler and two hands of 25 threads."""
    with ground() as made:
        made.scheduler()
        for _ in range(HANDS):
            made.hand(THREADS)
        made.warm_up(HANDS)
        yield made


def away(at_work: Ground, *, seconds: float) -> None:
    """Redis is killed, and stays away for so long; what ends meanwhile is started again."""
    at_work.servers.kill_redis(signal.SIGKILL)
    for hand in hands(at_work):
        hand.signal(signal.SIGCONT)
    back = time.monotonic() + seconds
    at_work.wait_for(lambda: time.monotonic() > back, seconds=seconds + 5)
    at_work.servers.start_redis()


def hands(at_work: Ground) -> list[Kept]:
    return [one for one in at_work.kept if one.command[0] == HAND]


def lying_in_redis(at_work: Ground, count: int) -> list[int]:
    """Jobs that were announced to hands which stand still until Redis is gone."""
    for hand in hands(at_work):
        hand.signal(signal.SIGSTOP)
    jobs = at_work.put(count)
    with at_work.redis() as client:
        at_work.wait_for(lambda: messages(client) == count, seconds=60)
    return jobs


def messages(client: redis.Redis) -> int:
    """How many Redis holds."""
    return sum(client.hlen(key) for key in client.scan_iter("*.msgs"))


def test_what_waits_or_comes_due_while_redis_is_down_runs_soon_after(at_work: Ground) -> None:
    """Retries that come due meanwhile, and what was announced and is forgotten with Redis."""
    count, outage = trials(60, 200), trials(4, 15)
    announced = lying_in_redis(at_work, count // 3)
    jobs = at_work.put(count)
    at_work.run(
        "UPDATE jobs SET failures = 1, attempts = 1, error_kind = 'Transient',"
        " due_at = now() + interval '1 s' + id % 5 * interval '0.5 s' WHERE id = ANY(:ids)",
        ids=jobs,
    )

    away(at_work, seconds=outage)
    took = at_work.wait_for(lambda: at_work.are_done([*jobs, *announced]), seconds=90)

    tell("R5", retries=count, announced=len(announced), redis_away_s=outage,
         all_run_after_s=f"{took:.1f}")  # fmt: skip
    assert took <= 30


@pytest.mark.parametrize("outage", [8, 20] if IS_WHOLE else [3])
def test_what_fails_while_redis_is_down_is_not_lost(at_work: Ground, outage: float) -> None:
    # One hand may fetch them all, and the other has nothing to do: it must be able to run them all.
    count = THREADS
    told = at_work.home / f"fail-now-{outage}"
    at_work.wait_for(lambda: at_work.workers_alive() >= HANDS, seconds=60)
    jobs = at_work.put(count, FAILS_WHEN_TOLD, args={"when": str(told)})
    at_work.wait_for(lambda: at_work.states(jobs)["running"] == count, seconds=90)

    at_work.servers.kill_redis(signal.SIGKILL)
    told.touch()
    back = time.monotonic() + outage
    at_work.wait_for(lambda: time.monotonic() > back, seconds=outage + 5)
    failed = failures(at_work, jobs)
    at_work.servers.start_redis()
    took = at_work.wait_for(lambda: at_work.are_done(jobs), seconds=90)

    tell("R6", failed_while_away=failed, redis_away_s=outage, all_done_after_s=f"{took:.1f}")
    # A worker that was slow to let all of them fail hands the rest back as it ends.
    assert failed == count if IS_WHOLE else failed > 0
    assert at_work.states(jobs) == {"done": count}


@pytest.mark.parametrize("refusing", [without_room, without_disk])
def test_a_redis_that_refuses_writes_delays_what_waits_and_keeps_nothing_of_it(
    at_work: Ground, refusing: Callable[[redis.Redis], AbstractContextManager[None]]
) -> None:
    count, seconds = trials(60, 1000), trials(4, 30)
    told = at_work.home / f"fail-{refusing.__name__}"
    at_work.wait_for(lambda: at_work.workers_alive() >= HANDS, seconds=60)
    held = at_work.put(THREADS, FAILS_WHEN_TOLD, args={"when": str(told)})
    at_work.wait_for(lambda: at_work.states(held)["running"] == THREADS, seconds=90)
    before = at_work.starts()

    with at_work.redis() as client:
        with refusing(client):
            told.touch()
            waits = at_work.put(count)
            at_work.wait_for(lambda: failures(at_work, held) == THREADS, seconds=90)
            refused_until = time.monotonic() + seconds
            at_work.wait_for(lambda: time.monotonic() > refused_until, seconds=seconds + 5)
            meanwhile = at_work.states(waits)["done"]
        took = at_work.wait_for(lambda: at_work.are_done([*held, *waits]), seconds=90)
        at_work.wait_for(lambda: not unsettled(client), seconds=60)

    tell(f"a Redis {refusing.__name__}", jobs=count, refusing_s=seconds, done_meanwhile=meanwhile,
         all_done_after_s=f"{took:.1f}")  # fmt: skip
    assert meanwhile == 0
    assert at_work.starts() == before


def unsettled(client: redis.Redis) -> set[bytes]:
    """What Redis still holds of messages, taken or not."""
    return {key for key in client.scan_iter(count=1000) if b"__acks__" in key or b".msgs" in key}


def failures(at_work: Ground, jobs: list[int]) -> int:
    query = "SELECT count(*) AS failed FROM jobs WHERE id = ANY(:ids) AND failures = 1"
    (row,) = at_work.rows(query, ids=jobs)
    return int(row.failed)


def test_a_redis_that_stands_still_leaves_nothing_unfinished(at_work: Ground) -> None:
    """With enough jobs that the hands are busy from the first stall to the last."""
    count, stalls, seconds = trials(300, 3000), trials(1, 3), trials(3, 7)
    jobs = at_work.put(count, queue=Queue.DEFAULT)
    server = at_work.servers.started
    assert server is not None
    process = server.valkey.process
    assert process is not None

    for _ in range(stalls):
        at_work.wait_for(lambda: at_work.states(jobs)["done"] > 0, seconds=90)
        process.send_signal(signal.SIGSTOP)
        back = time.monotonic() + seconds
        at_work.wait_for(lambda back=back: time.monotonic() > back, seconds=seconds + 5)  # type: ignore[misc]
        process.send_signal(signal.SIGCONT)
    took = at_work.wait_for(lambda: at_work.are_done(jobs), seconds=120)

    query = "SELECT max(attempts) AS most FROM jobs WHERE id = ANY(:ids)"
    (row,) = at_work.rows(query, ids=jobs)
    tell("R7", jobs=count, stalls=f"{stalls} x {seconds} s", done_after_s=f"{took:.1f}",
         most_attempts=row.most)  # fmt: skip
    assert took <= 60
