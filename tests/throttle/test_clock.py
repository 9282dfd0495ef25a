"""What the vendor clock promises, one promise a test."""

from datetime import timedelta

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from adapters.throttle.clock import RedisThrottle
from domain.errors import Transient
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
