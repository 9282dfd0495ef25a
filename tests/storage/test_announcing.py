"""Announced: what is most urgent, in fair turns, as much as there are hands for, and again."""

import pytest
from sqlalchemy import text

from adapters.storage.jobs import announcing
from adapters.storage.jobs.register import Register
from domain.jobs import Queue
from infra.database import dispatch
from tests.storage.rig import LONG_AGO, Rig, soon

pytestmark = pytest.mark.integration


def serve(rig: Rig, *queues: str, threads: int = 2, name: str = "w") -> Register:
    """A worker that lives."""
    register = Register(rig.engine, worker=name, pool="p", queues=queues, threads=threads)
    register.alive()
    return register


def choose(rig: Rig, queue: str = "default") -> list[int]:
    with dispatch(rig.engine) as db:
        return announcing.choose(db).get(queue, [])


def test_nothing_is_announced_to_nobody(rig: Rig) -> None:
    rig.put()

    assert choose(rig) == []


def test_what_is_urgent_is_announced_first(rig: Rig) -> None:
    serve(rig, "default", threads=1)
    idle = [rig.put() for _ in range(8)]
    urgent = [rig.put(priority=5) for _ in range(3)]

    chosen = choose(rig)

    assert len(chosen) == announcing.AHEAD
    assert set(urgent) < set(chosen)
    assert set(chosen) - set(urgent) == {idle[0]}


def test_a_giant_does_not_starve_the_small(rig: Rig) -> None:
    serve(rig, "default", threads=2)
    giant, *small = (rig.connect(name) for name in ("giant", "one", "two", "three"))
    many = [rig.put(connection_id=giant) for _ in range(300)]
    few = [rig.put(connection_id=each) for each in small]

    chosen = choose(rig)

    assert len(chosen) == 2 * announcing.AHEAD
    assert set(few) < set(chosen)
    assert set(chosen) - set(few) == set(many[:5])


def test_there_is_room_for_four_messages_a_thread(rig: Rig) -> None:
    serve(rig, "default", threads=2, name="one")
    serve(rig, "default", "sync", threads=1, name="two")
    for _ in range(40):
        rig.put()
        rig.put(queue=Queue.SYNC)

    assert len(choose(rig)) == 3 * announcing.AHEAD
    assert choose(rig) == []


def test_a_claim_makes_room_for_another(rig: Rig) -> None:
    serve(rig, "default", threads=1)
    ids = [rig.put() for _ in range(6)]
    first = choose(rig)

    rig.ledger.claim(first[0])

    assert choose(rig) == [ids[4]]


def test_a_worker_that_went_or_fell_silent_leaves_no_room(rig: Rig) -> None:
    gone, silent = serve(rig, "default", name="gone"), serve(rig, "default", name="silent")
    rig.put()

    gone.gone()
    rig.run("UPDATE workers SET seen_at = now() - interval '20 seconds' WHERE id = 'silent'")

    assert choose(rig) == []
    silent.alive()
    assert len(choose(rig)) == 1


def test_a_queue_that_was_told_more_than_those_left_can_carry_holds_up_no_other(rig: Rig) -> None:
    gone = serve(rig, "default", "sync", threads=3, name="gone")
    serve(rig, "default", "sync", threads=1, name="left")
    for _ in range(20):
        rig.put()
    assert len(choose(rig)) == 4 * announcing.AHEAD

    gone.gone()
    other = rig.put(queue=Queue.SYNC)

    with dispatch(rig.engine) as db:
        assert announcing.choose(db) == {"sync": [other]}


def test_what_is_not_due_or_cannot_run_is_not_announced(rig: Rig) -> None:
    serve(rig, "default")
    rig.claimed(exclusive_key="x")
    rig.put(exclusive_key="x")
    rig.put(due_at=soon(60))

    assert choose(rig) == []


def test_a_run_that_waits_goes_on_before_its_like_is_announced(rig: Rig) -> None:
    serve(rig, "default")
    waiting = rig.claimed(exclusive_key="x")
    rig.ledger.wait(waiting, until=soon(-1), reason="told to")
    rig.put(exclusive_key="x")

    assert choose(rig) == [waiting.id]


def test_an_announcement_is_repeated_after_ten_seconds(rig: Rig) -> None:
    serve(rig, "default")
    job_id = rig.put()
    assert choose(rig) == [job_id]

    rig.change(job_id, announced_at=soon(-9))
    assert choose(rig) == []
    rig.change(job_id, announced_at=soon(-11))
    assert choose(rig) == [job_id]


def test_a_busy_one_that_was_announced_too_early_is_announced_again(rig: Rig) -> None:
    serve(rig, "default")
    blocked = rig.put(exclusive_key="x")
    assert choose(rig) == [blocked]
    blocker = rig.claimed(exclusive_key="x")

    assert rig.ledger.claim(blocked) is None
    rig.ledger.finish(blocker)

    assert choose(rig) == [blocked]


def test_when_redis_forgot_all_is_announced_at_once(rig: Rig) -> None:
    serve(rig, "default")
    ids = [rig.put() for _ in range(3)]
    assert choose(rig) == ids

    with dispatch(rig.engine) as db:
        announcing.forget_announcements(db)

    assert choose(rig) == ids


def test_what_could_not_be_told_is_told_next_time(rig: Rig) -> None:
    serve(rig, "default")
    ids = [rig.put() for _ in range(2)]
    choose(rig)

    with dispatch(rig.engine) as db:
        announcing.not_announced(db, ids[:1])

    assert choose(rig) == ids[:1]


def test_two_that_choose_at_once_choose_different_jobs(rig: Rig) -> None:
    serve(rig, "default", threads=1)
    ids = {rig.put() for _ in range(4)}

    with dispatch(rig.engine) as one, dispatch(rig.engine) as other:
        first = announcing.choose(one).get("default", [])
        second = announcing.choose(other).get("default", [])

    assert set(first) == ids
    assert second == []


def test_the_bell_is_set_for_the_next_job_to_come_due(rig: Rig) -> None:
    with dispatch(rig.engine) as db:
        assert announcing.next_due(db) is None
    rig.put(due_at=soon(-5))
    rig.put(due_at=soon(500))
    nearest = rig.put(due_at=soon(50))

    with dispatch(rig.engine) as db:
        assert announcing.next_due(db) == rig.row(nearest)["due_at"]


def test_the_sweep_gives_back_what_lapsed_and_leaves_the_living(rig: Rig) -> None:
    lapsed, living = rig.claimed(), rig.claimed()
    rig.change(lapsed.id, lease_until=LONG_AGO)

    with dispatch(rig.engine) as db:
        swept = announcing.sweep(db)

    row = rig.row(lapsed.id)
    assert (list(swept.ready), list(swept.dead)) == ([lapsed.id], [])
    assert (row["state"], row["fence"]) == ("ready", lapsed.fence + 1)
    assert rig.state(living.id) == "running"


def test_many_jobs_at_once_are_announced_by_a_plan_that_was_made_for_few(rig: Rig) -> None:
    """A query that is asked again and again is planned once: while hardly anything waits."""
    serve(rig, "default", threads=8)
    rig.put()
    many = text(
        "INSERT INTO jobs (account_id, kind, queue, args, due_at, trace_id, max_seconds)"
        " SELECT account_id, kind, queue, args, due_at, trace_id, max_seconds"
        " FROM jobs, generate_series(1, 5000)"
    )

    with dispatch(rig.engine) as db:
        db.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        for _ in range(10):
            announcing.choose(db)
        db.execute(many)
        # Some minutes, where each job has all the others looked through for it.
        db.execute(text("SET LOCAL statement_timeout = '20s'"))
        chosen = announcing.choose(db)

    assert len(chosen["default"]) == 8 * announcing.AHEAD - 1
