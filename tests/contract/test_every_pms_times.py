"""What every PMS must keep where clocks are set back or forward, or a practice's zone was wrong."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.pms import registered
from adapters.rest.instants import read_instant, wall_clock
from adapters.rest.record import Record
from adapters.rest.surroundings import Surroundings
from domain.appointments import Appointment
from domain.errors import Refused
from tests.contract.kit import Fixture, fixture, is_never_shown, is_shown_twice

ZONE, OTHER = "Australia/Melbourne", "Pacific/Auckland"
HERE = ZoneInfo(ZONE)
AN_HOUR = timedelta(hours=1)
NAMES = [name for name in sorted(registered()) if "start" in fixture(name).told]

every_vendor = pytest.mark.parametrize("name", NAMES)


def tells_offsets(told: Fixture) -> bool:
    return "iso" in told.told["start"].values()


def starting(told: Fixture, at: datetime, *, zone: str = ZONE) -> Appointment:
    """The fixture's first appointment, as the vendor writes that it starts then."""
    listing = told.vendor.appointments
    assert listing is not None
    item = dict(listing.wrapping.open(told.listed[0]["json"]).items[0])
    for path, written in told.told["start"].items():
        item[path] = at.isoformat() if written == "iso" else written and at.strftime(written)
    connection = replace(told.connection, timezone=zone)
    alone = Surroundings(follow=lambda *_: None, codes=lambda *_: None)
    (row, *_) = listing.parse(Record(item, around=alone), connection)
    return row


def half_hours() -> Iterator[datetime]:
    """Of a year, by the clock there."""
    first = datetime(2026, 1, 1, 0, 30, tzinfo=HERE)
    return (first + each * AN_HOUR for each in range(365 * 24))


@every_vendor
def test_an_hour_that_comes_twice_is_told_apart_where_the_pms_does_and_else_is_the_first(
    name: str,
) -> None:
    told = fixture(name)
    at = next(filter(is_shown_twice, half_hours()))

    first, second = (starting(told, at.replace(fold=fold)) for fold in (0, 1))

    is_apart = tells_offsets(told)
    assert first.start == at.astimezone(UTC)
    assert second.start - first.start == (AN_HOUR if is_apart else timedelta())
    assert {"fold" in one.flags for one in (first, second)} == {not is_apart}
    assert first.duration_minutes == second.duration_minutes


@every_vendor
def test_an_hour_that_never_comes_moves_forward_by_what_is_skipped_and_is_flagged(
    name: str,
) -> None:
    told = fixture(name)
    at = next(filter(is_never_shown, half_hours()))

    row = starting(told, at)

    # Where offsets are told there is no such hour: it is the instant they say.
    assert row.start == at.astimezone(UTC)
    assert ("gap" in row.flags) is not tells_offsets(told)
    assert row.start.astimezone(HERE).hour == at.hour + 1


@every_vendor
def test_another_zone_moves_what_is_told_by_the_wall_clock_and_nothing_else(name: str) -> None:
    told = fixture(name)
    at = datetime(2026, 6, 2, 9, 0, tzinfo=HERE)

    before = starting(told, at)
    since = starting(told, at, zone=OTHER)

    there = at.replace(tzinfo=ZoneInfo(OTHER)).astimezone(UTC)
    assert before.start == at.astimezone(UTC)
    assert since.start == (before.start if tells_offsets(told) else there)
    assert since.duration_minutes == before.duration_minutes
    assert since.pms_id == before.pms_id


@pytest.mark.parametrize("name", ["America/New_York", "Australia/Lord_Howe", "Etc/UTC"])
def test_what_a_pms_is_told_by_the_wall_clock_it_tells_as_that_instant_or_it_is_not_told(
    name: str,
) -> None:
    refused: list[datetime] = []
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for at in (first + each * AN_HOUR / 2 for each in range(365 * 48)):
        try:
            told = wall_clock(at, timezone=name, told="this PMS")
        except Refused:
            refused.append(at)
            continue
        assert read_instant(told.isoformat(), timezone=name)[0] == at
    assert len(refused) == {"America/New_York": 2, "Australia/Lord_Howe": 1, "Etc/UTC": 0}[name]
