"""What is left of a vendor's allowance, by the hours of its own clock."""

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
from redis import Redis

from adapters.throttle.clock import Margins
from domain.errors import Transient
from domain.limits import MONDAY_TO_FRIDAY, Budget, Limit, Tier
from producers.pages import allowances
from producers.pages.two_way import about, binds, dollars, turns, waits
from tests.throttle.rig import Rig

pytestmark = pytest.mark.integration

MONDAY = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)  # 09:05 in Denver
FRIDAY_NIGHT = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)  # 20:00 there
DENVER = "America/Denver"


def tiered(name: str, usual: int, peak: int) -> Budget:
    hours = Tier(
        zone=DENVER,
        opens=time(6),
        closes=time(18),
        limits=(Limit(peak, 60),),
        weekdays=MONDAY_TO_FRIDAY,
    )
    return Budget(bucket=name, limits=(Limit(usual, 60),), tiers=(hours,))


BUCKETS = {"tier1": tiered("tier1", 60, 1), "tier3": tiered("tier3", 120, 24)}


class Away:
    """A clock that nobody reaches."""

    def outlook(self, budgets: object, *, requests: int = 1, voice: bool = False) -> None:
        raise Transient("the vendor clock (Redis) cannot be reached")


def clock_of(rig: Rig) -> allowances.Clock:
    return allowances.Clock(throttle=rig.throttle, buckets=BUCKETS, excess_cost=Decimal("0.01"))


@pytest.fixture
def monday(redis_client: Redis) -> Rig:
    return Rig(redis_client, start=MONDAY, margins=Margins())


def test_at_peak_the_stricter_limits_are_told_and_when_they_end(monday: Rig) -> None:
    found = allowances.spending(clock_of(monday))

    assert found is not None and found.hours is not None
    assert [
        (one.name, one.next.left, one.next.limit.requests, one.next.then) for one in found.parts
    ] == [
        ("tier1", 1, 1, 60),
        ("tier3", 24, 24, 120),
    ]
    assert (found.hours.is_peak, turns(found.hours.changes_at, found.at, DENVER)) == (True, "18:00")


def test_off_peak_lasts_over_the_weekend(redis_client: Redis) -> None:
    friday = Rig(redis_client, start=FRIDAY_NIGHT, margins=Margins())

    found = allowances.spending(clock_of(friday))

    assert found is not None and found.hours is not None
    assert [(one.next.left, one.next.then) for one in found.parts] == [(60, 1), (120, 24)]
    assert not found.hours.is_peak
    assert turns(found.hours.changes_at, found.at, DENVER) == "Mon 06:00"


def test_the_bucket_that_holds_up_most_binds(monday: Rig) -> None:
    monday.ask(BUCKETS["tier1"])
    monday.ask(BUCKETS["tier3"])

    found = allowances.spending(clock_of(monday))

    assert found is not None
    assert [(one.name, binds(one)) for one in found.parts] == [
        ("tier1", "binds now"),
        ("tier3", ""),
    ]
    assert [(one.next.left, about(one.next.seconds)) for one in found.parts] == [
        (0, "about 1 min"),
        (23, "no wait"),
    ]


def test_what_holds_up_nothing_yet_is_not_said_to(monday: Rig) -> None:
    monday.ask(BUCKETS["tier3"])

    found = allowances.spending(clock_of(monday))

    assert found is not None
    assert [binds(one) for one in found.parts] == ["", "tightest"]


def test_work_waits_as_long_as_its_slowest_kind_of_call(monday: Rig) -> None:
    wanted = {"tier1": 1, "tier3": 60}

    found = allowances.asked(clock_of(monday), wanted)

    assert found is not None
    assert 120 <= found.seconds < 125
    assert waits(found) == "about 2 min, which saves 36 US cents"


def test_work_that_does_not_wait_would_be_billed_for_what_is_beyond_the_limits(
    monday: Rig,
) -> None:
    wanted = {"tier1": 3, "tier3": 60}

    found = allowances.asked(clock_of(monday), wanted)
    free = allowances.asked(clock_of(monday), {"tier1": 1})

    assert found is not None and free is not None
    assert (found.excess, found.cost) == (2 + 36, Decimal("0.38"))
    assert (free.excess, free.cost) == (0, Decimal())


def test_a_clock_that_is_away_tells_nothing_and_breaks_nothing() -> None:
    away = allowances.Clock(throttle=Away(), buckets=BUCKETS)  # type: ignore[arg-type]

    assert allowances.spending(away) is None
    assert allowances.asked(away, {"tier1": 1}) is None
    assert waits(None) == "wait not known"


@pytest.mark.parametrize(
    ("cost", "said"),
    [("0.01", "1 US cent"), ("0.12", "12 US cents"), ("1.5", "US$1.50"), ("0.025", "US$0.02")],
)
def test_money_is_said_as_people_say_it(cost: str, said: str) -> None:
    assert dollars(Decimal(cost)) == said
