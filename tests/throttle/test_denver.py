"""AdvancedMD's tiers: by the clock of Denver at the instant a request leaves, for each office."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from redis import Redis

from adapters import pms
from adapters.rest.budgets import budgets
from adapters.throttle.clock import Margins
from domain.connections import Connection
from domain.limits import Budget
from tests.throttle.rig import Rig, worst_window

pytestmark = pytest.mark.integration

VENDOR = replace(pms.vendor("advancedmd"), excess_cost=Decimal("0.01"))
DENVER = ZoneInfo("America/Denver")
PEAK = {"tier1": 1, "tier2": 12, "tier3": 24}
OFF_PEAK = {"tier1": 60, "tier2": 120, "tier3": 120}
MANY = 130
GUARD, HEADROOM, DRIFT = 0.25, 1.0, 5
WINDOW = 60 + GUARD + HEADROOM


def bucket(name: str, *, office_key: str = "130001", connection: int = 1) -> Budget:
    here = Connection(
        id=UUID(int=connection),
        account_id="default",
        vendor=VENDOR.name,
        site=f"site {connection}",
        timezone="America/New_York",
    )
    secrets = {"username": "u", "password": "p", "office_key": office_key, "app_name": "a"}
    assert VENDOR.auth is not None
    (found,) = budgets(VENDOR, [name], here, auth=VENDOR.auth, secrets=secrets)
    return found


def denver(told: str, *, fold: int = 0) -> datetime:
    return (
        datetime.fromisoformat(told).replace(tzinfo=DENVER, fold=fold).astimezone(ZoneInfo("UTC"))
    )


def at_once(rig: Rig, budget: Budget, most: int = MANY, *, who: str = "one of many") -> int:
    return sum(rig.ask(budget, holder=f"{who} {number}") is None for number in range(most))


@pytest.mark.parametrize("name", PEAK)
@pytest.mark.parametrize(
    ("when", "limits"),
    [
        ("2026-11-23T05:59:50", OFF_PEAK),  # a Monday
        ("2026-11-23T05:59:57", PEAK),  # the vendor's clock may be a few seconds ahead
        ("2026-11-23T06:00:00", PEAK),
        ("2026-11-23T17:59:59", PEAK),
        ("2026-11-23T18:00:03", PEAK),  # or behind
        ("2026-11-23T18:00:06", OFF_PEAK),
        ("2026-11-27T18:30:00", OFF_PEAK),  # Friday night
        ("2026-11-28T12:00:00", OFF_PEAK),  # Saturday
        ("2026-11-29T12:00:00", OFF_PEAK),  # Sunday
        ("2026-11-30T06:00:00", PEAK),
    ],
)
def test_each_tier_allows_what_the_hour_in_denver_says(
    rig: Rig, name: str, when: str, limits: dict[str, int]
) -> None:
    rig.at(denver(when))

    assert at_once(rig, bucket(name)) == limits[name]


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("2026-03-06", "2026-03-08", "2026-03-09"),  # an hour is left out
        ("2026-10-30", "2026-11-01", "2026-11-02"),  # an hour comes twice
    ],
)
@pytest.mark.parametrize(
    ("hour", "limit"),
    [("05:59:50", 120), ("06:00:00", 24), ("17:59:59", 24), ("18:00:06", 120)],
)
def test_the_peak_is_at_the_same_hours_before_and_after_the_clocks_change(
    rig: Rig, before: str, change: str, after: str, hour: str, limit: int
) -> None:
    for day in (before, after):
        rig.at(denver(f"{day}T{hour}"))
        assert at_once(rig, bucket("tier3")) == limit
    rig.at(denver(f"{change}T{hour}"))
    assert at_once(rig, bucket("tier3", office_key="another")) == 120
    moved = denver(f"{after}T{hour}") - denver(f"{before}T{hour}")
    assert moved - timedelta(days=3) in {timedelta(hours=-1), timedelta(hours=1)}


def test_the_hour_that_comes_twice_is_off_peak_both_times(rig: Rig) -> None:
    for fold in (0, 1):
        rig.at(denver("2026-11-01T01:30:00", fold=fold))
        assert at_once(rig, bucket("tier1")) == 60


def test_a_request_that_queued_before_six_leaves_by_the_limit_of_the_peak(rig: Rig) -> None:
    feed = bucket("tier1")
    rig.at(denver("2026-11-23T05:58:30"))
    assert at_once(rig, feed, 60) == 60
    rig.at(denver("2026-11-23T05:59:20"))
    promised = {rig.ask(feed, holder=f"queued {number}") for number in range(20)}
    assert promised == {denver("2026-11-23T05:59:30") + timedelta(seconds=GUARD + HEADROOM)}

    rig.at(denver("2026-11-23T06:00:00"))
    left = [rig.ask(feed, holder=f"queued {number}") for number in range(20)]

    assert left.count(None) == 1


def test_a_pause_over_six_keeps_nobody_at_the_looser_limit(rig: Rig) -> None:
    writes = bucket("tier3")
    rig.at(denver("2026-11-23T05:59:30"))
    rig.throttle.pause(writes.bucket, seconds=40)
    for number in range(MANY):
        rig.ask(writes, holder=f"one of many {number}")

    rig.at(denver("2026-11-23T06:00:10"))

    assert at_once(rig, writes) == 24


def test_a_request_that_queued_before_six_at_night_leaves_as_soon_as_the_limit_is_looser(
    rig: Rig,
) -> None:
    feed = bucket("tier1")
    rig.at(denver("2026-11-23T17:59:30"))
    rig.ask(feed, holder="first")

    turns = {rig.ask(feed, holder=f"queued {number}") for number in range(59)}

    assert turns == {denver("2026-11-23T18:00:00") + timedelta(seconds=DRIFT + GUARD)}
    rig.at(max(each for each in turns if each))
    assert [rig.ask(feed, holder=f"queued {number}") for number in range(59)] == [None] * 59


@pytest.mark.parametrize("name", ["tier1", "tier3"])
@pytest.mark.parametrize("edge", ["2026-11-23T06:00:00", "2026-11-23T18:00:00"])
def test_over_an_edge_no_call_is_beyond_the_limit_wherever_the_vendors_clock_stands(
    rig: Rig, name: str, edge: str
) -> None:
    rig.at(denver(edge) - timedelta(minutes=2))
    demand = {f"process {number}": 400 for number in range(4)}

    rig.run(demand, bucket(name), until=denver(edge) + timedelta(minutes=2))

    for ahead in (-DRIFT, 0, DRIFT, DRIFT + 0.24):
        arrived = [at + timedelta(seconds=ahead) for at in rig.all_granted()]
        halves = (
            [at for at in arrived if at < denver(edge)],
            [at for at in arrived if at >= denver(edge)],
        )
        off_peak, peak = halves if edge.endswith("06:00:00") else reversed(halves)
        assert worst_window(peak, 60) <= PEAK[name]
        assert worst_window(off_peak, 60) == OFF_PEAK[name]


def test_a_vendor_that_bills_is_left_a_second_more_than_one_that_refuses(rig: Rig) -> None:
    rig.at(denver("2026-11-23T09:00:00"))
    billed, refused = bucket("tier1"), replace(bucket("tier1"), bucket="refused", headroom=0)
    for each in (billed, refused):
        rig.ask(each, holder="first")

    backs = [rig.ask(each, holder="second") for each in (billed, refused)]

    assert backs == [rig.now + timedelta(seconds=more) for more in (61.25, 60.25)]


@pytest.mark.parametrize(
    ("name", "when", "limit", "minutes"),
    [
        ("tier1", "2026-11-23T09:00:00", 1, 60),
        ("tier2", "2026-11-23T09:00:00", 12, 60),
        ("tier3", "2026-11-23T09:00:00", 24, 60),
        ("tier1", "2026-11-23T19:00:00", 60, 20),
        ("tier3", "2026-11-23T19:00:00", 120, 20),
    ],
)
def test_a_queue_uses_at_least_95_per_cent_of_what_is_allowed(
    rig: Rig, name: str, when: str, limit: int, minutes: int
) -> None:
    rig.at(denver(when))
    demand = {f"process {number}": 10_000 for number in range(4)}

    rig.run(demand, bucket(name), until=denver(when) + timedelta(minutes=minutes))

    granted = rig.all_granted()
    assert worst_window(granted, WINDOW) <= limit
    assert len(granted) >= 0.95 * minutes * limit


def test_offices_share_nothing_and_connections_of_an_office_share_all(rig: Rig) -> None:
    rig.at(denver("2026-11-23T09:00:00"))
    rig.ask(bucket("tier1"), holder="first")

    assert rig.ask(bucket("tier1", office_key="130002", connection=2), holder="other") is None
    assert rig.ask(bucket("tier1", connection=3), holder="same office") is not None


def test_tiers_are_spent_apart(rig: Rig) -> None:
    rig.at(denver("2026-11-23T09:00:00"))
    at_once(rig, bucket("tier1"))

    assert at_once(rig, bucket("tier2")) == 12
    assert at_once(rig, bucket("tier3")) == 24


@pytest.mark.parametrize("when", ["2026-11-23T09:00:00", "2026-11-28T09:00:00"])
def test_an_office_logs_in_once_a_minute_whichever_process_asks(
    redis_client: Redis, when: str
) -> None:
    rig = Rig(redis_client, start=denver(when), margins=Margins())
    login = bucket("login")
    answers = []
    for number in range(8):
        rig.throttle = rig.another()
        answers.append(rig.ask(login, holder=f"process {number}"))

    assert answers.count(None) == 1
    assert min(each for each in answers if each) == rig.start + timedelta(seconds=WINDOW)
    assert rig.ask(bucket("login", office_key="130002"), holder="another office") is None
