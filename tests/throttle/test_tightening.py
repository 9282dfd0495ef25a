"""A 429, a vendor's headers and a vendor's hours make the clock stricter, never looser."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from adapters.throttle.clock import Margins
from domain.errors import Transient
from domain.limits import MONDAY_TO_FRIDAY, Budget, Limit, Tier
from tests.throttle.rig import Rig, worst_window

pytestmark = pytest.mark.integration

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = Budget("pms", (Limit(60, 60), Limit(1000, 3600)))
PEAK = Tier(
    zone="America/Denver",
    opens=time(6),
    closes=time(18),
    limits=(Limit(1, 60),),
    weekdays=MONDAY_TO_FRIDAY,
    drift=0,
)
UPDATES = Budget("office:updates", (Limit(60, 60),), tiers=(PEAK,))


def granted_at_once(rig: Rig, budget: Budget, most: int = 100) -> int:
    return sum(rig.ask(budget, holder=f"probe {number}") is None for number in range(most))


def test_nothing_is_granted_before_a_pause_is_over(rig: Rig) -> None:
    rig.throttle.pause("pms", seconds=30)
    rig.throttle.pause("pms", seconds=5)

    back = rig.ask(MINUTE)

    assert back == rig.start + timedelta(seconds=30)


def test_a_pause_that_a_full_redis_cannot_keep_is_trouble_and_passes(rig: Rig, full: Redis) -> None:
    with pytest.raises(Transient):
        rig.throttle.pause(MINUTE.bucket, seconds=5)

    full.config_set("maxmemory", 0)
    rig.throttle.pause(MINUTE.bucket, seconds=5)
    assert rig.ask(MINUTE) is not None


def test_a_redis_that_cannot_save_is_trouble_and_passes(rig: Rig, without_disk: Redis) -> None:
    with pytest.raises(Transient):
        rig.ask(MINUTE)
    with pytest.raises(Transient):
        rig.throttle.pause(MINUTE.bucket, seconds=5)

    without_disk.config_set("save", "")
    assert rig.ask(MINUTE) is None


def test_a_pause_holds_every_request_that_spends_from_its_bucket(rig: Rig) -> None:
    rig.throttle.pause("pms", seconds=30)

    back = rig.ask(UPDATES, MINUTE)

    assert back == rig.start + timedelta(seconds=30)


def test_fewer_remaining_than_we_count_is_heeded_until_the_reset(rig: Rig) -> None:
    rig.ask(MINUTE)
    rig.throttle.observe("pms", remaining=2, reset_seconds=20)

    assert granted_at_once(rig, MINUTE, 3) == 2
    rig.after(20)
    assert rig.ask(MINUTE, holder="probe 2") is None
    assert rig.ask(MINUTE, holder="after") is None


def test_more_remaining_than_we_count_changes_nothing(rig: Rig) -> None:
    rig.ask(MINUTE)
    rig.throttle.observe("pms", limit=500, remaining=499, reset_seconds=60)

    assert granted_at_once(rig, MINUTE) == 59


def test_an_allowance_beyond_reason_is_no_reason_to_ask_no_more(rig: Rig) -> None:
    rig.throttle.observe("pms", limit=10**308, remaining=10**308, reset_seconds=60)

    assert granted_at_once(rig, MINUTE) == 60


def test_a_smaller_limit_than_ours_is_kept(rig: Rig) -> None:
    rig.throttle.observe("pms", limit=20)
    rig.throttle.observe("pms", limit=40)

    assert granted_at_once(rig, MINUTE) == 20


def test_a_plan_that_grew_is_found_out_after_an_hour(rig: Rig) -> None:
    rig.throttle.observe("pms", limit=20)
    rig.after(3601)

    assert granted_at_once(rig, MINUTE) == 60


def test_nothing_remaining_without_a_reset_pauses_shortly(rig: Rig) -> None:
    rig.throttle.observe("pms", remaining=1)
    assert rig.ask(MINUTE) is None

    rig.throttle.observe("pms", remaining=0)

    assert rig.ask(MINUTE) == rig.start + timedelta(seconds=1)


told = st.tuples(
    st.one_of(st.none(), st.integers(1, 80)),
    st.one_of(st.none(), st.integers(0, 80)),
    st.one_of(st.none(), st.integers(0, 90)),
)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(headers=st.lists(told, max_size=6), used=st.integers(0, 12))
def test_whatever_the_headers_say_they_only_tighten(
    redis_client: Redis,
    headers: list[tuple[int | None, int | None, int | None]],
    used: int,
) -> None:
    redis_client.flushdb()
    rig = Rig(redis_client, start=START, margins=Margins())
    budget = Budget("pms", (Limit(12, 10),))

    for number in range(used):
        rig.ask(budget, holder=f"user {number}")
    for limit, remaining, reset in headers:
        rig.throttle.observe("pms", limit=limit, remaining=remaining, reset_seconds=reset)
    rig.run(dict.fromkeys("ab", 30), budget, until=rig.start + timedelta(seconds=60))

    assert worst_window(rig.all_granted(), 10.25) <= 12


@pytest.mark.parametrize(
    ("when", "allowed"),
    [
        ("2026-03-02T12:59:00+00:00", 60),  # Monday 05:59 in Denver, before its summer time
        ("2026-03-02T12:59:59.900000+00:00", 1),  # would arrive in the peak hours
        ("2026-03-02T13:00:00+00:00", 1),
        ("2026-03-03T00:59:00+00:00", 1),  # Monday 17:59
        ("2026-03-03T01:00:01+00:00", 60),
        ("2026-03-07T19:00:00+00:00", 60),  # Saturday
        ("2026-03-09T12:00:00+00:00", 1),  # Monday 06:00, an hour earlier in UTC: summer time
        ("2026-03-10T00:00:01+00:00", 60),
        ("2026-11-02T12:30:00+00:00", 60),  # back to winter time
        ("2026-11-02T13:00:00+00:00", 1),
    ],
)
def test_a_tier_holds_at_its_hours_in_its_own_zone(rig: Rig, when: str, allowed: int) -> None:
    rig.at(datetime.fromisoformat(when))

    assert granted_at_once(rig, UPDATES, 70) == allowed


def test_requests_of_the_looser_hours_count_when_the_peak_begins(rig: Rig) -> None:
    rig.at(datetime(2026, 3, 2, 12, 59, 50, tzinfo=UTC))
    granted_at_once(rig, UPDATES, 10)
    rig.at(datetime(2026, 3, 2, 13, 0, 10, tzinfo=UTC))

    back = rig.ask(UPDATES, holder="peak")

    assert back == datetime(2026, 3, 2, 13, 0, 50, 250_000, tzinfo=UTC)


def test_a_turn_that_falls_after_the_peak_meets_the_looser_limit(rig: Rig) -> None:
    rig.at(datetime(2026, 3, 3, 0, 59, 30, tzinfo=UTC))
    rig.ask(UPDATES, holder="first")

    turns = {rig.ask(UPDATES, holder=f"later {number}") for number in range(20)}

    assert turns == {datetime(2026, 3, 3, 1, 0, 0, 250_000, tzinfo=UTC)}


def test_a_night_tier_spans_midnight() -> None:
    night = replace(PEAK, opens=time(22), closes=time(4))

    (start, stop), *_ = night.spans(datetime(2026, 3, 2, tzinfo=UTC).date(), days=1)

    assert (stop - start) == timedelta(hours=6)
