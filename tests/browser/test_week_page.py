"""The week as whoever looks after an account reads it, in a real browser."""

from datetime import date
from pathlib import Path

import pytest

from adapters.storage.runs import summaries
from domain.summaries import Summary, TopError, Week
from tests.browser.driving import drive
from tests.producers.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.integration]

BEFORE = Week(
    syncs=1344,
    complete=1341,
    failed=3,
    mean_seconds=3.9,
    read=5210,
    created=610,
    updated=402,
    removed=31,
    conflicts=4,
    calls=188,
    busiest_hour=9,
    bookings=41,
    booked=40,
    bookings_failed=1,
)
THIS = Week(
    syncs=1344,
    complete=1302,
    partial=8,
    failed=34,
    mean_seconds=4.6,
    read=5388,
    created=640,
    updated=455,
    removed=28,
    unreadable=2,
    conflicts=6,
    conflicts_open=1,
    calls=201,
    busiest_hour=8,
    bookings=52,
    booked=50,
    bookings_failed=2,
    late_times=3,
    late_minutes=95,
    errors=(
        TopError("Medirecords: GET appointments answered 503", 21),
        TopError("Gentu's request limit", 9),
        TopError("1 of 6 practitioners could not be read", 8),
    ),
)


def test_a_week_is_found_and_read_at_both_widths(
    site: Site, browser_parts: Path, tmp_path: Path
) -> None:
    with site.everything() as db:
        for week, this, before in (
            (date(2026, 11, 9), BEFORE, Week()),
            (date(2026, 11, 16), THIS, BEFORE),
        ):
            told = Summary(week=week, timezone="Australia/Melbourne", this=this, before=before)
            summaries.keep(db, "default", told)

    found = drive("week", base=site.ports.base_url, token=site.link(), shots=tmp_path)

    assert found["title"] == "Week of 16 to 22 Nov 2026"
    assert found["other"] == "Week of 9 to 15 Nov 2026"
    assert (found["rows"], found["errors"]) == (16, 3)
    assert "Freshness promises broken" in found["worse"]
    assert (found["width-light"], found["width-dark"]) == (390, 390)
    assert found["trouble"] == []
