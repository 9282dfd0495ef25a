"""Wake-ups reach a worker over a real Valkey, survive its death, and hold no more than an id."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Event

import dramatiq
import pytest
from dramatiq import Consumer, Message, Worker
from dramatiq.errors import ConnectionClosed
from redis import Redis, ResponseError

from infra.broker import ACTOR, NotOneJob, WakingBroker, broker, wake_up
from infra.crash_only import CrashOnly
from tests.silence import line_to

pytestmark = pytest.mark.integration

QUEUE = "sync"


@pytest.fixture
def seen() -> "Queue[int]":
    return Queue()


def declared(made: WakingBroker, run: Callable[[int], object]) -> WakingBroker:
    @dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=made)
    def actor(job_id: int) -> None:
        run(job_id)

    return made


@contextmanager
def working(made: WakingBroker, *, threads: int = 2) -> Iterator[Worker]:
    worker = Worker(made, worker_timeout=200, worker_threads=threads)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=5000)


def taken(consumer: Consumer) -> object:
    message = next(consumer)
    return message and message.args[0]


def taken_at_last(consumer: Consumer) -> object:
    """A wake-up may have been another's."""
    while (found := taken(consumer)) is None:
        pass
    return found


def drained(client: Redis) -> bool:
    """Nothing queued, nothing held: every message was acknowledged."""
    left = [key for key in client.keys("pms-sync:*") if b"__heartbeats__" not in key]
    return not left


def waiters(client: Redis) -> list[str]:
    return [one["id"] for one in client.client_list() if one["cmd"] == "blmove"]


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    ends_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends_at:
            return False
        Event().wait(0.01)
    return True


def test_a_wake_up_arrives_and_is_acknowledged(
    redis_url: str, redis_client: Redis, seen: "Queue[int]"
) -> None:
    made = declared(broker(redis_url), seen.put)

    with working(made):
        assert made.announce(QUEUE, [42]) == 1
        assert seen.get(timeout=10) == 42
        assert eventually(lambda: drained(redis_client))


def test_a_server_that_has_lost_its_scripts_is_given_them_again(
    redis_url: str, redis_client: Redis, seen: "Queue[int]"
) -> None:
    made = declared(broker(redis_url), seen.put)
    made.announce(QUEUE, [1])
    redis_client.script_flush()

    made.announce(QUEUE, [2])

    with working(made):
        assert [seen.get(timeout=10) for _ in range(2)] == [1, 2]


def test_many_wake_ups_all_arrive_once_also_with_a_full_prefetch(
    redis_url: str, redis_client: Redis, seen: "Queue[int]"
) -> None:
    made = declared(broker(redis_url), seen.put)
    made.announce(QUEUE, range(100))

    with working(made), working(declared(broker(redis_url), seen.put)):
        made.announce(QUEUE, range(100, 200))
        got = sorted(seen.get(timeout=10) for _ in range(200))
        assert eventually(lambda: drained(redis_client))

    assert got == list(range(200))
    with pytest.raises(Empty):
        seen.get_nowait()


@contextmanager
def one_waits(redis_url: str, client: Redis) -> Iterator["Future[object]"]:
    """What a consumer has taken at the end of its wait, while it waits at the server."""
    consumer = broker(redis_url).consume(QUEUE, prefetch=1, timeout=60_000)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(taken, consumer)
        assert eventually(lambda: len(waiters(client)) == 1)
        yield found
    consumer.close()


def put_past_the_scripts(client: Redis, job_id: int) -> None:
    message = wake_up(QUEUE, job_id).copy(options={"redis_message_id": "one"})
    client.hset(f"pms-sync:{QUEUE}.msgs", "one", message.encode())
    client.rpush(f"pms-sync:{QUEUE}", "one")


def test_a_wake_up_that_comes_while_the_worker_waits_is_noticed_at_once(
    redis_url: str, redis_client: Redis
) -> None:
    with one_waits(redis_url, redis_client) as found:
        begun = time.monotonic()
        broker(redis_url).announce(QUEUE, [7])

        assert found.result() == 7
        assert time.monotonic() - begun < 20


def test_the_work_of_a_dead_worker_is_given_to_another(
    redis_url: str, redis_client: Redis, seen: "Queue[int]"
) -> None:
    dead = broker(redis_url, heartbeat_ms=300)
    dead.announce(QUEUE, [42])
    assert taken(dead.consume(QUEUE, prefetch=1, timeout=100)) == 42

    with working(declared(broker(redis_url, heartbeat_ms=300), seen.put)):
        assert seen.get(timeout=10) == 42
        assert eventually(lambda: drained(redis_client))


def test_a_full_prefetch_waits_for_an_acknowledgement(redis_url: str) -> None:
    made = broker(redis_url)
    made.announce(QUEUE, [1, 2])
    consumer = made.consume(QUEUE, prefetch=1, timeout=50)

    first = next(consumer)
    assert first is not None
    assert next(consumer) is None
    consumer.ack(first)

    assert taken(consumer) == 2
    consumer.close()


def test_what_comes_while_one_waits_keeps_its_order(redis_url: str) -> None:
    consumer = broker(redis_url).consume(QUEUE, prefetch=3, timeout=5000)
    with ThreadPoolExecutor(1) as pool:
        woken = pool.submit(next, consumer, None)
        broker(redis_url).announce(QUEUE, [1, 2, 3])
        first = woken.result()

    rest = [first.args[0] if first else taken(consumer), taken(consumer), taken(consumer)]

    assert rest == [1, 2, 3]
    consumer.close()


def test_two_that_wait_get_one_each(redis_url: str, redis_client: Redis) -> None:
    both = [broker(redis_url).consume(QUEUE, prefetch=1, timeout=5000) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        woken = [pool.submit(taken_at_last, one) for one in both]
        assert eventually(lambda: len(waiters(redis_client)) == len(both))
        broker(redis_url).announce(QUEUE, [1, 2])

        assert {one.result() for one in woken} == {1, 2}

    for one in both:
        one.close()


def test_one_that_dies_while_it_waits_takes_nothing_along(
    redis_url: str, redis_client: Redis
) -> None:
    other = broker(redis_url).consume(QUEUE, prefetch=1, timeout=5000)
    with one_waits(redis_url, redis_client) as found:
        for client_id in waiters(redis_client):
            redis_client.client_kill_filter(_id=client_id)
        assert isinstance(found.exception(), ConnectionClosed)

    broker(redis_url).announce(QUEUE, [7])

    assert taken(other) == 7
    other.close()


def test_what_was_taken_and_handed_to_nobody_goes_back(redis_url: str) -> None:
    leaving = broker(redis_url).consume(QUEUE, prefetch=3, timeout=5000)
    other = broker(redis_url).consume(QUEUE, prefetch=3, timeout=5000)
    broker(redis_url).announce(QUEUE, [1, 2, 3])

    assert taken(leaving) == 1
    leaving.close()

    assert {taken(other), taken(other)} == {2, 3}
    other.close()


def test_a_wait_that_was_broken_off_loses_nothing_that_was_taken(
    redis_url: str, redis_client: Redis
) -> None:
    with one_waits(redis_url, redis_client) as found:
        both = redis_client.pipeline(transaction=True)
        both.client_unblock(int(waiters(redis_client)[0]), error=True)
        put_past_the_scripts(both, 7)
        both.execute()

        assert found.result() == 7


def test_a_server_that_lost_its_scripts_is_given_them_again(
    redis_url: str, redis_client: Redis
) -> None:
    with one_waits(redis_url, redis_client) as found:
        redis_client.script_flush()
        put_past_the_scripts(redis_client, 7)

        assert found.result() == 7


def test_a_full_server_is_a_lost_connection_until_it_has_room(redis_url: str, full: Redis) -> None:
    full.config_set("maxmemory", 0)
    made = declared(broker(redis_url), lambda _: None)
    made.announce(QUEUE, [1])
    consumer = made.consume(QUEUE, prefetch=2, timeout=200)
    message = next(consumer)
    assert message is not None

    full.config_set("maxmemory", 1)
    with pytest.raises(ConnectionClosed):
        next(consumer)
    with pytest.raises(ConnectionClosed):
        consumer.ack(message)
    with pytest.raises(ConnectionClosed):
        consumer.requeue([message])
    full.config_set("maxmemory", 0)
    consumer.ack(message)

    assert drained(full)


def test_a_server_that_cannot_save_is_a_lost_connection_until_it_can(
    redis_url: str, without_disk: Redis
) -> None:
    without_disk.config_set("save", "")
    made = declared(broker(redis_url), lambda _: None)
    made.announce(QUEUE, [1])
    consumer = made.consume(QUEUE, prefetch=2, timeout=200)
    message = next(consumer)
    assert message is not None

    without_disk.config_set("save", "3600 1")
    with pytest.raises(ConnectionClosed):
        next(consumer)
    with pytest.raises(ConnectionClosed):
        consumer.ack(message)
    without_disk.config_set("save", "")
    consumer.ack(message)

    assert drained(without_disk)


def test_a_delayed_message_is_not_slept_past(redis_url: str, seen: "Queue[int]") -> None:
    made = declared(broker(redis_url), seen.put)
    begun = time.monotonic()

    with working(made):
        made.enqueue(wake_up(QUEUE, 5), delay=50)
        assert seen.get(timeout=10) == 5

    assert time.monotonic() - begun >= 0.05


def test_a_failing_job_is_acknowledged_and_kept_nowhere_in_redis(
    redis_url: str, redis_client: Redis
) -> None:
    ran = Event()

    def fail(job_id: int) -> None:
        ran.set()
        raise RuntimeError("Ada Example")

    made = declared(broker(redis_url), fail)
    with working(made):
        made.announce(QUEUE, [42])
        assert ran.wait(10)
        assert eventually(lambda: drained(redis_client))


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("Ada Example",), {}),
        ((1, 2), {}),
        ((), {"job_id": 1}),
        ((1,), {"name": "Ada Example"}),
        ((True,), {}),
        (([1],), {}),
    ],
)
def test_a_message_that_is_not_one_job_id_is_refused(
    redis_url: str, redis_client: Redis, args: tuple[object, ...], kwargs: dict[str, object]
) -> None:
    message: Message[None] = Message(
        queue_name=QUEUE, actor_name=ACTOR, args=args, kwargs=kwargs, options={}
    )

    with pytest.raises(NotOneJob):
        broker(redis_url).enqueue(message)
    assert drained(redis_client)


def test_brokers_of_two_namespaces_do_not_meet(redis_url: str, seen: "Queue[int]") -> None:
    broker(redis_url, namespace="elsewhere").announce(QUEUE, [1])
    made = declared(broker(redis_url), seen.put)

    with working(made):
        made.announce(QUEUE, [2])
        assert seen.get(timeout=10) == 2
    assert seen.empty()


def test_a_worker_that_lost_redis_hands_its_jobs_back_and_ends() -> None:
    order: Queue[object] = Queue()
    watch = CrashOnly(
        "redis://127.0.0.1:1/0",
        on_lost=lambda: order.put("handed back"),
        patience=0.1,
        end=order.put,
    )

    watch.start()

    assert order.get(timeout=10) == "handed back"
    assert order.get(timeout=10) == 75


def test_it_ends_even_when_the_jobs_cannot_be_handed_back() -> None:
    ended: Queue[int] = Queue()

    def fail() -> None:
        raise RuntimeError("Postgres is away too")

    watch = CrashOnly("redis://127.0.0.1:1/0", on_lost=fail, patience=0.1, end=ended.put)
    watch.start()

    assert ended.get(timeout=10) == 75


def test_a_worker_with_redis_lives_on(redis_url: str) -> None:
    ended: Queue[int] = Queue()
    watch = CrashOnly(redis_url, on_lost=ended.join, patience=0.1, end=ended.put)

    watch.start()

    with pytest.raises(Empty):
        ended.get(timeout=1.2)
    watch.stop()


def test_a_worker_whose_redis_cannot_save_lives_on(redis_url: str, without_disk: Redis) -> None:
    ended: Queue[int] = Queue()
    watch = CrashOnly(redis_url, on_lost=ended.join, patience=0.1, end=ended.put)
    with pytest.raises(ResponseError):
        without_disk.ping()

    watch.start()

    with pytest.raises(Empty):
        ended.get(timeout=1.2)
    watch.stop()


def test_the_exit_code_asks_the_supervisor_for_a_restart() -> None:
    program = (
        "import threading; from infra.crash_only import CrashOnly;"
        "CrashOnly('redis://127.0.0.1:1/0', on_lost=lambda: print('back', flush=True),"
        " patience=0.1).start(); threading.Event().wait(20)"
    )

    ended = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )

    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (75, "back")


def test_a_line_that_fell_silent_is_given_up_and_wake_ups_come_over_another(
    redis_url: str, redis_client: Redis
) -> None:
    with ThreadPoolExecutor(1) as pool, line_to(redis_url) as line:
        consumer = broker(line.url).consume(QUEUE, prefetch=1, timeout=1000)
        waiting = pool.submit(taken, consumer)
        assert eventually(lambda: bool(waiters(redis_client)))

        line.fall_silent()

        with pytest.raises(ConnectionClosed):
            waiting.result(timeout=20)
        broker(redis_url).announce(QUEUE, [42])
        assert taken_at_last(consumer) == 42
