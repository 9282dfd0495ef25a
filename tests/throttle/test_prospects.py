"""What calls would meet at a vendor that bills: the limit, until when, the wait, the money."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from domain.limits import MONDAY_TO_FRIDAY, Budget, Limit, Tier
from domain.prospects import prospect, prospects
from tests.throttle.rig import Rig

pytestmark = pytest.mark.integration

CENT = Decimal("0.01")
MONDAY_NINE = datetime(2026, 11, 23, 16, tzinfo=UTC)  # in Denver
FRIDAY_NIGHT = datetime(2026, 11, 28, 3, tzinfo=UTC)
MONDAY_SIX = datetime(2026, 11, 30, 13, tzinfo=UTC)
PEAK = Tier(
    zone="America/Denver",
    opens=time(6),
    closes=time(18),
    limits=(Limit(24, 60),),
    weekdays=MONDAY_TO_FRIDAY,
)
WRITES = Budget("office:tier3", (Limit(120, 60),), tiers=(PEAK,))


def test_at_peak_the_limit_of_the_peak_binds_until_it_ends(rig: Rig) -> None:
    rig.at(MONDAY_NINE)
    rig.ask(WRITES)

    found = prospect(rig.throttle, WRITES)

    assert (found.left, found.limit, found.then) == (23, Limit(24, 60), 120)
    assert found.hours is not None
    assert found.hours.is_peak
    assert found.hours.changes_at == MONDAY_NINE + timedelta(hours=9)


def test_off_peak_the_usual_limit_binds_until_monday(rig: Rig) -> None:
    rig.at(FRIDAY_NIGHT)

    found = prospect(rig.throttle, WRITES)

    assert (found.left, found.limit, found.then) == (120, Limit(120, 60), 24)
    assert found.hours is not None
    assert (found.hours.is_peak, found.hours.changes_at) == (False, MONDAY_SIX)


def test_calls_wait_their_turns_for_nothing_or_cost_a_cent_each_beyond_the_limit(rig: Rig) -> None:
    rig.at(MONDAY_NINE)

    found = prospect(rig.throttle, WRITES, calls=60, excess_cost=CENT)

    assert found.seconds == pytest.approx(120.5)
    assert (found.excess, found.cost) == (36, Decimal("0.36"))


def test_what_fits_costs_nothing_and_waits_for_nothing(rig: Rig) -> None:
    rig.at(MONDAY_NINE)

    found = prospect(rig.throttle, WRITES, calls=24, excess_cost=CENT)

    assert (found.seconds, found.excess, found.cost) == (0, 0, Decimal())


def test_no_calls_wait_for_nothing_even_when_nothing_is_left(rig: Rig) -> None:
    rig.at(MONDAY_NINE)
    for number in range(24):
        rig.ask(WRITES, holder=str(number))

    found = prospect(rig.throttle, WRITES, calls=0, excess_cost=CENT)

    assert (found.left, found.seconds, found.excess) == (0, 0, 0)


def test_a_wait_over_the_end_of_the_peak_goes_on_at_the_looser_limit(rig: Rig) -> None:
    rig.at(MONDAY_NINE + timedelta(hours=8, minutes=59))

    found = prospect(rig.throttle, WRITES, calls=24 + 96)

    assert found.seconds == pytest.approx(65.25)


def test_a_vendor_without_a_price_sends_no_bill(rig: Rig) -> None:
    rig.at(MONDAY_NINE)

    found = prospect(rig.throttle, WRITES, calls=60)

    assert (found.excess, found.cost) == (36, None)


def test_only_known_buckets_are_told_of(rig: Rig) -> None:
    found = prospects(rig.throttle, {"tier3": WRITES}, calls={"tier3": 2, "unknown": 1})

    assert {name: one.calls for name, one in found.items()} == {"tier3": 2}
