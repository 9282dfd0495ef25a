"""Whatever begins on a practice's day is among what a PMS is asked for, whatever its clock does."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.advancedmd import slices
from adapters.pms import vendor
from domain.appointments import Practitioner
from domain.window import Window, whole_day
from tests.contract.kit import fixture

ZONES = [
    *("Australia/Sydney", "Australia/Lord_Howe", "Australia/Perth", "Pacific/Chatham"),
    *("America/New_York", "America/Los_Angeles", "Asia/Beirut", "Africa/Cairo", "Pacific/Apia"),
]
"""With changes of half an hour, changes at midnight, and a day that there never was."""

Params = Mapping[str, Any]
Listed = Callable[[Params, datetime, ZoneInfo], bool]


def by_instant(params: Params, at: datetime, place: ZoneInfo) -> bool:
    since, until = (datetime.fromisoformat(params[name]) for name in ("fromDate", "toDate"))
    return since <= at <= until


def by_bounds(params: Params, at: datetime, place: ZoneInfo) -> bool:
    since, until = (one[2:] for one in params["date"])
    return datetime.fromisoformat(since) <= at < datetime.fromisoformat(until)


def by_the_wall(params: Params, at: datetime, place: ZoneInfo) -> bool:
    """As it writes times: without a zone; the end may not be included."""
    told = f"{at.astimezone(place):%Y-%m-%dT%H:%M}"
    return bool(params["appointmentDateRangeStart"] <= told < params["appointmentDateRangeEnd"])


def by_the_day(params: Params, at: datetime, place: ZoneInfo) -> bool:
    """The last day may not be included."""
    told = at.astimezone(place).date().isoformat()
    return bool(params["startdate"] <= told < params["enddate"])


LISTED: Mapping[str, Listed] = {
    "gentu": by_instant,
    "halaxy": by_bounds,
    "medirecords": by_the_wall,
    "sikka": by_the_day,
}
WHO = [Practitioner(pms_id="d1", full_name="Dr Example")]
DAYS = st.dates(min_value=date(2009, 1, 1), max_value=date(2027, 12, 31))
MINUTES = st.integers(min_value=0, max_value=25 * 60)


def begins(day: Window, minute: int) -> datetime:
    """A minute of that day, however long it is."""
    return min(day.start + timedelta(minutes=minute), day.end - timedelta(minutes=1))


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("timezone", ZONES)
@settings(max_examples=25, deadline=None)
@given(day=DAYS, minute=MINUTES)
def test_every_minute_of_a_practices_day_is_asked_for(
    name: str, timezone: str, day: date, minute: int
) -> None:
    described = vendor(name)
    assert described.queries is not None
    connection = replace(fixture(name).connection, timezone=timezone)
    window = whole_day(day, timezone)
    if window.start == window.end:
        return  # there never was such a day
    at = begins(window, minute).astimezone(UTC)

    asked = list(described.queries(window, connection, practitioners=WHO, since=None))

    assert any(LISTED[name](one.params, at, ZoneInfo(timezone)) for one in asked)
    assert all(one.window == window for one in asked)


@pytest.mark.parametrize("timezone", ZONES)
@settings(max_examples=25, deadline=None)
@given(day=DAYS, minute=MINUTES)
def test_every_minute_of_an_offices_day_is_in_one_slice(
    timezone: str, day: date, minute: int
) -> None:
    window = whole_day(day, timezone)
    if window.start == window.end:
        return
    at = begins(window, minute).astimezone(UTC)

    planned = slices.planned(window, timezone, ["16"])

    assert [at in one.window(timezone) for one in planned].count(True) == 1
