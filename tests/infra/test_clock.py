"""The edge's clock is aware and in UTC."""

from datetime import UTC, datetime, timedelta

from infra.clock import Clock, system_clock


def test_the_present_is_aware_and_in_utc() -> None:
    clock: Clock = system_clock

    now = clock()

    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)
