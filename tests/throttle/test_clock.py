"""What the vendor clock promises, one promise a test."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fakeredis import FakeRedis
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from adapters.throttle.clock import RedisThrottle
from domain.errors import Throttled, Transient
from domain.limits import Budget, Limit
from tests.throttle.rig import Rig, StoredRequests, worst_window

pytestmark = pytest.mark.integration

MINUTE = Budget("pms:practice", (Limit(60, 60),))
TWO_WINDOWS = Budget("pms:shared", (Limit(60, 60), Limit(1000, 3600)))
ONE_A_MINUTE = Budget("pms:updates", (Limit(1, 60),))


def test_a_day_of_33_requests_takes_no_wait_when_the_window_is_full_of_credit(rig: Rig) -> None:
    answers = [rig.ask(TWO_WINDOWS) for _ in range(33)]

    assert answers == [None] * 33


def test_300_requests_at_60_a_minute_take_at_most_4_minutes_and_5_per_cent(rig: Rig) -> None:
    rig.run({"a": 300}, MINUTE, until=rig.start + timedelta(hours=1))

    assert len(rig.all_granted()) == 300
    assert rig.now - rig.start <= timedelta(minutes=4) * 1.05
    assert worst_window(rig.all_granted(), 60.25) == 60


def test_refused_requests_spend_from_no_bucket(rig: Rig) -> None:
    rig.ask(ONE_A_MINUTE)

    refused = [rig.ask(MINUTE, ONE_A_MINUTE, holder=str(number)) for number in range(80)]
    free = [rig.ask(MINUTE, holder=f"free {number}") for number in range(61)]

    assert None not in refused
    assert free[:60] == [None] * 60 and free[60] is not None


def test_the_vendor_is_not_asked_while_redis_is_down() -> None:
    with Redis(unix_socket_path="nowhere", retry=Retry(NoBackoff(), 0)) as client:
        throttle = RedisThrottle(client, StoredRequests())

        with pytest.raises(Transient, match=r"the vendor clock \(Redis\) cannot be reached"):
            throttle.spend([MINUTE], holder="a")


def test_a_grant_costs_one_round_trip(rig: Rig, redis_client: Redis) -> None:
    rig.ask(MINUTE, TWO_WINDOWS)
    redis_client.config_resetstat()

    for _ in range(10):
        rig.ask(MINUTE, TWO_WINDOWS)

    calls = redis_client.info("commandstats")
    assert calls["cmdstat_evalsha"]["calls"] == 10
    assert "cmdstat_eval" not in calls


def test_what_it_remembers_is_bounded_and_expires(rig: Rig, redis_client: Redis) -> None:
    rig.run(dict.fromkeys("abc", 10_000), MINUTE, until=rig.start + timedelta(minutes=20))
    rig.ask(MINUTE, holder="last")

    assert redis_client.zcard("clock:pms:practice:log") <= 60
    assert redis_client.zcard("clock:pms:practice:waiting") <= 4
    lasting = {key for key in redis_client.scan_iter("clock:*") if redis_client.ttl(key) == -1}
    assert lasting == {b"clock:generation", b"clock:steered"}


def test_it_runs_on_the_fake_redis_of_fast_tests() -> None:
    throttle = RedisThrottle(FakeRedis(), StoredRequests())
    throttle.spend([ONE_A_MINUTE], holder="a")

    with pytest.raises(Throttled, match="pms:updates is spent"):
        throttle.spend([ONE_A_MINUTE], holder="a")


def test_a_request_spends_once_from_each_bucket() -> None:
    throttle = RedisThrottle(FakeRedis(), StoredRequests())

    with pytest.raises(ValueError, match="once from each"):
        throttle.spend([MINUTE, MINUTE], holder="a")
    with pytest.raises(ValueError, match="at least one bucket"):
        throttle.spend([], holder="a")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Limit(0, 60), "at least one request"),
        (lambda: Budget("b", ()), "at least one limit"),
        (lambda: Budget("b", (Limit(10, 60),), voice_share=0.95), "kept for callers"),
        (lambda: Budget("b", (Limit(5, 60),), voice_share=1.0), "voice share"),
    ],
)
def test_a_budget_nobody_could_spend_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
